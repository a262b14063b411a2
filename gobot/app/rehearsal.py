"""A rehearsal: the daemon itself over history at full speed, compared with the backtest trade by trade.

The daemon is the one that `gobot run` puts together, on the simulated venue, with a state directory of its own.  Only
its settings are made for the occasion, and `rehearsal_settings` is all that is done to them.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

from gobot.app.backtests import run_backtest
from gobot.app.footprint import load_kernels
from gobot.app.histories import History
from gobot.app.wiring import Daemon, build_daemon
from gobot.app.worlds import RunOptions
from gobot.backtest import Result, Rules
from gobot.core import Timeframe, UsageError
from gobot.daemon.comparison import Comparison, Place, backtest_trips, compare, ledger_trips
from gobot.daemon.events import CycleFinished, ErrorHappened, Event, IdeaRefused, OrderFailed
from gobot.daemon.exits import ExitReason
from gobot.daemon.runtime import live
from gobot.daemon.service import ServiceNotifier
from gobot.exchange.history_feed import HistoryFeed
from gobot.ledger import Trade
from gobot.settings import Loaded, Settings
from gobot.strategy import Strategy

Progress = Callable[[int, int], None]
"""Called with the cycles that are done and those there will be."""

_DAY = Timeframe.parse("1d")
# More than any account here will see, and within what the settings allow.
_NO_LIMIT = "1e12"
# Limits of the risk manager that nothing reaches.
_UNREACHED: Mapping[str, Any] = {
    "max_consecutive_losses": 1000,
    "max_drawdown_pct": 100,
    "portfolio_stop_pct": 100,
    "circuit_breaker_threshold": 1000,
    "max_open_positions": 1000,
    "max_total_exposure_pct": 12_500,
    "max_symbol_exposure_pct": 12_500,
    "max_direction_exposure_pct": 12_500,
    "max_cluster_exposure_pct": 12_500,
    "max_correlation": 1,
    "max_atr_percentile": 100,
    "max_volatility_pct": None,
    "low_liquidity_hours": None,
    "max_volume_share_pct": None,
    "min_depth_ratio": 0,
    "stop_out_cooldown_minutes": 0,
    "max_clock_skew_ms": 60_000,
    "max_funding_pct": 100,
    "events": [],
    "max_candle_age": 100,
    "max_missing_candles": 100_000,
    "max_spread_pct": 100,
}
# Errors that are told; the first ones say why.
_ERRORS_TOLD = 5
# A file system in memory, where there is one: a rehearsal has nothing to lose in a power cut.
_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of its own is made there
_MEMORY_NEEDED = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of it: the backtest, the daemon's side of it, and how they compare.

    ``daemon`` sums up the run (cycles, refusals, final equity, seconds, errors); ``ended`` is why it ended.
    """

    result: Result
    comparison: Comparison
    daemon: Mapping[str, Any]
    ended: ExitReason

    @property
    def complete(self) -> bool:
        """Whether the daemon went through all of the candles; else the two cannot be compared."""
        return self.ended is ExitReason.DATA_ENDED

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **self.comparison.document(),
            "complete": self.complete,
            "backtest": self.result.document(),
            "daemon": dict(self.daemon),
        }


class Witness:
    """Listens to the daemon: how far it is, what it refused and why, and what went wrong."""

    def __init__(self, timeframe: Timeframe, cycles: int, progress: Progress | None) -> None:
        self._timeframe, self._expected, self._progress = timeframe, cycles, progress
        self.cycles = 0
        self.refused: dict[Place, str] = {}
        self.errors: list[str] = []

    def publish(self, event: Event) -> None:
        """Take note."""
        match event:
            case CycleFinished():
                self.cycles += 1
                if self._progress is not None:
                    self._progress(self.cycles, self._expected)
            case IdeaRefused():
                self._note(event.symbol, event.at_ms, "refused: " + " ".join(event.reasons).rstrip("."))
            case OrderFailed():
                self._note(event.symbol, event.at_ms, f"the order failed: {event.reason}")
            case ErrorHappened() if len(self.errors) < _ERRORS_TOLD:
                self.errors.append(f"{event.where}: {event.message}")

    def _note(self, symbol: str, at_ms: int, why: str) -> None:
        self.refused[symbol, self._timeframe.floor(at_ms)] = why


