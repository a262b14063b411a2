"""The one port to every market: live, testnet, paper and simulated venues look the same from above.

Error contract.  Reading calls raise `VenueUnavailable` when nothing was learned.  Writing calls (`create`,
`cancel`) return the venue's word, or raise `VenueRefused` when the venue proved that it did not act, or
`OutcomeUnknown` in every other case.  No implementation retries a writing call.  `VenueRefused.cause` says what the
refusal means in words that hold for every venue; those above go by it, never by a venue's codes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from gobot.core import (
    Balance,
    Book,
    Fill,
    FundingPayment,
    Market,
    OrderReport,
    OrderRequest,
    Position,
    Ticker,
    Timeframe,
)
from gobot.market import Candles


class Exchange(Protocol):
    """What the daemon knows of a venue.  All times are ms UTC, all symbols ccxt's unified ones."""

    @property
    def name(self) -> str:
        """The venue's name, for logs and the ledger."""

    @property
    def settle_after_ms(self) -> int:
        """How long after sending an order its absence from the venue proves that it will never appear.

        0 where orders are applied before the call returns; recvWindow and a margin on a real venue.
        """

    async def markets(self) -> Mapping[str, Market]:
        """The trading rules of every symbol."""

    async def time(self) -> int:
        """The venue's clock."""

    async def candles(self, symbol: str, timeframe: Timeframe, *, limit: int) -> Candles:
        """The newest ``limit`` candles that have closed; fewer where the venue has fewer."""

    async def tickers(self, symbols: Sequence[str]) -> Mapping[str, Ticker]:
        """Current prices; a symbol the venue does not quote is missing from the answer."""

    async def book(self, symbol: str, *, limit: int = 20) -> Book | None:
        """The best ``limit`` levels of each side of the order book; None where the market is made of candles."""

    async def balance(self) -> Balance:
        """The account."""

    async def positions(self) -> Sequence[Position]:
        """Every open position; the venue's whole truth, so a symbol that is missing is flat."""

    async def open_orders(self) -> Sequence[OrderReport]:
        """Every resting order, conditional ones included."""

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """One order by client id, None when the venue does not know it."""

    async def create(self, request: OrderRequest) -> OrderReport:
        """Send one order."""

    async def cancel(self, symbol: str, client_id: str) -> OrderReport:
        """Cancel one order; an order that is already final is reported as it is."""

    async def fills(self, *, since_ms: int) -> Sequence[Fill]:
        """Own fills at or after ``since_ms``, oldest first, over all symbols."""

    async def funding(self, *, since_ms: int) -> Sequence[FundingPayment]:
        """Funding booked at or after ``since_ms``, oldest first."""

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """Use isolated margin with this leverage for ``symbol`` from now on."""

    async def close(self) -> None:
        """Release connections and files."""


class Hints(Protocol):
    """What a venue's user stream is good for: it says when to look, never what there is to see.

    Fills, orders and positions are always asked for; a hint that is lost, doubled or wrong costs time, not truth.
    """

    @property
    def alive(self) -> bool:
        """Whether the stream is connected and was heard lately, so that a change would be hinted at."""

    async def wait(self) -> None:
        """Return once something has happened on the account since the last call; at once if it has already."""


class NoHints:
    """The hints of a venue without a user stream: none ever comes, so the account is polled."""

    alive = False

    async def wait(self) -> None:
        """Never return."""
        await asyncio.Event().wait()
