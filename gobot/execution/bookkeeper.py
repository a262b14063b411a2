"""Fills and funding from the venue into the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loguru import logger

from gobot.core import Clock, plain
from gobot.ledger import ChangeKind, Ledger, Trade, TradeChange

if TYPE_CHECKING:
    from gobot.exchange import Exchange

LATE_MS = 600_000
"""How late a venue may report a fill: so far back every look goes, beyond what was asked for before."""


class Bookkeeper:
    """Asks for what happened since the last look, and books it.

    The ledger's watermark says where to begin after a start.  Later looks begin `LATE_MS` before the last one that
    was answered, so a quiet month does not become a month of history to ask for.  ``tells_resizing`` says whether it is
    news that somebody else traded on a position of gobot's.
    """

    def __init__(self, exchange: Exchange, ledger: Ledger, clock: Clock, *, tells_resizing: bool = True) -> None:
        self._exchange = exchange
        self._ledger = ledger
        self._clock = clock
        self._fills_asked_ms = 0
        self._funding_asked_ms = 0
        self._news: list[TradeChange] = []
        self._tells_resizing = tells_resizing

    async def book(self, *, since_ms: int | None = None) -> None:
        """Book fills and funding; ``since_ms`` looks back further than usual.  Raises `VenueUnavailable`."""
        now_ms = self._clock.now_ms()
        since = max(self._ledger.fills_watermark(), self._fills_asked_ms - LATE_MS)
        fills = await self._exchange.fills(since_ms=since if since_ms is None else min(since, since_ms))
        self._note(self._ledger.book(fills))
        self._fills_asked_ms = now_ms
        since = max(self._ledger.funding_watermark(), self._funding_asked_ms - LATE_MS)
        self._ledger.book_funding(await self._exchange.funding(since_ms=since))
        self._funding_asked_ms = now_ms

    def write_off(self, trade: Trade) -> None:
        """Close the record of a position that is gone without a fill."""
        self._note([self._ledger.write_off(trade.id, self._clock.now_ms())])

    @property
    def ended(self) -> set[str]:
        """Symbols whose trades have closed since `news` was last called."""
        return {change.trade.symbol for change in self._news if change.kind is ChangeKind.CLOSED}

    def news(self) -> tuple[TradeChange, ...]:
        """Trades that opened or closed since this was last called; none is lost when a command fails in between."""
        news, self._news = tuple(self._news), []
        return news

    def _note(self, changes: Sequence[TradeChange]) -> None:
        self._news += [c for c in changes if self._tells_resizing or c.kind is not ChangeKind.RESIZED]
        for change in changes:
            _tell(change)


def _tell(change: TradeChange) -> None:
    trade = change.trade
    logger.info(
        f"trade {change.kind}",
        trade=trade.id,
        symbol=trade.symbol,
        direction=str(trade.direction),
        quantity=plain(trade.quantity),
        pnl=plain(trade.pnl),
        exit_reason=trade.exit_reason,
        bot=trade.bot,
    )