def rehearse(
    loaded: Loaded,
    strategy: Strategy,
    histories: Sequence[History],
    *,
    cycles: int | None = None,
    keep: Path | None = None,
    progress: Progress | None = None,
) -> Rehearsal:
    """Play ``histories`` to the daemon and to the backtest, both with ``strategy`` and the settings of ``loaded``.

    ``cycles`` plays only so many, from the first that can lead to a trade on.  ``keep`` is an empty directory in which
    the daemon's state stays.  Raises `UsageError` for candles longer than a day and a directory that is not empty,
    `GobotError` for what either side cannot do.
    """
    timeframe = histories[0].timeframe
    if timeframe > _DAY:
        raise UsageError(f"{timeframe} candles are too long to rehearse: the daemon looks at the market once a day")
    start_ms = _start_ms(strategy, histories)
    if cycles is not None:
        # The candles of so many decisions, and the one that the last of them trades in.
        until_ms = start_ms + (cycles + 1) * timeframe.ms
        histories = [history.between(None, until_ms) for history in histories]
    rules = Rules.from_settings(loaded.settings)
    result = run_backtest(loaded.settings, strategy, histories)
    settled = histories if loaded.settings.backtest.funding else ()
    feed = HistoryFeed(
        {one.symbol: one.candles for one in histories},
        step=timeframe,
        start_ms=start_ms,
        funding={one.symbol: one.funding for one in settled if one.funding is not None},
    )
    witness = Witness(timeframe, (feed.end_ms - feed.start_ms) // timeframe.ms - 1, progress)
    load_kernels()
    with _directory(keep) as directory:
        made = rehearsal_settings(loaded, strategy, rules, list(feed.markets), timeframe, directory)
        played = _played(made, feed, witness)
    told = compare(backtest_trips(result), ledger_trips(played.trades, timeframe), witness.refused)
    return Rehearsal(result=result, comparison=told, daemon=_summary(played, witness), ended=played.ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """What the daemon left: its trades, closed ones first, the equity at the end, and how long it took (s)."""

    ended: ExitReason
    trades: Sequence[Trade]
    equity: Decimal
    seconds: float


def _played(loaded: Loaded, feed: HistoryFeed, witness: Witness) -> _Played:
    """The daemon's life from the beginning of ``feed`` to its end."""
    began = perf_counter()
    daemon = build_daemon(loaded, RunOptions(feed=feed, speed=0.0))
    try:
        daemon.orchestrator.house.announcer.add(witness)
        ended = asyncio.run(_live(daemon))
        trades = [*daemon.ledger.closed_trades(), *daemon.ledger.open_trades()]
    finally:
        daemon.ledger.close()
    equity = daemon.orchestrator.picture.balance.equity
    return _Played(ended=ended, trades=trades, equity=equity, seconds=perf_counter() - began)


def _summary(played: _Played, witness: Witness) -> dict[str, Any]:
    """The daemon's side in figures."""
    return {
        "cycles": witness.cycles,
        "trades": sum(not trade.is_open for trade in played.trades),
        "final_equity": float(played.equity),
        "fees": float(sum(trade.fees for trade in played.trades)),
        "funding": float(sum(trade.funding for trade in played.trades)),
        "refused": len(witness.refused),
        "seconds": round(played.seconds, 3),
        "cycles_per_second": round(witness.cycles / played.seconds, 1),
        "ended": played.ended.value,
        "errors": witness.errors,
    }


def rehearsal_settings(
    loaded: Loaded, strategy: Strategy, rules: Rules, symbols: Sequence[str], timeframe: Timeframe, directory: Path
) -> Loaded:
    """The settings under which the daemon is bound to do what the backtest of ``rules`` says, in ``directory``.

    The venue has the costs and the capital of the backtest, the loop looks once per candle and has no last cycle, and
    nothing is learned on the way.  Sizing ``all_in`` is a size larger than any account, of which the daemon takes what
    the margin allows.  Where the backtest is of the signals alone (``backtest.risk: off``) the checks stay in place,
    with limits that nothing reaches; a position cannot be without a stop, so it has one that it cannot reach before
    the venue would liquidate it.
    """
    document: dict[str, Any] = loaded.settings.model_dump()
    trading: dict[str, Any] = document["trading"]
    trading |= {
        "mode": "sim",
        "symbols": list(symbols),
        "timeframe": str(timeframe),
        "strategy": strategy.name,
        "params": dict(strategy.params),
        "direction": rules.direction,
        "initial_capital_usd": str(rules.start_equity),
    }
    trading["orchestrator"] |= {"max_iterations": 0, "loop_interval": timeframe.seconds, "hindsight": False}
    trading["performance_monitor"] |= {"pattern_discovery": False, "archive_on_strategy_change": False}
    if rules.sizing == "all_in":
        trading |= {"max_position_usd": _NO_LIMIT, "sizing": {"model": "fixed", "amount_usd": _NO_LIMIT}}
    if not loaded.settings.backtest.risk:
        if rules.sizing == "fixed":
            trading["sizing"] |= {"amount_usd": str(rules.size)}
        trading |= {"max_position_usd": _NO_LIMIT, "stop_loss_percent": 99.9999, "take_profit_percent": None}
        trading["protection"] = {}
        trading["validation"] |= {"enabled": False}
        trading["orchestrator"]["completion_targets"] = {"daily_profit_target": 1e12, "max_daily_loss": -1e12}
        trading["risk_manager"] |= _UNREACHED
        trading["sizing"]["adapt"] = {}
        trading["entry"] = {}
    document["sim"] |= {
        "fee": rules.fee,
        "maker_fee": rules.maker_fee,
        "slippage": rules.slippage,
        "start_equity": str(rules.start_equity),
    }
    document["telegram"] |= {"enabled": False}
    document["database"] = {"url": None}
    document["paths"] |= {
        "state": str(directory / "state"),
        "archive": str(directory / "archive"),
        "logs": str(directory / "logs"),
        "strategies": str(loaded.paths.strategies),
    }
    made = replace(loaded, settings=Settings.model_validate(document), home=directory, path=None, reload=lambda: made)
    return made


def _start_ms(strategy: Strategy, histories: Sequence[History]) -> int:
    """The open of the first candle on which ``strategy`` may have an idea: the daemon need not wait for it."""
    timeframe = histories[0].timeframe
    longest = max((Timeframe.parse(name).ms // timeframe.ms for name in strategy.timeframes), default=1)
    # Longer candles are known up to one of them earlier where the data happen to begin with one.
    row = max(0, strategy.warmup_on(timeframe) - longest)
    return min(int(history.candles.time[min(row, len(history.candles) - 2)]) for history in histories)


async def _live(daemon: Daemon) -> ExitReason:
    """The life of a daemon that nobody can talk to."""
    try:
        return await live(daemon.orchestrator, daemon.operator, daemon.driver, daemon.jobs, (), ServiceNotifier())
    finally:
        await daemon.exchange.close()


@contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    """Where the daemon's state lives: ``keep``, or one that is gone afterwards."""
    if keep is None:
        roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED
        with tempfile.TemporaryDirectory(prefix="gobot-rehearsal-", dir=_MEMORY if roomy else None) as made:
            yield Path(made)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        occupied = next(keep.iterdir(), None) is not None
    except OSError as error:
        raise UsageError(f"{keep} cannot be used ({error.strerror}); give another directory to --keep") from error
    if occupied:
        raise UsageError(
            f"{keep} is not empty: a rehearsal begins with a new account; give another directory to --keep"
        )
    yield keep.absolute()
