"""ccxt's description of a market as ours.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gobot.core import ZERO, Market, exact
from gobot.matching import max_leverage

# ccxt's constants for how a venue states precision.
_DECIMAL_PLACES, _TICK_SIZE = 2, 4


def markets_of(described: Mapping[str, Mapping[str, Any]], precision_mode: int) -> dict[str, Market]:
    """The markets settled in their quote currency, by symbol; of coin-margined ones and options gobot knows nothing.

    Quantities are in base units, whatever the size of the venue's contracts.
    """
    return {
        symbol: _market(symbol, market, precision_mode)
        for symbol, market in described.items()
        if not market.get("inverse") and not market.get("option")
    }


def _market(symbol: str, market: Mapping[str, Any], mode: int) -> Market:
    precision, limits = market["precision"], market["limits"]
    size = _number(market.get("contractSize")) or Decimal(1)
    leverage = _number(limits["leverage"]["max"])
    return Market(
        symbol=symbol,
        quantity_step=_step(precision["amount"], mode) * size,
        price_step=_step(precision["price"], mode),
        min_quantity=_number(limits["amount"]["min"]) * size,
        min_notional=_number(limits["cost"]["min"]),
        maker_fee=_number(market.get("maker")),
        taker_fee=_number(market.get("taker")),
        max_leverage=int(leverage) if leverage else max_leverage(symbol),
        active=market.get("active") is not False,
    )


def _number(value: float | None) -> Decimal:
    """0 where nothing is stated."""
    return ZERO if value is None else exact(value)


def _step(precision: float | None, mode: int) -> Decimal:
    """The step that ccxt's precision means; 0 for significant digits, which are no step."""
    if precision is None or mode not in (_DECIMAL_PLACES, _TICK_SIZE):
        return ZERO
    return exact(precision) if mode == _TICK_SIZE else Decimal(1).scaleb(-int(precision))
