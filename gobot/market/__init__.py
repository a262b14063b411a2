"""Market data: candles in memory and on disk.

The synthetic market is imported from `gobot.market.synthetic`, for it brings a compiler with it.
"""

from gobot.market.candles import Candles
from gobot.market.files import FundingRates, read_candles, read_funding
from gobot.market.listing import symbol_names
from gobot.market.resample import newest_closed, resample
from gobot.market.series import Series, market_of
from gobot.market.store import CandleStore

__all__ = [
    "CandleStore",
    "Candles",
    "FundingRates",
    "Series",
    "market_of",
    "newest_closed",
    "read_candles",
    "read_funding",
    "resample",
    "symbol_names",
]
