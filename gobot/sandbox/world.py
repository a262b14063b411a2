"""The venue behind the server: prices, the futures account, the spot account, and who answers for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gobot.core import Clock, Timeframe
from gobot.exchange.feed import MarketFeed
from gobot.sandbox.account_pages import AccountPages
from gobot.sandbox.algo_pages import AlgoPages
from gobot.sandbox.api import Api
from gobot.sandbox.clock import FastClock
from gobot.sandbox.endpoints import futures_endpoints
from gobot.sandbox.engine import Engine
from gobot.sandbox.faults import Fault, FaultPlan
from gobot.sandbox.feeds import shift_to_now, synthetic_feed
from gobot.sandbox.hub import Hub
from gobot.sandbox.human import Human
from gobot.sandbox.inspection import inspect
from gobot.sandbox.journal import Journal
from gobot.sandbox.limits import SPOT, Ceilings, LimitKeeper
from gobot.sandbox.liquidity import Liquidity
from gobot.sandbox.listen_keys import ListenKeys
from gobot.sandbox.listings import Listings, list_markets
from gobot.sandbox.market_pages import MarketPages
from gobot.sandbox.market_streams import MarketStreams
from gobot.sandbox.parameters import Parameters
from gobot.sandbox.prices import Prices
from gobot.sandbox.setting_pages import SettingPages
from gobot.sandbox.spot_book import SpotBook
from gobot.sandbox.spot_endpoints import spot_endpoints
from gobot.sandbox.spot_pages import SpotPages
from gobot.sandbox.trade_pages import TradePages
from gobot.sandbox.ws_api import FUTURES_METHODS, SPOT_METHODS, WsApi

_SPOT_FEE = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Where prices come from and how the venue treats its account; `Sandbox` says what each means."""

    feed: MarketFeed | None
    symbols: int
    seed: int
    step: str
    speed: float
    key: str
    secret: str
    deposit: Decimal
    taker: Decimal
    maker: Decimal
    slippage: float
    largest_fill: Decimal | None
    ceilings: Ceilings
    faults: Iterable[Fault] = ()
    fault_seed: int | None = None
    spot_ceilings: Ceilings = field(default=SPOT)


