"""The only door from gobot to a venue's order book."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from loguru import logger

from gobot.core import Clock, UsageError, VenueError, VenueUnavailable
from gobot.execution.bookkeeper import Bookkeeper
from gobot.execution.differences import Reconciliation
from gobot.execution.guardian import Guardian
from gobot.execution.judge import STALE
from gobot.execution.opener import Bracket, Opener, brackets_of
from gobot.execution.outcomes import Executed, Outcome
from gobot.execution.performer import Adoption, Performer
from gobot.execution.planning import OwnPosition, is_stale, origin_of, plan
from gobot.execution.quoting import Quoter, Quotes, at_limit
from gobot.execution.reconciler import Reconciler
from gobot.execution.sender import Sender
from gobot.ledger import Ledger, LedgerStatus, Leg, OrderRow, PlannedOrder, Trade
from gobot.settings.trading import EntrySettings, ExternalSettings

if TYPE_CHECKING:
    from gobot.exchange import Exchange
    from gobot.risk import Approved


class Execution:
    """Carries out decisions and keeps ledger and venue in agreement.

    The ledger is committed before anything is sent and after everything that is learned, so the process may be
    killed anywhere: `reconcile` and `execute` go on from what the ledger says.  Commands exclude one another; a
    second one waits.  Call `reconcile` first after a start.

        orders = execution.plan(approved, candle_ms)
        ledger.decide(cycle, candle_ms, now_ms, orders, decisions)
        executed = await execution.execute(cycle)
    """

    def __init__(
        self,
        exchange: Exchange,
        ledger: Ledger,
        clock: Clock,
        *,
        bot: str,
        leverage: int,
        entry: EntrySettings | None = None,
        external: ExternalSettings | None = None,
        adopted_stop_percent: float = 2.0,
    ) -> None:
        self._exchange = exchange
        self._ledger = ledger
        self._clock = clock
        self._bot = bot
        self._leverage = leverage
        self._sender = Sender(exchange, ledger, clock)
        external = external or ExternalSettings()
        self._bookkeeper = Bookkeeper(exchange, ledger, clock, tells_resizing=external.changes == "alert")
        self._guardian = Guardian(ledger, clock, self._sender)
        self._entry = entry or EntrySettings()
        quoter = Quoter(exchange, ledger, clock, sender=self._sender, settings=self._entry)
        self._opener = Opener(ledger, self._sender, self._guardian, quoter)
        performer = Performer(
            exchange,
            ledger,
            clock,
            sender=self._sender,
            guardian=self._guardian,
            bookkeeper=self._bookkeeper,
            quoter=quoter,
            adoption=Adoption(bot=bot, stop_percent=adopted_stop_percent),
        )
        self._reconciler = Reconciler(
            exchange,
            ledger,
            clock,
            sender=self._sender,
            bookkeeper=self._bookkeeper,
            guardian=self._guardian,
            performer=performer,
            quoter=quoter,
            external=external,
        )
        self._lock = asyncio.Lock()
        self._leveraged: set[str] = set()
        self._quarantined: Mapping[str, str] = {}

    def plan(self, approved: Sequence[Approved], candle_ms: int, quotes: Quotes | None = None) -> list[PlannedOrder]:
        """The orders for what risk approved on the candle that opened at ``candle_ms``; to be given to the ledger.

        ``quotes`` are the present prices, for entries at a limit.
        """
        planned = plan(approved, bot=self._bot, candle_ms=candle_ms)
        if quotes is None or self._entry.type == "market":
            return planned
        return at_limit(planned, quotes, self._entry)

    async def execute(self, cycle: int) -> Executed:
        """Send what the cycle decided and has not been sent yet.

        A bracket whose symbol has a position, is quarantined or has an unknown order is given up instead, and so is
        everything whose candle is over.  Raises nothing that the venue does: what is not known yet is left to
        `reconcile`.
        """
        async with self._lock:
            rows = self._ledger.cycle_orders(cycle)
            exits = [row for row in rows if row.leg is Leg.EXIT and row.status is LedgerStatus.INTENDED]
            outcomes = [await self._exit(row) for row in exits]
            brackets = brackets_of(rows)
            if outcomes and brackets:
                await self._book_if_possible(outcomes)
            for bracket in brackets:
                if bracket.is_new:
                    outcomes += await self._opener.withdraw("a newer decision takes its place", bracket)
                obstacle = await self._obstacle(bracket) if bracket.is_new else None
                if obstacle is None:
                    outcomes += await self._opener.open(bracket)
                else:
                    outcomes += await self._opener.give_up(bracket.entry, obstacle)
            return await self._executed(outcomes)

    async def reconcile(self) -> Reconciliation:
        """Make ledger and venue agree; doing it twice changes nothing.

        Raises `VenueUnavailable` when a question was not answered, which never means "flat" or "gone".
        """
        async with self._lock:
            reconciliation = await self._reconciler.reconcile()
            self._quarantined = reconciliation.quarantined
            return reconciliation

    async def close(self, symbol: str, reason: str) -> Executed:
        """Close gobot's own position in ``symbol`` at the market.

        Raises `UsageError` when gobot has none there, `VenueUnavailable` when the venue cannot be asked.
        """
        async with self._lock:
            return await self._close([self._own_trade(symbol)], reason)

    async def time_out(self, symbol: str, reason: str) -> Executed:
        """Close gobot's own position in ``symbol`` because its time is up; like `close` in every other way."""
        async with self._lock:
            return await self._close([self._own_trade(symbol)], reason, Leg.TIME)

    async def close_all(self, reason: str) -> Executed:
        """Close every position that gobot opened at the market.  Raises `VenueUnavailable`."""
        async with self._lock:
            return await self._close([t for t in self._ledger.open_trades() if not t.is_external], reason)

    async def cancel_entries(self, reason: str = "entries were stopped") -> Executed:
        """Drop entries that were not sent and cancel those that rest, with everything that waits for them."""
        async with self._lock:
            return await self._executed(await self._opener.withdraw(reason))

    async def move_stop(self, symbol: str, stop: Decimal) -> Executed:
        """Move the stop of gobot's position in ``symbol`` to the price ``stop``, which is on the venue's grid.

        The new stop rests before the old one is cancelled.  A refused one leaves the old one where it is, except
        that a price which has been passed already closes the position.  Raises `UsageError` when there is no
        position of gobot's.
        """
        async with self._lock:
            trade = self._own_trade(symbol)
            outcomes = [] if trade.stop == stop else await self._guardian.arm(OwnPosition.of_trade(trade), stop)
            return await self._executed(outcomes)

    async def _exit(self, row: OrderRow) -> Outcome:
        if is_stale(row, self._clock.now_ms()):
            return self._sender.drop(row, STALE)
        return await self._sender.send(row)

    async def _close(self, trades: Sequence[Trade], reason: str, leg: Leg = Leg.CLOSE) -> Executed:
        positions = {position.symbol: position for position in await self._exchange.positions()}
        outcomes: list[Outcome] = []
        for trade in trades:
            theirs = positions.get(trade.symbol)
            if theirs is not None and theirs.direction is trade.direction:
                position = replace(OwnPosition.of_trade(trade), quantity=theirs.quantity)
                outcomes += await self._guardian.close(position, reason, leg)
        if not outcomes:
            # The venue is flat already: what closed it is news.
            await self._bookkeeper.book()
        return await self._executed(outcomes)

    def _own_trade(self, symbol: str) -> Trade:
        for trade in self._ledger.open_trades():
            if trade.symbol == symbol and not trade.is_external:
                return trade
        raise UsageError(f"gobot has no position of its own in {symbol}: 'gobot positions' lists those it has")

    async def _obstacle(self, bracket: Bracket) -> str | None:
        """Why an entry must not be sent, None if nothing stands in its way."""
        symbol = bracket.entry.symbol
        if is_stale(bracket.entry, self._clock.now_ms()):
            return STALE
        if symbol in self._quarantined:
            return f"{symbol} is quarantined: {self._quarantined[symbol]}"
        if any(trade.symbol == symbol for trade in self._ledger.open_trades()):
            return f"{symbol} still has a position"
        for row in self._ledger.unsettled():
            if row.symbol == symbol and row.status is LedgerStatus.SENT and origin_of(row) != origin_of(bracket.entry):
                return f"the outcome of {row.client_id} is unknown"
        return await self._set_leverage(symbol)

    async def _set_leverage(self, symbol: str) -> str | None:
        """Set the leverage once per start and symbol; why that failed, None if it did not."""
        if symbol in self._leveraged:
            return None
        try:
            await self._exchange.set_leverage(symbol, self._leverage)
        except VenueError as error:
            return f"leverage {self._leverage} could not be set: {error}"
        self._leveraged.add(symbol)
        return None

    async def _executed(self, outcomes: Sequence[Outcome]) -> Executed:
        await self._book_if_possible(outcomes)
        return Executed(outcomes=tuple(outcomes), changes=self._bookkeeper.news())

    async def _book_if_possible(self, outcomes: Sequence[Outcome]) -> None:
        """Book what orders brought, and clear away what they ended; what is not answered is left to the next look."""
        if not outcomes:
            return
        try:
            await self._bookkeeper.book()
        except VenueUnavailable as error:
            logger.warning("fills not booked yet", error=str(error))
        await self._guardian.clear_away(outcomes)
