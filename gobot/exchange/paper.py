"""Paper trading behind the port: the prices are the venue's, the account and its fills are simulated.

Orders are taken and matched by the same `Venue` as in the simulation, against what was really traded.  Whatever is
asked first looks at the market and plays everything that happened since the last look (see `gobot.exchange.tape`), so
a stop fills at its level although nobody was watching, be it for seconds or for days.  A market order trades at bid
or ask as they are when it arrives, the latency of the settings later, with the slippage of the settings on top.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

from gobot.core import (
    Balance,
    Book,
    Clock,
    Fill,
    FundingPayment,
    Market,
    OrderReport,
    OrderRequest,
    Position,
    Side,
    Ticker,
    Timeframe,
    VenueUnavailable,
    exact,
)
from gobot.exchange.ccxt_client import priority
from gobot.exchange.ccxt_public import CcxtPublic
from gobot.exchange.funding_watch import Due, FundingWatch
from gobot.exchange.priority import Priority
from gobot.exchange.refusals import refused
from gobot.exchange.sim_store import SimStore
from gobot.exchange.tape import Look, Stretch, Tape
from gobot.exchange.venue import Venue
from gobot.exchange.venue_state import VenueState
from gobot.market import Candles

# One reconciliation asks many questions; they are answered from one look.
_FRESH_MS = 1_000
# At the same moment a candle comes before the settlement.
_CANDLE, _SETTLEMENT = 0, 1


class PaperExchange:
    """An `Exchange` with the market of ``public``, which it owns, and an account in the file ``store_path``.

    ``start_equity`` (USDT) counts when the file is new.  ``fee`` (taker) and ``maker_fee`` are fractions, None for
    the venue's own; ``slippage`` is a fraction.  Orders and cancellations take ``latency`` seconds of ``clock`` on
    their way.  Raises `StateError` when the file cannot be used or belongs to another venue.
    """

    def __init__(
        self,
        public: CcxtPublic,
        store_path: Path,
        clock: Clock,
        *,
        start_equity: Decimal,
        fee: float | None = None,
        maker_fee: float | None = None,
        slippage: float = 0.0,
        latency: float = 0.0,
    ) -> None:
        self._public = public
        self._clock, self._latency = clock, latency
        self._fee, self._maker_fee = fee, maker_fee
        self._listed: Mapping[str, Market] = {}
        self._markets: dict[str, Market] = {}
        self._store = SimStore(store_path, f"paper trading at {public.name}", through_power_cuts=True)
        self._state = self._store.load(VenueState(time_ms=public.now_ms(), wallet=exact(start_equity)))
        self._venue = Venue(self._markets, self._state, slippage=slippage)
        self._tape = Tape(public)
        self._funding = FundingWatch(public)
        self._prices: dict[str, float] = {}
        self._looked_ms = 0
        # Between a look and what it leads to nobody else may look or trade.
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"PaperExchange({self._public.name})"

    @property
    def name(self) -> str:
        """The venue's name, and that this is on paper."""
        return f"{self._public.name} on paper"

    @property
    def settle_after_ms(self) -> int:
        """0: an order is applied before `create` returns."""
        return 0

    async def markets(self) -> Mapping[str, Market]:
        """The trading rules of every symbol."""
        async with self._turn:
            return await self._know_markets()

    async def time(self) -> int:
        """The venue's clock."""
        return await self._public.time()

    async def candles(self, symbol: str, timeframe: Timeframe, *, limit: int) -> Candles:
        """The newest closed candles."""
        return await self._public.candles(symbol, timeframe, limit=limit)

    async def tickers(self, symbols: Sequence[str]) -> Mapping[str, Ticker]:
        """Current prices."""
        return await self._public.tickers(symbols)

    async def book(self, symbol: str, *, limit: int = 20) -> Book | None:
        """The best levels of the order book."""
        return await self._public.book(symbol, limit=limit)

    async def balance(self) -> Balance:
        """The account, positions valued at the last price that was traded."""
        async with self._turn:
            await self._look()
            return self._venue.balance(self._mark)

    async def positions(self) -> Sequence[Position]:
        """Every open position."""
        async with self._turn:
            await self._look()
            return self._venue.positions(self._mark)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Every resting order, oldest first."""
        async with self._turn:
            await self._look()
            return [order.report for order in self._state.open_orders()]

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """The newest order of that client id; final orders are forgotten after some thousands more."""
        async with self._turn:
            await self._look()
            order = self._state.find(symbol, client_id)
            return None if order is None else order.report

    async def create(self, request: OrderRequest) -> OrderReport:
        """Send one order; what it does is durable when this returns.

        Raises `VenueRefused` with Binance's codes, and with -1001 where the market cannot be read: without prices
        nothing is traded.
        """
        await self._travel()
        async with self._turn:
            try:
                with priority(Priority.CRITICAL if request.protective else Priority.HIGH):
                    last = await self._price_for(request)
            except VenueUnavailable as error:
                raise refused(-1001, f"Nothing was sent: {error}.") from error
            report = self._venue.place(request, last=last, now_ms=self._public.now_ms())
            self._store.save(self._state)
            return report

    async def cancel(self, symbol: str, client_id: str) -> OrderReport:
        """Cancel one order, if it has not filled meanwhile; durable when this returns.  Raises `VenueRefused`."""
        await self._travel()
        async with self._turn:
            try:
                with priority(Priority.CRITICAL):
                    await self._look()
            except VenueUnavailable as error:
                raise refused(-1001, f"Nothing was cancelled: {error}.") from error
            report = self._venue.cancel(symbol, client_id, now_ms=self._public.now_ms())
            self._store.save(self._state)
            return report

    async def fills(self, *, since_ms: int) -> Sequence[Fill]:
        """Own fills at or after ``since_ms``; the newest few thousand are remembered."""
        async with self._turn:
            await self._look()
            return self._state.fills_since(since_ms)

    async def funding(self, *, since_ms: int) -> Sequence[FundingPayment]:
        """Funding booked at or after ``since_ms``; the newest few thousand are remembered."""
        async with self._turn:
            await self._look()
            return self._state.payments_since(since_ms)

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """The leverage of the next position in ``symbol``.  Raises `VenueRefused`."""
        async with self._turn:
            try:
                await self._know_markets()
            except VenueUnavailable as error:
                raise refused(-1001, f"Nothing was changed: {error}.") from error
            self._venue.set_leverage(symbol, leverage)
            self._store.save(self._state)

    async def close(self) -> None:
        """Release the connections and the file."""
        await self._public.close()
        self._store.close()

    async def _travel(self) -> None:
        """The way of an order to the venue, on which the market moves on."""
        if self._latency:
            await self._clock.sleep(self._latency)

    async def _know_markets(self) -> Mapping[str, Market]:
        listed = await self._public.markets()
        if listed is not self._listed:
            self._listed = listed
            # A market that has gone stays, for there may be a position in it.
            self._markets.update({symbol: self._with_fees(market) for symbol, market in listed.items()})
        return self._markets

    def _with_fees(self, market: Market) -> Market:
        """The market at the fees of the settings, where they state any."""
        return replace(
            market,
            taker_fee=market.taker_fee if self._fee is None else exact(self._fee),
            maker_fee=market.maker_fee if self._maker_fee is None else exact(self._maker_fee),
        )

    async def _price_for(self, request: OrderRequest) -> Decimal | None:
        """The price at which an order would trade now, None where there is none; all is played up to this moment.

        An order must not be matched with what was traded before it came, so its symbol is looked at once more.
        """
        symbol = request.symbol
        await self._look()
        market = self._listed.get(symbol)
        if market is None or not market.active:
            return None
        look = await self._tape.look(symbol, since_ms=self._public.now_ms())
        quote = await self._public.quote(symbol)
        self._play([look], ())
        if quote is None:
            return None
        return quote.ask if request.side is Side.BUY else quote.bid

    async def _look(self) -> None:
        """Bring the account to the present: match, settle, remember.

        Raises `VenueUnavailable` when a symbol at work cannot be read; what the others showed is kept.
        """
        await self._know_markets()
        state, now = self._state, self._public.now_ms()
        if 0 <= now - self._looked_ms < _FRESH_MS:
            return
        # An order that has to be sent may be waiting for the end of this.
        with priority(Priority.HIGH):
            looks, failures = await self._look_at(state.symbols_at_work())
        if failures:
            self._play(looks, ())
            raise failures[0]
        due = await self._funding.due(state.holdings, after_ms=state.time_ms, until_ms=now)
        state.time_ms = max(state.time_ms, now)
        self._play(looks, due)
        self._looked_ms = now
        self._tape.forget_all_but(state.symbols_at_work())
        await self._funding.ask(list(state.holdings), now_ms=now)

    async def _look_at(self, symbols: Sequence[str]) -> tuple[list[Look], list[BaseException]]:
        since_ms = self._state.time_ms
        looking = (self._tape.look(symbol, since_ms=since_ms) for symbol in symbols)
        results = await asyncio.gather(*looking, return_exceptions=True)
        looks = [result for result in results if isinstance(result, Look)]
        return looks, [result for result in results if isinstance(result, BaseException)]

    def _play(self, looks: Iterable[Look], due: Iterable[Due]) -> None:
        """Let what was seen happen, in order of time, and remember it.  Nothing is awaited in between."""
        moments: list[tuple[int, int, str, Callable[[], None]]] = []
        for look in looks:
            moments += [
                (stretch.until_ms, _CANDLE, look.symbol, partial(self._match, look.symbol, stretch))
                for stretch in look.stretches
            ]
            self._tape.keep(look)
        moments += [(one.at_ms, _SETTLEMENT, one.symbol, partial(self._settle, one)) for one in due]
        for _, _, _, happen in sorted(moments, key=lambda moment: moment[:3]):
            happen()
        self._store.save(self._state)

    def _match(self, symbol: str, stretch: Stretch) -> None:
        self._venue.match(symbol, stretch.bar, close_ms=stretch.until_ms)
        self._prices[symbol] = stretch.bar.close

    def _settle(self, due: Due) -> None:
        if due.symbol in self._state.holdings:
            self._venue.settle(due.symbol, due.rate, self._mark(due.symbol), at_ms=due.at_ms)

    def _mark(self, symbol: str) -> Decimal:
        """The last price that was seen, or that of the entry where the venue has shown none since."""
        price = self._prices.get(symbol)
        return self._state.holdings[symbol].entry_price if price is None else exact(price)
