"""Longer timeframes beside the traded one: what was known of them at the close of each candle."""

from __future__ import annotations

import numpy as np

from gobot.core import DataError, StrategyError, Timeframe
from gobot.market import Candles, newest_closed, resample
from gobot.market.candles import Floats, Ints
from gobot.strategy.base import Strategy
from gobot.strategy.indicators.cache import shared

frame_of = shared(Candles.frame)
"""The candles as a DataFrame; made once for all who share an `IndicatorCache`."""

_resampled = shared(resample)


def longer_columns(strategy: Strategy, candles: Candles) -> tuple[dict[str, Floats], int]:
    """The columns of all longer timeframes beside ``candles``, and the first row at which enough of them had closed.

    Raises `StrategyError` for a timeframe that cannot be made of these candles.
    """
    columns: dict[str, Floats] = {}
    first = 0
    for name in strategy.timeframes:
        longer, rows = _aligned(strategy, name, candles)
        first = max(first, int(np.searchsorted(rows, strategy.warmup_for(name) - 1)))
        if first >= len(candles):
            return {}, first
        frame = frame_of(longer)
        own = strategy.indicators_for(name, frame)
        for column, values in own.items():
            if len(values) != len(longer):
                raise StrategyError(
                    f"{strategy.name}.indicators_for: {column} has {len(values)} rows for {len(longer)} {name} candles"
                )
        block = np.full((len(frame.columns) + len(own), len(longer) + 1), np.nan)
        block[:, :-1] = [*frame.to_numpy().T, *(values.to_numpy() for values in own.values())]
        # Row -1, before the first close, is the NaN at the end.
        columns |= zip((f"{column}_{name}" for column in (*frame, *own)), block[:, rows], strict=True)
    return columns, first


def _aligned(strategy: Strategy, name: str, candles: Candles) -> tuple[Candles, Ints]:
    """The longer candles, and which of them had closed last at the close of each candle."""
    try:
        base, length = candles.step(), Timeframe.parse(name)
        longer = _resampled(candles, base, length)
    except DataError as error:
        raise StrategyError(f"{strategy.name} looks at {name} candles, but {error}") from error
    return longer, newest_closed(candles.time + base.ms, longer.time, length)
