"""The markets that a daemon can live in: simulated, on paper, with test money, with real money."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gobot.app.markets import simulated_feed
from gobot.core import Clock, ManualClock, SystemClock, Timeframe, UsageError
from gobot.daemon.house import Readiness
from gobot.daemon.progress import Progress
from gobot.daemon.runtime import Door
from gobot.daemon.schedule import Driver, RealTimeDriver, SimulatedDriver
from gobot.exchange import Exchange, Hints, NoHints
from gobot.exchange.feed import MarketFeed
from gobot.exchange.limiter import RateLimiter
from gobot.exchange.sim import SimExchange
from gobot.execution.self_test import self_test
from gobot.memory import JsonFile
from gobot.settings import Loaded

if TYPE_CHECKING:
    from gobot.exchange.ccxt_exchange import CcxtExchange
    from gobot.exchange.ccxt_public import CcxtPublic

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line adds to the settings.

    ``data`` are candle files for the simulated market, or ``feed`` is that market itself.  ``cycles`` is the length of
    this session (None: the settings'), ``speed`` seconds of the market per real second (0: without waiting; None: the
    settings').
    """

    data: tuple[Path, ...] = ()
    feed: MarketFeed | None = None
    cycles: int | None = None
    speed: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A market to trade on: its clock, its exchange, and who drives time.

    ``readiness`` is what has to be done before trading, ``hints`` says when to look, ``doors`` live with the daemon.
    """

    clock: Clock
    exchange: Exchange
    symbols: tuple[str, ...]
    limiter: RateLimiter
    driver: Callable[[Callable[[], None]], Driver]
    guard_ms: int
    speed: float
    readiness: Readiness | None = None
    hints: Hints = field(default_factory=NoHints)
    doors: tuple[Door, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveVenue:
    """A venue with an account, and everything that came with it."""

    exchange: CcxtExchange
    public: CcxtPublic
    client: Any
    limiter: RateLimiter


def world_of(loaded: Loaded, options: RunOptions, stored: Progress | None) -> World:
    """The world of the mode that the settings name.  Raises `GobotError` for what cannot be opened or does not fit."""
    mode = loaded.settings.trading.mode
    if mode == "sim":
        return _simulated(loaded, options, stored)
    clock = _real_clock(loaded, options)
    return _paper(loaded, clock) if mode == "paper" else _live(loaded, clock)


def live_venue(loaded: Loaded, clock: Clock, *, streaming: bool = False) -> LiveVenue:
    """The venue and the account of the settings, in mode testnet or live.

    Raises `UsageError` for a venue that gobot does not trade on.
    """
    from gobot.exchange.ccxt_client import Keys, make_client
    from gobot.exchange.ccxt_exchange import CcxtExchange
    from gobot.exchange.ccxt_public import CcxtPublic
    from gobot.exchange.quirks import quirks_of
    from gobot.exchange.terms import terms_of

    trading, venue = loaded.settings.trading, loaded.settings.exchange
    quirks = quirks_of(venue.name)
    terms = terms_of(venue.name)
    limiter = RateLimiter(
        trading.rate_limiter, clock, tariff=terms.tariff, store=JsonFile(loaded.paths.state / "limits.json", 1)
    )
    api_key, secret = venue.api_key, venue.secret
    client = make_client(
        venue.name,
        limiter,
        terms,
        rest=venue.url_override.rest,
        ws=venue.url_override.ws,
        keys=Keys(api_key=api_key.get_secret_value(), secret=secret.get_secret_value()) if api_key and secret else None,
        testnet=trading.mode == "testnet",
        streaming=streaming,
    )
    public = CcxtPublic(client, clock, Random())  # noqa: S311 - it spreads retries, and guards nothing
    exchange = CcxtExchange(
        public,
        client,
        quirks,
        clock,
        symbols=trading.symbols,
        leverage=trading.leverage,
        allow_withdrawal_key=venue.allow_withdrawal_key,
    )
    return LiveVenue(exchange=exchange, public=public, client=client, limiter=limiter)


def _live(loaded: Loaded, clock: Clock) -> World:
    """The venue's prices and an account there, in real time."""
    from gobot.exchange.ccxt_hints import CcxtHints

    trading = loaded.settings.trading
    override = loaded.settings.exchange.url_override
    # Whoever sends requests elsewhere, and does not say where the streams are, does not mean the venue's own.
    listens = override.ws is not None or override.rest is None
    venue = live_venue(loaded, clock, streaming=listens)
    hints = CcxtHints(venue.client, clock, Random()) if listens else None  # noqa: S311 - it spreads retries alone
    speed = _speed_of(clock)
    return World(
        clock=clock,
        exchange=venue.exchange,
        symbols=tuple(trading.symbols),
        limiter=venue.limiter,
        driver=lambda _: RealTimeDriver(clock, speed=speed),
        guard_ms=round(trading.orchestrator.guard_interval * 1000),
        speed=speed,
        readiness=Readiness(
            prepare=venue.exchange.start, self_test=lambda: self_test(venue.exchange, clock, trading.symbols[0])
        ),
        hints=hints or NoHints(),
        doors=(hints,) if hints else (),
    )


