"""A venue with an account behind the port, through ccxt: real money, or test money on the venue's testnet.

The code knows no venue.  ccxt's unified methods do most of it, and `gobot.exchange.quirks` says the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from loguru import logger

from gobot.core import (
    Balance,
    Book,
    Clock,
    ConfigError,
    Fill,
    FundingPayment,
    Market,
    OrderReport,
    OrderRequest,
    Position,
    Ticker,
    Timeframe,
    VenueRefused,
    VenueUnavailable,
)
from gobot.exchange.ccxt_account import CcxtAccount
from gobot.exchange.ccxt_client import KeysNotAccepted, last_call
from gobot.exchange.ccxt_orders import CcxtOrders
from gobot.exchange.ccxt_public import CcxtPublic
from gobot.exchange.ccxt_trades import OwnTrades, all_between
from gobot.exchange.ccxt_words import number, payment_of, position_of
from gobot.exchange.ccxt_writing import NOT_SENT, written
from gobot.exchange.quirks import Quirks
from gobot.market import Candles

# How long an order that was taken in time may still be on its way inside the venue.
_MARGIN_MS = 10_000
_FUNDING_FRESH_MS = 60_000
_HOUR_MS = 3_600_000


class CcxtExchange:
    """An `Exchange` with the market of ``public``, which it owns, and the account of the keys of its ``client``.

    ``symbols`` are those that are traded.  Call `start` before anything else.
    """

    def __init__(
        self,
        public: CcxtPublic,
        client: Any,
        quirks: Quirks,
        clock: Clock,
        *,
        symbols: Sequence[str],
        leverage: int,
        allow_withdrawal_key: bool = False,
    ) -> None:
        client.options.update({**quirks.options, "recvWindow": quirks.receive_window_ms})
        # Asking for currencies takes keys and tells nothing that is wanted here.
        client.has = {**client.has, "fetchCurrencies": False}
        self._public = public
        self._client = client
        self._quirks = quirks
        self._clock = clock
        self._symbols = tuple(symbols)
        self._leverage = leverage
        self._allow_withdrawal_key = allow_withdrawal_key
        self.account = CcxtAccount(public.name, client, quirks, self._ask)
        """The account's settings, for whoever examines them."""
        self._trades = OwnTrades(
            client, quirks, ask=self._ask, now_ms=public.now_ms, price_in_quote=self._price_in_quote
        )
        self._orders = CcxtOrders(
            public.name, client, quirks, self._trades, ask=self._ask, write=self._write, now_ms=public.now_ms
        )
        self._leverages: dict[str, int] = {}
        # What was seen last: a change is what makes fills worth asking for.
        self._held: dict[str, tuple[Decimal, Decimal]] = {}
        self._payments: tuple[int, int, tuple[FundingPayment, ...]] | None = None

    def __repr__(self) -> str:
        return f"CcxtExchange({self.name})"

    @property
    def name(self) -> str:
        """The venue's id in ccxt."""
        return self._public.name

    @property
    def settle_after_ms(self) -> int:
        """The time for which a signed order may be taken, and a margin for the venue to work it off."""
        return self._quirks.receive_window_ms + _MARGIN_MS

    @property
    def clock_ahead_ms(self) -> int:
        """By how much the venue's clock is ahead of ours; what is signed follows the venue's."""
        return self._public.ahead_ms

    async def start(self) -> dict[str, str]:
        """Make the account fit for trading; symbols that cannot be traded as the settings say, with the reason.

        Sets and verifies one-way mode, isolated margin and leverage.  Raises `ConfigError` for a key or an account
        that must not be traded with, `VenueUnavailable` when the venue cannot be asked.
        """
        markets = await self.markets()
        await self._public.time()
        try:
            await self.account.require_key(allow_withdrawal=self._allow_withdrawal_key)
            await self.account.require_one_way()
        except KeysNotAccepted as error:
            raise ConfigError(
                f"{error}: check GOBOT_EXCHANGE__API_KEY and GOBOT_EXCHANGE__SECRET, that the key is for this venue "
                "and mode, and that it may be used from this address"
            ) from error
        problems = {
            symbol: f"{self.name} does not trade it: take it out of trading.symbols"
            for symbol in self._symbols
            if symbol not in markets or not markets[symbol].active
        }
        traded = [symbol for symbol in self._symbols if symbol not in problems]
        problems.update(await self.account.set_margins(traded, self._leverage))
        self._leverages.update(dict.fromkeys((s for s in traded if s not in problems), self._leverage))
        self._trades.know(self._symbols)
        return problems

    # What everybody may know

    async def markets(self) -> Mapping[str, Market]:
        """The trading rules of every symbol."""
        return await self._public.markets()

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

    # The account

    async def balance(self) -> Balance:
        """The account, marked at the venue's mark prices."""
        await self._know_markets()

        async def told() -> Balance:
            return self._quirks.balance(await self._client.fetch_balance())

        balance: Balance = await self._ask(told)
        return balance

    async def positions(self) -> Sequence[Position]:
        """Every open position."""
        await self._know_markets()

        async def told() -> list[Position]:
            rows = await self._client.fetch_positions()
            found = (position_of(row, self._leverages.get(row["symbol"], 1)) for row in rows)
            return [position for position in found if position is not None]

        positions: list[Position] = await self._ask(told)
        held = {p.symbol: (p.quantity * p.direction.sign, p.entry_price) for p in positions}
        for symbol in held.keys() | self._held.keys():
            if held.get(symbol) != self._held.get(symbol):
                self._trades.stir(symbol)
        self._held = held
        return positions

    async def open_orders(self) -> Sequence[OrderReport]:
        """Every resting order, conditional ones included."""
        await self._know_markets()
        return await self._orders.resting(self._held)

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """One order by client id, None when every book of the venue says that it does not have it."""
        await self._know_markets()
        return await self._orders.order(symbol, client_id)

    async def fills(self, *, since_ms: int) -> Sequence[Fill]:
        """Own fills at or after ``since_ms``, oldest first."""
        await self._know_markets()
        at_work = self._held.keys() | self._orders.symbols_with_orders()
        return await self._trades.since(since_ms, at_work)

    async def funding(self, *, since_ms: int) -> Sequence[FundingPayment]:
        """Funding booked at or after ``since_ms``, oldest first, as of a minute ago at most."""
        await self._know_markets()
        now = self._public.now_ms()
        since_ms = max(since_ms, now - self._quirks.reach_back_ms)
        kept = self._payments
        if kept is None or since_ms < kept[0] or now - kept[1] >= _FUNDING_FRESH_MS or _settled_between(kept[1], now):
            kept = self._payments = since_ms, now, await self._paid(since_ms, now)
        return [payment for payment in kept[2] if payment.time_ms >= since_ms]

    # Writing

    async def create(self, request: OrderRequest) -> OrderReport:
        """Send one order.  Raises `VenueRefused` or `OutcomeUnknown`."""
        await self._be_ready()
        return await self._orders.create(request)

    async def cancel(self, symbol: str, client_id: str) -> OrderReport:
        """Cancel one order; one that is final already is reported as it is.

        Raises `VenueRefused` or `OutcomeUnknown`.
        """
        await self._be_ready()
        return await self._orders.cancel(symbol, client_id)

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """Use isolated margin with this leverage for ``symbol`` from now on.  Raises `VenueError`."""
        if self._leverages.get(symbol) == leverage:
            return
        await self._know_markets()
        await self.account.set_margin(symbol, leverage)
        self._leverages[symbol] = leverage

    async def close(self) -> None:
        """Release the connections."""
        await self._public.close()

    # How it is done

    async def _paid(self, since_ms: int, until_ms: int) -> tuple[FundingPayment, ...]:
        found: dict[tuple[str, str], FundingPayment] = {}
        page = self._quirks.trades_page

        async def told(start_ms: int, end_ms: int) -> Sequence[Mapping[str, Any]]:
            rows: Sequence[Mapping[str, Any]] = await self._ask(
                lambda: self._quirks.payments(self._client, start_ms, end_ms, page)
            )
            return rows

        while since_ms <= until_ms:
            end_ms = min(since_ms + self._quirks.income_span_ms, until_ms + self._quirks.receive_window_ms)
            for row in await all_between(told, since_ms, end_ms, page=page):
                payment = payment_of(row)
                found[payment.symbol, payment.payment_id] = payment
            since_ms = end_ms + 1
        return tuple(sorted(found.values(), key=lambda payment: (payment.time_ms, payment.symbol)))

    async def _price_in_quote(self, asset: str, at_ms: int) -> Decimal:
        """What one unit of ``asset`` was worth in the quote currency at ``at_ms``: the close of that minute."""
        quote = self._symbols[0].partition("/")[2].partition(":")[0]
        symbol = next(
            (name for name in (f"{asset}/{quote}:{quote}", f"{asset}/{quote}") if name in self._client.markets), ""
        )
        if not symbol:
            raise VenueUnavailable(f"{self.name} took a fee in {asset}, and has no market that tells its worth")
        minutes = await self._public.minutes(symbol, since_ms=at_ms - at_ms % 60_000)
        if not minutes:
            raise VenueUnavailable(f"{self.name} took a fee in {asset}, and does not tell its price at the time")
        return number(minutes[0].close)

    async def _know_markets(self) -> None:
        """Markets that are an hour old will do: an account that has to be seen does not wait for a list."""
        if not self._public.known_markets:
            await self._public.markets()

    async def _be_ready(self) -> None:
        try:
            await self._know_markets()
        except VenueUnavailable as error:
            raise VenueRefused(f"nothing was sent to {self.name}: {error}", code=NOT_SENT) from error

    async def _ask(self, call: Any) -> Any:
        """What a reading call returns; where the venue complains of the time, its clock is read first."""

        async def timed() -> Any:
            try:
                return await call()
            except Exception:
                await self._read_clock_if_told()
                raise

        return await self._public.ask(timed)

    async def _write(self, call: Any) -> Any:
        try:
            return await written(self.name, self._quirks, call)
        except VenueRefused as error:
            if error.code in self._quirks.clock_codes:
                await self._read_clock_if_told()
            raise

    async def _read_clock_if_told(self) -> None:
        """Compare the clocks again if the last answer complained of the time; a request may have been too old, too."""
        call = last_call()
        if call is None or self._quirks.code(call.document) not in self._quirks.clock_codes:
            return
        try:
            await self._public.time()
        except VenueUnavailable as error:
            logger.warning("the venue's clock cannot be read", venue=self.name, error=str(error))
        else:
            logger.warning("the venue's clock was read again", venue=self.name, ahead_ms=self._public.ahead_ms)


def _settled_between(before_ms: int, now_ms: int) -> bool:
    """Whether an hour has begun, when funding may be settled."""
    return before_ms // _HOUR_MS != now_ms // _HOUR_MS
