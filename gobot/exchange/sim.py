"""The simulated venue behind the port: history or synthetic prices at any speed, with a memory of its own.

It lives in the daemon's process but is another party.  Candles are matched lazily: whatever is asked first plays
all candles that have closed by the clock, so the answers depend on the time alone, not on when or how often the
venue was asked.  At a time inside a candle the price is that candle's open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from gobot.core import (
    DAY_MS,
    Balance,
    Book,
    Clock,
    Fill,
    FundingPayment,
    Market,
    OrderReport,
    OrderRequest,
    Position,
    Ticker,
    Timeframe,
    exact,
)
from gobot.exchange.feed import MarketFeed
from gobot.exchange.gate import Gate, OpenGate
from gobot.exchange.limits_binance import klines_weight
from gobot.exchange.priority import Priority
from gobot.exchange.sim_store import SimStore
from gobot.exchange.venue import Venue
from gobot.exchange.venue_state import VenueState
from gobot.market import Candles
from gobot.matching import slipped


class SimExchange:
    """An `Exchange` over a feed, durable in the file ``store_path``.

    ``start_equity`` (USDT) counts when the file is new.  ``fee`` (taker), ``maker_fee`` and ``slippage`` are
    fractions.  Raises `StateError` when the file cannot be used or belongs to another market.
    """

    def __init__(
        self,
        feed: MarketFeed,
        clock: Clock,
        store_path: Path,
        *,
        start_equity: Decimal,
        fee: float | Decimal = Decimal("0.0005"),
        maker_fee: float | Decimal = Decimal("0.0002"),
        slippage: float = 0.0,
        limiter: Gate | None = None,
    ) -> None:
        self._feed, self._clock = feed, clock
        self._gate: Gate = limiter or OpenGate()
        taker, maker = exact(fee), exact(maker_fee)
        self._markets = {s: replace(m, taker_fee=taker, maker_fee=maker) for s, m in feed.markets.items()}
        self._store = SimStore(store_path, feed.identity)
        state = self._store.load(VenueState(time_ms=feed.start_ms, wallet=exact(start_equity)))
        self._state = state
        self._slippage = slippage
        self._venue = Venue(self._markets, state, slippage=slippage)

    def __repr__(self) -> str:
        return f"SimExchange({self._feed.identity})"

    @property
    def name(self) -> str:
        """``sim``."""
        return "sim"

    @property
    def settle_after_ms(self) -> int:
        """0: an order is applied before `create` returns."""
        return 0

    @property
    def venue_time(self) -> int:
        """How far the venue has come (ms UTC): where a clock goes on after a restart."""
        return self._state.time_ms

    @property
    def end_ms(self) -> int | None:
        """When the prices are used up (ms UTC), None where they never are."""
        return self._feed.end_ms

    @property
    def exhausted(self) -> bool:
        """Whether the prices are used up at the clock's time."""
        return self.end_ms is not None and self._clock.now_ms() >= self.end_ms

    def next_event_ms(self, after_ms: int) -> int:
        """When the next candle closes, strictly after ``after_ms``: nothing happens at the venue before."""
        return self._feed.step.floor(after_ms) + self._feed.step.ms

    async def markets(self) -> Mapping[str, Market]:
        """The trading rules of every symbol."""
        await self._turn(Priority.NORMAL, "GET /fapi/v1/exchangeInfo")
        return self._markets

    async def time(self) -> int:
        """The venue's clock."""
        await self._turn(Priority.NORMAL, "GET /fapi/v1/time")
        return self._play()

    async def candles(self, symbol: str, timeframe: Timeframe, *, limit: int) -> Candles:
        """The newest closed candles, as views of the feed's own columns."""
        await self._turn(Priority.NORMAL, "GET /fapi/v1/klines", klines_weight(limit))
        return self._feed.candles(symbol, timeframe, end_ms=self._play(), limit=limit)

    async def tickers(self, symbols: Sequence[str]) -> Mapping[str, Ticker]:
        """Current prices, the slippage as their spread; a symbol in a gap of its candles is missing."""
        await self._turn(Priority.NORMAL, "GET /fapi/v1/ticker/24hr")
        now = self._play()
        tickers = ((symbol, self._ticker(symbol, now)) for symbol in symbols)
        return {symbol: ticker for symbol, ticker in tickers if ticker is not None}

    async def book(self, symbol: str, *, limit: int = 20) -> Book | None:  # noqa: ARG002  # as the port has it
        """None: candles have no order book."""
        return None

    async def balance(self) -> Balance:
        """The account, positions valued at the current price or, in a gap, at the last one."""
        await self._turn(Priority.NORMAL, "GET /fapi/v3/account")
        self._play()
        return self._venue.balance(self._mark)

    async def positions(self) -> Sequence[Position]:
        """Every open position."""
        await self._turn(Priority.NORMAL, "GET /fapi/v3/positionRisk")
        self._play()
        return self._venue.positions(self._mark)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Every resting order, oldest first."""
        await self._turn(Priority.NORMAL, "GET /fapi/v1/openOrders")
        self._play()
        return [order.report for order in self._state.open_orders()]

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """The newest order of that client id; the venue forgets final orders after some thousands more."""
        await self._turn(Priority.NORMAL, "GET /fapi/v1/order")
        self._play()
        order = self._state.find(symbol, client_id)
        return None if order is None else order.report

    async def create(self, request: OrderRequest) -> OrderReport:
        """Send one order; what it does is durable when this returns.  Raises `VenueRefused` with Binance's codes."""
        priority = Priority.CRITICAL if request.protective else Priority.HIGH
        await self._turn(priority, "POST /fapi/v1/order")
        now = self._play()
        bar = self._feed.bar(request.symbol, self._feed.step.floor(now))
        last = None if bar is None else exact(bar.open)
        report = self._venue.place(request, last=last, now_ms=now)
        self._store.save(self._state)
        return report

    async def cancel(self, symbol: str, client_id: str) -> OrderReport:
        """Cancel one order; durable when this returns."""
        await self._turn(Priority.CRITICAL, "DELETE /fapi/v1/order")
        report = self._venue.cancel(symbol, client_id, now_ms=self._play())
        self._store.save(self._state)
        return report

    async def fills(self, *, since_ms: int) -> Sequence[Fill]:
        """Own fills at or after ``since_ms``; the newest few thousand are remembered."""
        await self._turn(Priority.NORMAL, "GET /fapi/v1/userTrades")
        self._play()
        return self._state.fills_since(since_ms)

    async def funding(self, *, since_ms: int) -> Sequence[FundingPayment]:
        """Funding booked at or after ``since_ms``; the newest few thousand are remembered."""
        await self._turn(Priority.NORMAL, "GET /fapi/v1/income")
        self._play()
        return self._state.payments_since(since_ms)

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """The leverage of the next position in ``symbol``."""
        await self._turn(Priority.HIGH, "POST /fapi/v1/leverage")
        self._play()
        self._venue.set_leverage(symbol, leverage)
        self._store.save(self._state)

    async def close(self) -> None:
        """Release the file."""
        self._store.close()

    async def _turn(self, priority: Priority, endpoint: str, weight: int | None = None) -> None:
        """Wait for a place in the venue's limits.  The venue always answers, so no refusal counts as a failure."""
        async with self._gate.slot(priority, endpoint, weight):
            pass

    def _play(self) -> int:
        """Bring the venue to the clock's time: match, settle, remember.  Returns that time."""
        state, now = self._state, self._clock.now_ms()
        if now <= state.time_ms:
            return state.time_ms
        step, settled = self._feed.step, state.time_ms
        close = self.next_event_ms(state.time_ms)
        while close <= now and (symbols := state.symbols_at_work()):
            self._settle_funding(settled, close - 1)
            settled = close - 1
            for symbol in symbols:
                bar = self._feed.bar(symbol, close - step.ms)
                if bar is not None:
                    # Its last millisecond: what happened inside a candle belongs to it, and to its day.
                    self._venue.match(symbol, bar, close_ms=close - 1)
            close += step.ms
        self._settle_funding(settled, now)
        state.time_ms = now
        self._store.save(state)
        return now

    def _settle_funding(self, after_ms: int, until_ms: int) -> None:
        """Settle what is due in between; at a candle's close the candle comes first."""
        due = [
            (at_ms, symbol, rate)
            for symbol in self._state.holdings
            for at_ms, rate in self._feed.funding(symbol, after_ms, until_ms)
        ]
        for at_ms, symbol, rate in sorted(due):
            self._venue.settle(symbol, rate, self._price(symbol, at_ms), at_ms=at_ms)

    def _ticker(self, symbol: str, now: int) -> Ticker | None:
        step = self._feed.step
        bar = self._feed.bar(symbol, step.floor(now))
        if bar is None:
            return None
        day = self._feed.candles(symbol, step, end_ms=now, limit=DAY_MS // step.ms).between(now - DAY_MS)
        rate = self._feed.next_funding_rate(symbol, now)
        return Ticker(
            symbol=symbol,
            last=exact(bar.open),
            bid=exact(float(slipped(bar.open, -1, self._slippage))),
            ask=exact(float(slipped(bar.open, 1, self._slippage))),
            time_ms=now,
            quote_volume=exact(float(day.close @ day.volume)),
            funding_rate=None if rate is None else exact(rate),
        )

    def _mark(self, symbol: str) -> Decimal:
        return self._price(symbol, self._state.time_ms)

    def _price(self, symbol: str, at_ms: int) -> Decimal:
        """The current price, or where there is none the last close before it."""
        bar = self._feed.bar(symbol, self._feed.step.floor(at_ms))
        if bar is not None:
            return exact(bar.open)
        return exact(float(self._feed.candles(symbol, self._feed.step, end_ms=at_ms, limit=1).close[-1]))
