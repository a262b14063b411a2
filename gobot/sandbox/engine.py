"""The venue in time: brings every symbol along its price path to the present, and whatever that sets off."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from gobot.core import Clock, Market
from gobot.exchange.feed import Bar
from gobot.exchange.venue import Venue
from gobot.exchange.venue_state import VenueState
from gobot.sandbox.algos import Algo
from gobot.sandbox.book import Book, Listener
from gobot.sandbox.liquidity import Liquidity
from gobot.sandbox.listings import Listings
from gobot.sandbox.prices import Leg, Prices

_DEFAULT_LEVERAGE = 20
# Triggers in one leg: each ends an order, and an account may have a few hundred.
_MOST_TRIGGERS = 10_000


class Engine:
    """The futures venue: prices, one account, and the time that both have reached.

    ``clock`` is everybody's; a fault may set the venue's own wrong.  ``companions`` are brought along: each is told
    every stretch of time before it is over.
    """

    def __init__(
        self,
        prices: Prices,
        listings: Listings,
        clock: Clock,
        *,
        slippage: float,
        listener: Listener,
        liquidity: Liquidity,
    ) -> None:
        self.prices = prices
        self.listings = listings
        self.now_ms = clock.now_ms()
        self._clock = clock
        self._skew_ms = 0
        markets: dict[str, Market] = {listing.market.symbol: listing.market for listing in listings}
        state = VenueState(time_ms=self.now_ms, wallet=Decimal(0))
        for symbol, market in markets.items():
            state.put_leverage(symbol, min(_DEFAULT_LEVERAGE, market.max_leverage))
        self.venue = Venue(markets, state, slippage=slippage, depth=liquidity.depth)
        liquidity.know(markets)
        self.liquidity = liquidity
        self.book = Book(self.venue, listings, self.price, self.true_time, listener)
        self.frozen: dict[str, Decimal] = {}
        self.pending: list[tuple[int, Callable[[], None]]] = []
        self.companions: list[Callable[[int, int], None]] = []

    def price(self, symbol: str, at_ms: int | None = None) -> Decimal:
        """The price now, or at a moment; a symbol that is no longer traded keeps its last one."""
        if symbol in self.frozen:
            return self.frozen[symbol]
        return self.prices.price(symbol, self.now_ms if at_ms is None else at_ms)

    @property
    def shown_ms(self) -> int:
        """What the venue's clock says."""
        return self._clock.now_ms() + self._skew_ms

    def skew(self, skew_ms: int) -> None:
        """From now on the venue's clock is so far ahead of everybody else's (below 0: behind).

        One that is put back stands still, with all prices, until its old time has come again.
        """
        self._skew_ms = skew_ms

    def true_time(self, at_ms: int) -> int:
        """A moment of the venue by everybody else's clock."""
        return min(at_ms - self._skew_ms, self._clock.now_ms())

    def mark(self, symbol: str) -> Decimal:
        """The price at which positions are valued."""
        return self.price(symbol)

    def later(self, delay_ms: int, action: Callable[[], None]) -> None:
        """Do something in ``delay_ms``, whatever happens to the venue's clock meanwhile."""
        self.pending.append((self._clock.now_ms() + delay_ms, action))
        self.pending.sort(key=lambda entry: entry[0])

    def advance(self) -> int:
        """Bring everything to the clock's time, and return that time."""
        now = self._clock.now_ms()
        while self.pending and self.pending[0][0] <= now:
            at_ms, action = self.pending.pop(0)
            self._advance_to(at_ms + self._skew_ms)
            action()
        self._advance_to(now + self._skew_ms)
        return self.now_ms

    def _advance_to(self, now: int) -> None:
        """In steps that end at each settlement of funding."""
        while self.now_ms < now:
            due = [
                (at_ms, symbol, rate)
                for symbol in self.venue.state.holdings
                for at_ms, rate in self.prices.funding(symbol, self.now_ms, now)
            ]
            until = min((at_ms for at_ms, _, _ in due), default=now)
            self._play(until)
            for at_ms, symbol, rate in due:
                if at_ms == until:
                    self.venue.settle(symbol, rate, self.price(symbol, until), at_ms=until)
                    self.book.note(until)

    def _play(self, until: int) -> None:
        state, book = self.venue.state, self.book
        at_work = {*state.symbols_at_work(), *(algo.symbol for algo in book.open_algos())}
        for symbol in sorted(at_work - self.frozen.keys()):
            for leg in self.prices.legs(symbol, self.now_ms, until):
                self._walk(symbol, leg)
        for companion in self.companions:
            companion(self.now_ms, until)
        self.now_ms = max(self.now_ms, until)
        state.time_ms = self.now_ms

    def _walk(self, symbol: str, leg: Leg) -> None:
        """Go along a leg, stopping wherever a conditional order is triggered."""
        book = self.book
        for _ in range(_MOST_TRIGGERS):
            hit = self._first_trigger(symbol, leg)
            stop = leg.end if hit is None else hit[0]
            self._match(symbol, leg, stop)
            if hit is None:
                break
            price, algo = hit
            # What was matched on the way may have ended it.
            if book.algos[algo.id].is_open:
                book.fire(book.algos[algo.id], price, leg.end_ms)
            leg = leg._replace(start=stop)
        book.see(symbol, leg.end)
        book.call_margin(symbol, leg.end, leg.end_ms)

    def _first_trigger(self, symbol: str, leg: Leg) -> tuple[Decimal, Algo] | None:
        hits = [
            (abs(price - leg.start), algo.id, price, algo)
            for algo in self.book.open_algos(symbol)
            if (price := algo.triggered_in(leg)) is not None
        ]
        if not hits:
            return None
        _, _, price, algo = min(hits, key=lambda hit: hit[:2])
        return price, algo

    def _match(self, symbol: str, leg: Leg, stop: Decimal) -> None:
        if symbol not in self.venue.state.symbols_at_work():
            return
        start, end = float(leg.end if leg.jump else leg.start), float(stop)
        self.venue.match(symbol, Bar(start, max(start, end), min(start, end), end), close_ms=leg.end_ms)
        self.book.note(leg.end_ms)
