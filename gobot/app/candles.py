"""The stores of market data that the settings ask for."""

from __future__ import annotations

from gobot.core import Clock, Timeframe
from gobot.market import CandleStore, FundingStore
from gobot.settings import Loaded


def candle_store(loaded: Loaded, clock: Clock) -> CandleStore:
    """The candles below ``paths.candles``, kept as the settings say."""
    candles = loaded.settings.candles
    return CandleStore(
        loaded.paths.candles,
        clock=clock,
        file_format=candles.format,
        keep=candles.keep,
        keep_by_timeframe={Timeframe.parse(name): count for name, count in candles.keep_by_timeframe.items()},
    )


def funding_store(loaded: Loaded) -> FundingStore:
    """The funding rates below ``paths.candles``."""
    return FundingStore(loaded.paths.candles, file_format=loaded.settings.candles.format)
