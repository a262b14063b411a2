"""Before the first entry: proof that the venue holds a stop, and gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

from gobot.core import (
    Clock,
    Direction,
    Market,
    OrderRequest,
    OrderStatus,
    OrderType,
    Refusal,
    StateError,
    Ticker,
    VenueError,
    VenueRefused,
    exact,
)

if TYPE_CHECKING:
    from gobot.exchange import Exchange

# Not gobot's mark: what is left of a test that was cut short is no order of a decision.
_MARK = "gobot-self-test-"
# So far below the price that nothing triggers it while it rests.
_FAR = exact("0.8")
_PATIENCE_S = 0.5
_LOOKS = 10


async def self_test(exchange: Exchange, clock: Clock, symbol: str) -> None:
    """Place a far stop of the smallest size in ``symbol``, find it resting, cancel it, find it gone.

    It can only make a position smaller.  Raises `VenueError` when any of that did not happen.
    """
    await _cancel_leftovers(exchange)
    client_id = f"{_MARK}{clock.now_ms()}"
    request = _far_stop(exchange, client_id, await _market(exchange, symbol), await _ticker(exchange, symbol))
    await exchange.create(request)
    try:
        await _require(exchange, clock, request, OrderStatus.OPEN)
    finally:
        await exchange.cancel(symbol, client_id)
    await _require(exchange, clock, request, OrderStatus.CANCELED)
    logger.info("protection works", symbol=symbol, trigger=str(request.trigger))


def _far_stop(exchange: Exchange, client_id: str, market: Market, ticker: Ticker) -> OrderRequest:
    trigger = market.round_price(ticker.last * _FAR)
    least = max(market.min_quantity, market.min_notional / trigger)
    quantity = market.round_quantity(least)
    if quantity < least:
        quantity += market.quantity_step
    if quantity <= 0:
        raise StateError(
            f"{exchange.name} states no smallest size for {market.symbol}: its protection cannot be tested"
        )
    return OrderRequest(
        client_id=client_id,
        symbol=market.symbol,
        side=Direction.LONG.exit_side,
        type=OrderType.STOP,
        quantity=quantity,
        trigger=trigger,
        reduce_only=True,
    )


async def _market(exchange: Exchange, symbol: str) -> Market:
    try:
        return (await exchange.markets())[symbol]
    except KeyError:
        raise VenueRefused(f"{exchange.name} has no market {symbol}", cause=Refusal.NOT_TRADED) from None


async def _ticker(exchange: Exchange, symbol: str) -> Ticker:
    try:
        return (await exchange.tickers([symbol]))[symbol]
    except KeyError:
        raise VenueRefused(f"{exchange.name} does not quote {symbol}", cause=Refusal.NOT_TRADED) from None


async def _cancel_leftovers(exchange: Exchange) -> None:
    """Take back what a test that was cut short has left."""
    for order in await exchange.open_orders():
        if order.client_id.startswith(_MARK):
            await exchange.cancel(order.symbol, order.client_id)


async def _require(exchange: Exchange, clock: Clock, request: OrderRequest, wanted: OrderStatus) -> None:
    """The venue shows the stop as it should be; not necessarily at once."""
    for _ in range(_LOOKS):
        report = await exchange.order(request.symbol, request.client_id)
        if report is not None and report.status is wanted:
            return
        await clock.sleep(_PATIENCE_S)
    found = "does not know it" if report is None else f"says that it is {report.status}"
    raise VenueError(f"the stop of the protection test should be {wanted}, but {exchange.name} {found}")
