"""The whole examination of a strategy."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gobot.core import DataError, StrategyError, Timeframe
from gobot.market import Candles
from gobot.strategy.base import Strategy
from gobot.strategy.honesty.conduct import determinism, levels, odd_market, untouched_input
from gobot.strategy.honesty.declaration import declaration
from gobot.strategy.honesty.findings import Examination, Finding
from gobot.strategy.honesty.future import future
from gobot.strategy.honesty.markets import seeded_markets, traded_timeframe
from gobot.strategy.honesty.past import warm_up
from gobot.strategy.honesty.subject import Subject
from gobot.strategy.honesty.suspects import suspects
from gobot.strategy.param import Param

# Candles after the warm-up on every market, and how often they are cut: with the parameters given, and with others.
_ROWS = 2000
_CUTS = 60
_FEWER_CUTS = 12
_VARIANTS = 3


def examine(
    found: type[Strategy], params: Mapping[str, object] | None = None, data: Iterable[tuple[str, Candles]] = ()
) -> Examination:
    """Try to catch ``found`` with ``params`` cheating, on seeded markets and on ``data`` (names and candles).

    The same examination always has the same outcome.  Raises `StrategyError` for parameters not allowed and `DataError`
    for data too short to tell anything.
    """
    findings, chosen = [declaration(found)], dict(params or {})
    if findings[0].passed:
        strategy = found(**chosen)
        chosen = dict(strategy.params)
        findings += _trial(strategy, list(data))
    source = inspect.getsourcefile(found)
    return Examination(
        strategy=found.name, file=Path(source).name if source else "", params=chosen, findings=tuple(findings)
    )


def _trial(strategy: Strategy, data: list[tuple[str, Candles]]) -> list[Finding]:
    timeframe = traded_timeframe(strategy.timeframes)
    variants = list(_varied(strategy, timeframe))
    try:
        rows = _ROWS + max(each.warmup_on(timeframe) for each in (strategy, *variants))
        seeded = list(seeded_markets(timeframe, rows))
        markets = [*seeded, *(_shortened(strategy, *each) for each in data)]
        given = [Subject.of(strategy, *market) for market in markets]
        varied = [Subject.of(variant, *seeded[0]) for variant in variants]
    except StrategyError as error:
        return [Finding("runs", False, str(error), "let it run on any candles, with any parameters that it allows")]
    known = suspects(type(strategy))
    counted = [(subject, _CUTS) for subject in given] + [(subject, _FEWER_CUTS) for subject in varied]
    return [
        Finding("runs", True, f"on {len(markets)} markets, with {len(variants)} other sets of parameters"),
        _signals(given),
        *future(counted, known),
        warm_up(counted, known),
        determinism(given, known),
        untouched_input(given[0]),
        odd_market(given[0]),
        levels([*given, *varied]),
    ]


def _signals(given: list[Subject]) -> Finding:
    longs, shorts = (sum(int((each.whole.entry == side).sum()) for each in given) for side in (1, -1))
    candles = sum(len(each.candles) - each.needed for each in given)
    if longs + shorts:
        return Finding("signals", True, f"{longs} longs and {shorts} shorts on {candles} candles")
    return Finding(
        "signals",
        False,
        f"no entry on {candles} candles: what never trades cannot be caught",
        "give --data with a market on which it trades",
    )


def _shortened(strategy: Strategy, name: str, candles: Candles) -> tuple[str, Candles]:
    """The newest candles, as many as on the seeded markets."""
    needed = strategy.warmup_on(candles.step())
    if len(candles) < needed + _ROWS // 10:
        raise DataError(f"{name} holds {len(candles)} candles, a check of {strategy.name} needs {needed + _ROWS // 10}")
    return name, candles.last(needed + 2 * _ROWS)


def _varied(strategy: Strategy, timeframe: Timeframe) -> Iterator[Strategy]:
    """The strategy with other parameters within half and twice the present ones, where its constraints allow."""
    chance = np.random.RandomState(5)
    most = 3 * strategy.warmup_on(timeframe) + 200
    made = 0
    for _ in range(10 * _VARIANTS):
        drawn = {name: _drawn(param, strategy.params[name], chance) for name, param in strategy.parameters.items()}
        try:
            variant = type(strategy)(**drawn)
            possible = traded_timeframe(variant.timeframes) == timeframe
            fits = possible and drawn != strategy.params and variant.warmup_on(timeframe) <= most
        except StrategyError:
            continue
        if fits:
            yield variant
            made += 1
        if made == _VARIANTS:
            return


def _drawn(param: Param[Any], present: Any, chance: np.random.RandomState) -> Any:
    if param.kind is bool:
        return bool(chance.randint(2))
    if param.choices:
        place = param.choices.index(present) + chance.randint(-2, 3)
        return param.choices[min(max(place, 0), len(param.choices) - 1)]
    if param.low is None or param.high is None:
        return present
    low, high = sorted((present / 2, present * 2))
    value = param.kind(chance.uniform(max(low, param.low), min(high, param.high)))
    return value if param.step is None else param.kind(param.low + round((value - param.low) / param.step) * param.step)
