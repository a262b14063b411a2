"""From candles to signals, and from the last signal to an idea: the one way in for backtest, paper and live."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from gobot.core import Action, Direction, GobotError, Idea, StrategyError, iso
from gobot.market import Candles
from gobot.strategy.base import Strategy
from gobot.strategy.indicators.cache import IndicatorCache
from gobot.strategy.longer import frame_of, longer_columns
from gobot.strategy.signals import EXIT_LONG, EXIT_SHORT, SIGNAL_COLUMNS, Flags, Floats, Signals

_EXIT_BIT = {Direction.LONG: EXIT_LONG, Direction.SHORT: EXIT_SHORT}


def evaluate(strategy: Strategy, candles: Candles, cache: IndicatorCache | None = None) -> Signals:
    """The signals of ``strategy`` on every candle; none before its warm-up is over.

    A sweep hands the same ``cache`` to every call on the same candles, and indicators are computed once.  Raises
    `StrategyError` when the strategy's own code fails (with file and line) or what it returns is unusable.
    """
    with nullcontext() if cache is None else cache.used(), _blamed_on(strategy):
        frame, first = frame_for(strategy, candles)
        if frame is None:
            return Signals.none(len(candles))
        entry_column, exit_column, stop, target, confidence = _table(strategy, strategy.signals(frame), len(candles))
    entry = _flags(strategy, entry_column, "entry", -1, 1)
    exit_ = _flags(strategy, exit_column, "exit", 0, EXIT_LONG | EXIT_SHORT)
    entry[:first] = 0
    exit_[:first] = 0
    exit_[entry > 0] = EXIT_SHORT
    exit_[entry < 0] = EXIT_LONG
    return Signals(
        entry,
        exit_,
        np.where(np.isfinite(stop) & (entry != 0), stop, np.nan),
        np.where(np.isfinite(target) & (entry != 0), target, np.nan),
        _confidence(strategy, confidence, entry, candles),
        frame,
    )


def frame_for(strategy: Strategy, candles: Candles) -> tuple[pd.DataFrame | None, int]:
    """The frame for `Strategy.signals`, None during warm-up, and the first row that may have a signal.

    Raises whatever the strategy's own code does.
    """
    # One candle alone does not tell its length, which longer timeframes are made from.
    first = max(strategy.warmup, 2 if strategy.timeframes else 1) - 1
    if len(candles) <= first:
        return None, first
    prices = frame_of(candles)
    indicators: dict[str, pd.Series | Floats] = dict(strategy.indicators(prices))
    if strategy.timeframes:
        longer, settled = longer_columns(strategy, candles)
        first = max(first, settled)
        if len(candles) <= first:
            return None, first
        indicators |= longer
    return _joined(strategy, prices, indicators), first


def idea(
    strategy: Strategy,
    candles: Candles,
    *,
    symbol: str,
    branch: str,
    holding: Direction | None,
    signals: Signals | None = None,
) -> Idea:
    """What ``strategy`` says about ``symbol`` on the last closed candle; ``holding`` is the position open there.

    EXIT is said only of a position that is held; an entry the other way is said as such and implies closing.
    ``signals`` saves the work when `evaluate` was called on these candles before.
    """
    if not len(candles):
        raise StrategyError(f"{strategy.name} has no candles of {symbol} to decide on")
    if signals is None:
        signals = evaluate(strategy, candles)
    action = _action(signals, holding)
    entering = action in (Action.LONG, Action.SHORT)
    return Idea(
        symbol=symbol,
        action=action,
        confidence=1.0 if action is Action.EXIT else float(signals.confidence[-1]),
        candle_ms=int(candles.time[-1]),
        price=float(candles.close[-1]),
        strategy=strategy.name,
        branch=branch,
        reason=_reason(strategy, signals, action, candles),
        stop=_known(signals.stop) if entering else None,
        target=_known(signals.target) if entering else None,
    )


def _joined(strategy: Strategy, prices: pd.DataFrame, indicators: dict[str, pd.Series | Floats]) -> pd.DataFrame:
    """The candles and the indicators side by side."""
    if taken := indicators.keys() & set(prices):
        raise StrategyError(f"{strategy.name}.indicators: {', '.join(sorted(taken))} is the candle's own, rename it")
    if all(_fits(column, prices.index) for column in indicators.values()):
        # One block of floats, as nearly always: much cheaper than putting columns together one by one.
        columns = (column.to_numpy() if isinstance(column, pd.Series) else column for column in indicators.values())
        block = np.vstack([prices.to_numpy().T, *columns]).T
        return pd.DataFrame(block, index=prices.index, columns=_columns(*prices, *indicators), copy=False)
    return prices.assign(**indicators)


def _fits(column: object, index: pd.Index) -> bool:
    if isinstance(column, pd.Series):
        return column.dtype == np.float64 and column.index.is_(index)
    return isinstance(column, np.ndarray) and column.dtype == np.float64 and column.shape == index.shape


@lru_cache(maxsize=64)
def _columns(*names: str) -> pd.Index[str]:
    # pandas takes longer to make an index of names than to fill a frame of 600 candles.
    return pd.Index(names)


def _action(signals: Signals, holding: Direction | None) -> Action:
    if signals.entry[-1]:
        return Action.LONG if signals.entry[-1] > 0 else Action.SHORT
    if holding is not None and signals.exit[-1] & _EXIT_BIT[holding]:
        return Action.EXIT
    return Action.HOLD


def _reason(strategy: Strategy, signals: Signals, action: Action, candles: Candles) -> str:
    if signals.frame is None:
        needed = strategy.warmup_on(candles.step()) if len(candles) > 1 else strategy.warmup
        return f"warming up: {max(1, needed - len(candles))} more candles are needed"
    if action is Action.HOLD:
        return "no signal"
    with _blamed_on(strategy):
        row = {str(name): value for name, value in signals.frame.iloc[-1].items()}
        return strategy.reason({**row, "entry": int(signals.entry[-1]), "exit": int(signals.exit[-1])})


def _known(prices: Floats) -> float | None:
    return None if math.isnan(prices[-1]) else float(prices[-1])


def _table(strategy: Strategy, columns: pd.DataFrame, rows: int) -> Floats:
    """The columns of `signal_frame`, one per row of the result."""
    if not isinstance(columns, pd.DataFrame):
        raise StrategyError(f"{strategy.name}.signals must return a DataFrame, not {type(columns).__name__}")
    if not columns.columns.is_(SIGNAL_COLUMNS):
        if missing := [name for name in SIGNAL_COLUMNS if name not in columns]:
            raise StrategyError(f"{strategy.name}.signals lacks {', '.join(missing)}: build it with signal_frame")
        columns = columns[list(SIGNAL_COLUMNS)]
    if len(columns) != rows:
        raise StrategyError(f"{strategy.name}.signals has {len(columns)} rows for {rows} candles")
    return columns.to_numpy(np.float64).T


def _flags(strategy: Strategy, given: Floats, name: str, low: int, high: int) -> Flags:
    if not ((given >= low) & (given <= high) & (given == np.rint(given))).all():
        raise StrategyError(f"{strategy.name}.signals: {name} must hold whole numbers in {low}..{high} only")
    return given.astype(np.int8)


def _confidence(strategy: Strategy, given: Floats, entry: Flags, candles: Candles) -> Floats:
    entering = entry != 0
    wrong = entering & ~((given >= 0.0) & (given <= 1.0))
    if wrong.any():
        row = int(wrong.argmax())
        when = iso(int(candles.time[row]))
        raise StrategyError(f"{strategy.name}.signals: confidence must lie in [0, 1], not {given[row]:g} at {when}")
    return np.where(entering, given, 0.0)


@contextmanager
def _blamed_on(strategy: Strategy) -> Iterator[None]:
    """Turn whatever the strategy's own code raises into a `StrategyError` that names the line."""
    try:
        yield
    except GobotError:
        raise
    except Exception as error:
        own = {method.__code__.co_filename for method in (type(strategy).indicators, type(strategy).signals)}
        calls = traceback.extract_tb(error.__traceback__)
        call = next((call for call in reversed(calls) if call.filename in own), calls[-1])
        raise StrategyError(
            f"{strategy.name} failed at {Path(call.filename).name}, line {call.lineno}: {type(error).__name__}: {error}"
        ) from error
