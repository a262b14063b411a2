"""Entries at a limit: at what price, for how long, and what happens when nobody trades there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from loguru import logger

from gobot.core import (
    Clock,
    Direction,
    Market,
    OrderType,
    Refusal,
    Side,
    Ticker,
    VenueUnavailable,
    client_order_id,
    exact,
    plain,
)
from gobot.execution.outcomes import Outcome, outcome_of
from gobot.execution.sender import Sender
from gobot.ledger import Ledger, LedgerStatus, Leg, OrderRow, PlannedOrder
from gobot.settings.trading import EntrySettings

if TYPE_CHECKING:
    from gobot.exchange import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """Prices and ticks, by symbol."""

    tickers: Mapping[str, Ticker]
    markets: Mapping[str, Market]


def limit_price(side: Side, ticker: Ticker, market: Market, settings: EntrySettings) -> Decimal:
    """Where an entry waits: the offset of the settings better than the last price, or than the own side of the book.

    A post-only order goes by the book, so that it does not trade at once.  On the market's ticks, away from the price.
    """
    sign = 1 if side is Side.BUY else -1
    base = ticker.last
    if settings.type == "post_only":
        base = ticker.bid if side is Side.BUY else ticker.ask
    price = base * (1 - sign * exact(settings.offset_percent) / 100)
    if not market.price_step:
        return price
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    return (price / market.price_step).to_integral_value(rounding) * market.price_step


def at_limit(planned: Sequence[PlannedOrder], quotes: Quotes, settings: EntrySettings) -> list[PlannedOrder]:
    """The same orders, with entries that wait at a limit where the symbol has a price; the rest stays as it is."""
    return [_at_limit(order, quotes, settings) for order in planned]


def _at_limit(order: PlannedOrder, quotes: Quotes, settings: EntrySettings) -> PlannedOrder:
    symbol = order.request.symbol
    if order.leg is not Leg.ENTRY or symbol not in quotes.tickers or symbol not in quotes.markets:
        return order
    price = limit_price(order.request.side, quotes.tickers[symbol], quotes.markets[symbol], settings)
    limit = replace(order.request, type=OrderType.LIMIT, price=price, post_only=settings.type == "post_only")
    return replace(order, request=limit)


class Quoter:
    """Moves entries that wait too long to the present price, as often as the settings allow, then gives them up.

    Every try is an order of its own with the next number.  One that has filled in part is never moved: what filled
    is the position.
    """

    def __init__(
        self, exchange: Exchange, ledger: Ledger, clock: Clock, *, sender: Sender, settings: EntrySettings
    ) -> None:
        self._exchange = exchange
        self._ledger = ledger
        self._clock = clock
        self._sender = sender
        self._settings = settings

    def is_overdue(self, entry: OrderRow) -> bool:
        """Whether an entry has waited at its limit for as long as the settings allow."""
        waits = entry.status is LedgerStatus.OPEN and entry.type is OrderType.LIMIT
        since_ms = entry.sent_ms or entry.decided_ms
        return waits and self._clock.now_ms() - since_ms >= self._settings.timeout * 1000

    async def move(self, entry: OrderRow) -> list[Outcome]:
        """Take back an entry that is overdue, and make it again at the present price if tries are left.

        Nothing where the venue does not confirm that it is taken back: then it is asked for by the next look.
        """
        ended = await self._sender.cancel(entry)
        if ended.status.pending:
            return []
        if ended.filled or ended.status is not LedgerStatus.CANCELED:
            return [outcome_of(ended)]
        return [await self.again(ended)]

    async def again(self, before: OrderRow) -> Outcome:
        """The next try of an entry that ended unfilled; its own outcome where there is none."""
        outcome: Outcome = outcome_of(before)
        while before.attempt <= self._settings.reprice:
            planned = await self._next(before)
            if planned is None:
                break
            row = self._ledger.intend(planned, cycle=before.cycle, at_ms=self._clock.now_ms())
            if row.status is not LedgerStatus.INTENDED:
                break
            outcome = await self._sender.send(row)
            before = outcome.order
            if not would_have_taken(before):
                break
        return outcome

    async def _next(self, before: OrderRow) -> PlannedOrder | None:
        """The entry at the present price; None where there is none, or where it would be beyond its own stop."""
        try:
            ticker = (await self._exchange.tickers([before.symbol])).get(before.symbol)
            market = (await self._exchange.markets()).get(before.symbol)
        except VenueUnavailable as error:
            logger.warning("entry not moved", symbol=before.symbol, error=str(error))
            return None
        if ticker is None or market is None:
            return None
        price = limit_price(before.side, ticker, market, self._settings)
        sign = (Direction.LONG if before.side is Side.BUY else Direction.SHORT).sign
        if before.stop is not None and sign * (price - before.stop) <= 0:
            return None
        attempt = before.attempt + 1
        client_id = client_order_id(before.bot, before.candle_ms, before.symbol, Leg.ENTRY, attempt)
        logger.info("entry moved", symbol=before.symbol, price=plain(price), attempt=attempt)
        return PlannedOrder(
            request=replace(before.request, client_id=client_id, price=price),
            bot=before.bot,
            candle_ms=before.candle_ms,
            leg=Leg.ENTRY,
            attempt=attempt,
            strategy=before.strategy,
            branch=before.branch,
            regime=before.regime,
            confidence=before.confidence,
            reason=before.reason,
            stop=before.stop,
            target=before.target,
            probe=before.probe,
        )


def would_have_taken(row: OrderRow) -> bool:
    """Whether the venue refused a post-only order because it would have traded at once."""
    return row.status is LedgerStatus.REFUSED and row.cause is Refusal.WOULD_TAKE