def _real_clock(loaded: Loaded, options: RunOptions) -> Clock:
    """The host's clock; a faster one, which starts at the venue's time, before a venue on loopback.

    Raises `UsageError` where the venue does not run on this host: its time cannot be hurried.
    """
    if options.speed is None or options.speed == 1:
        return SystemClock()
    rest = loaded.settings.exchange.url_override.rest
    if options.speed == 0 or rest is None or urlsplit(rest).hostname not in _LOOPBACK:
        raise UsageError(
            f"--speed hurries a simulated market, or a venue on this host that runs as fast; mode "
            f"{loaded.settings.trading.mode} runs in real time (exchange.url_override.rest: http://127.0.0.1:PORT)"
        )
    return asyncio.run(_hurried(loaded, options.speed))


async def _hurried(loaded: Loaded, speed: float) -> Clock:
    from gobot.sandbox.clock import FastClock

    public = public_venue(loaded, SystemClock()).public
    try:
        time_ms = await public.time()
        return FastClock(speed=speed, wall_ms=time_ms, monotonic_s=SystemClock().monotonic())
    finally:
        await public.close()


def _speed_of(clock: Clock) -> float:
    speed: float = getattr(clock, "speed", 1.0)
    return speed


def _simulated(loaded: Loaded, options: RunOptions, stored: Progress | None) -> World:
    """A venue in this process on a clock that the driver moves; after a restart both go on where they were."""
    sim, trading, state = loaded.settings.sim, loaded.settings.trading, loaded.paths.state
    feed = options.feed or simulated_feed(loaded, options.data)
    # The first candle must have closed before there is anything to decide on.
    clock = ManualClock(feed.start_ms + Timeframe.parse(trading.timeframe).ms)
    limiter = RateLimiter(trading.rate_limiter, clock, store=JsonFile(state / "limits.json", 1))
    exchange = SimExchange(
        feed,
        clock,
        state / "sim.db",
        start_equity=sim.start_equity or trading.initial_capital_usd,
        fee=sim.fee,
        maker_fee=sim.maker_fee,
        slippage=sim.slippage,
        limiter=limiter,
    )
    clock.move_to(max(exchange.venue_time, stored.now_ms if stored else 0))
    speed = sim.speed if options.speed is None else options.speed
    return World(
        clock=clock,
        exchange=exchange,
        symbols=tuple(feed.markets),
        limiter=limiter,
        driver=lambda on_end: SimulatedDriver(clock, speed=speed, end_ms=feed.end_ms, on_end=on_end),
        # Between two candles of the simulated market nothing changes, so there is nothing to guard against.
        guard_ms=max(feed.step.ms, round(trading.orchestrator.guard_interval * 1000)),
        speed=speed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicVenue:
    """A venue as everybody sees it."""

    public: CcxtPublic
    limiter: RateLimiter


def public_venue(loaded: Loaded, clock: Clock) -> PublicVenue:
    """The venue of the settings without an account.  Raises `UsageError` for one that ccxt does not know."""
    from gobot.exchange.ccxt_client import make_client
    from gobot.exchange.ccxt_public import CcxtPublic
    from gobot.exchange.terms import terms_of

    venue, store = loaded.settings.exchange, JsonFile(loaded.paths.state / "limits.json", 1)
    terms = terms_of(venue.name)
    limiter = RateLimiter(loaded.settings.trading.rate_limiter, clock, tariff=terms.tariff, store=store)
    client = make_client(venue.name, limiter, terms, rest=venue.url_override.rest)
    return PublicVenue(
        public=CcxtPublic(client, clock, Random()),  # noqa: S311 - it spreads retries, and guards nothing
        limiter=limiter,
    )


def _paper(loaded: Loaded, clock: Clock) -> World:
    """The venue's prices in real time, and an account on paper."""
    from gobot.exchange.paper import PaperExchange

    paper, trading, state = loaded.settings.paper, loaded.settings.trading, loaded.paths.state
    venue = public_venue(loaded, clock)
    exchange = PaperExchange(
        venue.public,
        state / "paper.db",
        clock,
        start_equity=paper.start_equity or trading.initial_capital_usd,
        fee=paper.fee,
        maker_fee=paper.maker_fee,
        slippage=paper.slippage,
        latency=paper.latency,
    )
    return World(
        clock=clock,
        exchange=exchange,
        symbols=tuple(trading.symbols),
        limiter=venue.limiter,
        driver=lambda _: RealTimeDriver(clock, speed=_speed_of(clock)),
        guard_ms=round(trading.orchestrator.guard_interval * 1000),
        speed=_speed_of(clock),
    )