class World:
    """Both venues of one account, on one clock."""

    def __init__(self, clock: Clock, conditions: Conditions) -> None:
        self.clock = clock
        self._conditions = conditions
        self.journal = Journal()
        self.faults = FaultPlan(conditions.seed if conditions.fault_seed is None else conditions.fault_seed)
        self.faults.add(conditions.faults)
        self.limits = LimitKeeper(clock.now_ms, conditions.ceilings)
        self.spot_limits = LimitKeeper(clock.now_ms, conditions.spot_ceilings)
        prices, listings, spot_listings = _market(clock, conditions)
        self.engine = Engine(
            prices,
            listings,
            clock,
            slippage=conditions.slippage,
            listener=self._tell_futures,
            liquidity=Liquidity(clock.now_ms, conditions.largest_fill),
        )
        self._market = MarketPages(self.engine, conditions.ceilings)
        self.hub = Hub(MarketStreams(self.engine, self._market), clock.now_ms)
        self.engine.book.transfer(conditions.deposit, self.engine.now_ms)
        self.settings = SettingPages(self.engine)
        self.listen_keys = ListenKeys(clock.now_ms, self._listen_key_ended, speed=conditions.speed)
        self.human = Human(self.engine)
        self.spot = SpotBook(self.engine, spot_listings, conditions.deposit, self.hub.tell_spot_user)
        self.futures_api, self.futures_ws = self._futures()
        self.spot_api, self.spot_ws = self._spot()

    def state(self) -> dict[str, Any]:
        """Everything that ``/sandbox/state`` shows."""
        self.engine.advance()
        limits = {"futures": self.limits, "spot": self.spot_limits}
        apis = {"futures": self.futures_api, "spot": self.spot_api}
        return {**inspect(self.engine, self.journal, limits, self.faults, apis), "spot": self.spot.document()}

    def clock_document(self) -> dict[str, Any]:
        """The anchor of the clock, from which another process can read the same time (see `FastClock`)."""
        document: dict[str, Any] = {"now_ms": self.clock.now_ms()}
        if isinstance(self.clock, FastClock):
            document |= self.clock.anchor
        return document

    def advance(self) -> None:
        """Bring the venue to its clock's time and tell the streams."""
        now = self.engine.advance()
        self.listen_keys.expire_old()
        self.hub.publish(now)

    def lift(self) -> dict[str, Any]:
        """End bans, and the silence after a 429."""
        self.limits.lift()
        self.spot_limits.lift()
        return {}

    def _futures(self) -> tuple[Api, WsApi]:
        hedged = self.settings.in_hedge_mode
        trade = TradePages(self.engine, self.journal, hedged)
        algo = AlgoPages(self.engine, self.journal, hedged)
        account = AccountPages(self.engine)
        endpoints = futures_endpoints(self._market, account, self.settings, trade, algo, self.listen_keys)
        keys = self._keys
        api = Api(self.engine, endpoints, self.limits, self.faults, self._effect, **keys)
        return api, WsApi(self.engine, endpoints, FUTURES_METHODS, self.limits, **keys)

    def _spot(self) -> tuple[Api, WsApi]:
        pages = SpotPages(self.engine, self.spot, self.journal, self._market, self.spot_limits.ceilings)
        endpoints = spot_endpoints(self._market, pages, self.settings)
        keys = self._keys
        api = Api(self.engine, endpoints, self.spot_limits, self.faults, self._effect, **keys)
        return api, WsApi(self.engine, endpoints, SPOT_METHODS, self.spot_limits, **keys)

    @property
    def _keys(self) -> dict[str, Any]:
        conditions = self._conditions
        return {"key": conditions.key, "secret": conditions.secret, "speed": conditions.speed}

    def _effect(self, fault: Fault, parameters: Parameters) -> None:
        """A fault that changes something else than an answer."""
        length = int(fault.seconds * 1000)
        client_id = parameters.optional("newClientOrderId") or parameters.optional("clientAlgoId") or ""
        match fault.kind:
            case "drop":
                self.hub.drop()
            case "silence":
                self.hub.silent_until_ms = self.clock.now_ms() + length
            case "skew":
                self.engine.skew(length)
            case "partial":
                self.engine.liquidity.let_down(client_id, fault.fraction, fault.seconds)
            case "hidden":
                self.engine.book.hide(client_id, self.engine.now_ms, length)

    def _tell_futures(self, event: dict[str, Any]) -> None:
        """The hub is made after the engine whose prices it publishes."""
        self.hub.tell_user(event)

    def _listen_key_ended(self, key: str, aged: bool) -> None:
        """Who listens with the key hears nothing more; connections stay open."""
        if aged:
            self.hub.tell_user({"e": "listenKeyExpired", "E": self.engine.now_ms, "listenKey": key})
        self.hub.end_user()


def _market(clock: Clock, conditions: Conditions) -> tuple[Prices, Listings, Listings]:
    """Prices, and what is listed on either venue."""
    now, feed = clock.now_ms(), conditions.feed
    source = feed or synthetic_feed(conditions.symbols, conditions.seed, Timeframe.parse(conditions.step), now)
    shift = 0 if feed is None else shift_to_now(source, now)
    raw = Prices(source, source.markets, shift_ms=shift)
    quotes = {symbol: raw.price(symbol, now) for symbol in source.markets}
    listings = list_markets(source.markets, quotes, taker=conditions.taker, maker=conditions.maker)
    spot = list_markets(source.markets, quotes, taker=_SPOT_FEE, maker=_SPOT_FEE)
    rules = {listing.market.symbol: listing.market for listing in listings}
    return Prices(source, rules, shift_ms=shift), listings, spot
