"""The amounts of money that the percentages of the settings stand for."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from gobot.core import ZERO, exact
from gobot.settings.trading import TradingSettings

_HUNDRED = Decimal(100)


def exposure_limit(percent: float, equity: Decimal, leverage: int) -> Decimal:
    """The largest value of positions that ``percent`` of ``equity`` times ``leverage`` allows, USDT."""
    return max(ZERO, share_of(percent) * equity * leverage)


def portfolio_allowance(settings: TradingSettings, base: Decimal) -> Decimal:
    """The loss, USDT, at which the portfolio stop falls; ``base`` is the equity at the start or the last reset."""
    return share_of(settings.risk_manager.portfolio_stop_pct) * base


@lru_cache(maxsize=256)
def share_of(percent: float) -> Decimal:
    """``percent`` as a fraction.  Settings are asked for again and again, and few."""
    return exact(percent) / _HUNDRED
