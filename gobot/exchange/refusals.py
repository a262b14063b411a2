"""Why a venue refuses an order, with Binance's codes: everything that can be told before anything happens."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from gobot.core import Market, OrderRequest, OrderType, Refusal, Side, VenueRefused
from gobot.exchange.holding import Holding

BINANCE_CAUSES: Mapping[str, Refusal] = {
    "-1121": Refusal.NOT_TRADED,
    "-2011": Refusal.UNKNOWN_ORDER,
    "-2013": Refusal.UNKNOWN_ORDER,
    "-2021": Refusal.PASSED,
    "-2022": Refusal.NOTHING_TO_CLOSE,
    "-4108": Refusal.NOT_TRADED,
    "-4116": Refusal.DUPLICATE,
    "-4130": Refusal.ANOTHER_RESTS,
    "-4140": Refusal.NOT_TRADED,
    "-4509": Refusal.NOTHING_TO_CLOSE,
    "-5022": Refusal.WOULD_TAKE,
}
"""What Binance's codes mean where the meaning calls for an answer; every other code is `Refusal.OTHER`."""


def refused(code: int, sentence: str) -> VenueRefused:
    """The venue's answer that it did not act."""
    return VenueRefused(sentence, code=str(code), cause=BINANCE_CAUSES.get(str(code), Refusal.OTHER))


def require_valid(request: OrderRequest, market: Market | None, holding: Holding | None, last: Decimal | None) -> None:
    """Raise `VenueRefused` when the order can be refused at a glance.

    ``last`` is the current price, None while the symbol is not traded; ``holding`` the position in it.
    """
    if market is None:
        raise refused(-1121, f"Invalid symbol: {request.symbol} is not listed.")
    _require_steps(request, market)
    _require_position(request, holding)
    if request.type is OrderType.TRAILING and request.callback is None:
        raise refused(-1102, "Mandatory parameter 'callbackRate' was not sent.")
    if last is None:
        if request.type is OrderType.MARKET:
            raise refused(-4140, f"Invalid symbol status: {request.symbol} is not traded at the moment.")
        return
    if not request.protective:
        _require_size(request, market, request.price or last)
    _require_place(request, last)


def crosses(request: OrderRequest, last: Decimal) -> bool:
    """Whether a limit order would trade at once."""
    if request.price is None:
        return False
    return last < request.price if request.side is Side.BUY else last > request.price


def _require_steps(request: OrderRequest, market: Market) -> None:
    if market.round_quantity(request.quantity) != request.quantity:
        raise refused(-1111, f"Precision is over the maximum: quantity {request.quantity} is off the step.")
    for price in (request.price, request.trigger):
        if price is not None and market.round_price(price) != price:
            raise refused(-4014, f"Price not increased by tick size: {price} is off the step {market.price_step}.")


def _require_position(request: OrderRequest, holding: Holding | None) -> None:
    """Orders that can only close need something to close; conditional ones may wait for it."""
    if not request.protective or request.type.conditional:
        return
    if holding is None or holding.direction.exit_side is not request.side:
        raise refused(-2022, f"ReduceOnly Order is rejected: no position in {request.symbol} to {request.side}.")


def _require_size(request: OrderRequest, market: Market, price: Decimal) -> None:
    if request.quantity < market.min_quantity:
        raise refused(-4003, f"Quantity less than the minimum of {market.min_quantity}.")
    if request.quantity * price < market.min_notional:
        raise refused(-4164, f"Order's notional must be no smaller than {market.min_notional}.")


def _require_place(request: OrderRequest, last: Decimal) -> None:
    if request.post_only and crosses(request, last):
        raise refused(-5022, "The Post Only order will be rejected: it could not be executed as maker.")
    if request.trigger is None or request.type not in (OrderType.STOP, OrderType.TAKE_PROFIT):
        return
    waits_above = (request.type is OrderType.STOP) == (request.side is Side.BUY)
    if (request.trigger <= last) if waits_above else (request.trigger >= last):
        raise refused(-2021, f"Order would immediately trigger: {request.trigger} has been reached, last {last}.")
