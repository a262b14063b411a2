"""Market data: candles in memory and on disk.

The synthetic market is imported from `gobot.market.synthetic`, for it brings a compiler with it.
"""

from gobot.market.candles import Candles
from gobot.market.files import FileMarket, FundingRates, market_of, read_candles, read_funding
from gobot.market.listing import symbol_names
from gobot.market.resample import resample

__all__ = [
    "Candles",
    "FileMarket",
    "FundingRates",
    "market_of",
    "read_candles",
    "read_funding",
    "resample",
    "symbol_names",
]
