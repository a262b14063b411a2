"""Market data: candles in memory, on disk, in anybody's files and live, and whether they can be trusted.

Imported from their own modules are the synthetic market (`gobot.market.synthetic`), for it brings a compiler with it,
and what downloads (`gobot.market.download`), for it brings an HTTP client.
"""

from gobot.market.aligned import aligned_frame, join_closed, newest_closed
from gobot.market.assembler import CandleAssembler, Closed
from gobot.market.candle import Candle
from gobot.market.candles import Candles
from gobot.market.derived import read_or_resample
from gobot.market.files import FundingRates, read_candles, read_funding
from gobot.market.findings import Finding, Kind, Severity
from gobot.market.funding import FundingStore
from gobot.market.history import History
from gobot.market.integrity import check, check_series, faults, is_clean
from gobot.market.listing import symbol_names
from gobot.market.live import LiveCandles, LiveStatus
from gobot.market.merge import Added
from gobot.market.repair import CandleSource, Repaired, repair
from gobot.market.resample import resample
from gobot.market.series import Series, market_of
from gobot.market.store import CandleStore

__all__ = [
    "Added",
    "Candle",
    "CandleAssembler",
    "CandleSource",
    "CandleStore",
    "Candles",
    "Closed",
    "Finding",
    "FundingRates",
    "FundingStore",
    "History",
    "Kind",
    "LiveCandles",
    "LiveStatus",
    "Repaired",
    "Series",
    "Severity",
    "aligned_frame",
    "check",
    "check_series",
    "faults",
    "is_clean",
    "join_closed",
    "market_of",
    "newest_closed",
    "read_candles",
    "read_funding",
    "read_or_resample",
    "repair",
    "resample",
    "symbol_names",
]
