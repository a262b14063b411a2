"""Market data: candles in memory and on disk, and the synthetic market."""

from gobot.market.candles import Candles

__all__ = ["Candles"]
