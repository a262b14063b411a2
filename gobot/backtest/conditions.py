"""The market side of a run: prices, funding, volatility and rules, as the kernels take them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gobot.backtest.records import NO_FUNDING, NONE, Conditions, Floats, Funding
from gobot.backtest.rules import Rules
from gobot.core import DAY_MS, Market
from gobot.market import Candles, FundingRates
from gobot.matching import tiers_of
from gobot.matching.compiled import compiled, ready
from gobot.matching.exits import STRETCH, Bars
from gobot.matching.extremes import extremes
from gobot.strategy.rolling import rolling_deviation

YEAR_MS = 365 * DAY_MS
"""The market never closes."""

# An entry at an open goes out some seconds after it; a settlement in those seconds comes before it.
_AT_OPEN_MS = 5_000


def conditions_of(
    candles: Candles,
    rules: Rules,
    *,
    symbol: str = "",
    market: Market | None = None,
    funding: FundingRates | None = None,
) -> Conditions:
    """The conditions on ``candles``: maintenance tiers by ``symbol``, steps by ``market``, none without."""
    tiers = tiers_of(symbol)
    volatility = NONE
    if rules.sizing == "volatility":
        per_year = YEAR_MS / candles.step().ms
        volatility = volatility_of(candles.close, rules.volatility_candles, per_year)
    return Conditions(
        bars_of(candles),
        NO_FUNDING if funding is None or not len(candles) else funding_of(candles, funding),
        volatility,
        tiers,
        rules.compiled(tiers, market),
    )


def bars_of(*candles: Candles) -> Bars:
    """The prices of all ``candles``, one behind the other, with the extremes of every stretch."""
    open_, high, low, close = (
        _ready([getattr(series, name) for series in candles]) for name in ("open", "high", "low", "close")
    )
    stretches = -(-len(close) // STRETCH)
    lows, highs = np.empty(stretches), np.empty(stretches)
    _summarise(high, low, lows, highs)
    return Bars(open_, high, low, close, lows, highs)


def funding_of(candles: Candles, funding: FundingRates) -> Funding:
    """The settlements during the candles, each by the candle in which it falls and valued at that candle's open.

    In a gap a settlement is valued at the last close, and booked with the candle after the gap.
    """
    step = candles.step().ms
    stamps = (funding.time > candles.time[0]) & (funding.time < candles.time[-1] + step)
    time, rate = funding.time[stamps], funding.rate[stamps]
    at = candles.time.searchsorted(time, "right") - 1
    late = time - candles.time[at]
    gap = late >= step
    row = np.minimum(at + gap, len(candles) - 1)
    price = np.where(gap, candles.close[at], candles.open[at])
    inside = (late > _AT_OPEN_MS) & ~gap
    return Funding(row, inside.astype(np.uint8), _ready([rate]), _ready([price]))


def volatility_of(close: Floats, candles: int, per_year: float) -> Floats:
    """Volatility of a year, from the last ``candles`` changes of the close; NaN before there are as many."""
    changes = np.diff(np.log(close), prepend=math.nan)
    return rolling_deviation(changes, candles) * math.sqrt(per_year * candles / (candles - 1))


def _ready(parts: Sequence[Floats]) -> Floats:
    return ready(parts[0] if len(parts) == 1 else np.concatenate(parts))


@compiled
def _summarise(high: Floats, low: Floats, lows: Floats, highs: Floats) -> None:
    for stretch in range(lows.size):
        lows[stretch], _ = extremes(low[stretch * STRETCH : (stretch + 1) * STRETCH])
        _, highs[stretch] = extremes(high[stretch * STRETCH : (stretch + 1) * STRETCH])
