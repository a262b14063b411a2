"""The emergency protocol without a memory: when nothing can be written down, positions are closed all the same.

Elsewhere an order is in the ledger before it is sent.  Here the disk refuses, and a position that a limit wants closed
must not stay open for that.  The orders can only reduce, each is sent after its position was asked for, and the ledger
learns of them from the venue's fills at the next start.
"""

from __future__ import annotations

from collections.abc import Collection

from loguru import logger

from gobot.core import Clock, OrderRequest, OrderType, Position, VenueError, client_order_id
from gobot.exchange import Exchange

_ROUNDS = 3


async def close_without_ledger(exchange: Exchange, clock: Clock, *, bot: str, symbols: Collection[str]) -> list[str]:
    """Cancel what could open positions in ``symbols`` and close those that are; returns the symbols still open.

    A venue that does not answer is asked again, a few times.
    """
    left = list(symbols)
    for attempt in range(1, _ROUNDS + 1):
        try:
            await _cancel_entries(exchange, symbols)
            positions = [position for position in await exchange.positions() if position.symbol in symbols]
        except VenueError as error:
            logger.critical("emergency without a ledger: the venue does not answer", error=str(error))
            continue
        left = [position.symbol for position in positions]
        if not left:
            return []
        for position in positions:
            await _close(exchange, position, client_order_id(bot, clock.now_ms(), position.symbol, "exit", attempt))
    try:
        return [position.symbol for position in await exchange.positions() if position.symbol in symbols]
    except VenueError:
        return left


async def _cancel_entries(exchange: Exchange, symbols: Collection[str]) -> None:
    for order in await exchange.open_orders():
        if order.symbol in symbols and order.type in (OrderType.LIMIT, OrderType.MARKET) and not order.reduce_only:
            try:
                await exchange.cancel(order.symbol, order.client_id)
            except VenueError as error:
                # What could not be cancelled keeps nobody from closing what is open.
                logger.critical("emergency without a ledger: not cancelled", symbol=order.symbol, error=str(error))


async def _close(exchange: Exchange, position: Position, client_id: str) -> None:
    request = OrderRequest(
        client_id=client_id,
        symbol=position.symbol,
        side=position.direction.exit_side,
        type=OrderType.MARKET,
        quantity=position.quantity,
        reduce_only=True,
    )
    logger.critical("emergency without a ledger: closing", symbol=position.symbol, client_id=client_id)
    try:
        await exchange.create(request)
    except VenueError as error:
        # Refused or unknown: the next round asks for the position, which is the truth about it.
        logger.critical("emergency without a ledger: no answer", symbol=position.symbol, error=str(error))
