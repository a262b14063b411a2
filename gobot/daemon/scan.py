"""Scan: everything a cycle looks at, read once, before anything is decided."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from loguru import logger

from gobot.core import Balance, Book, Clock, Market, Position, Ticker, Timeframe, VenueUnavailable
from gobot.exchange import Exchange
from gobot.execution import Reconciliation
from gobot.market import Candles

# Symbols asked for at the same time; the limiter spaces the calls, this bounds what is in memory on the way.
_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """The market and the account at ``at_ms``.

    ``candle_ms`` is the open of the newest candle that has closed, the one that decisions are made on.  A symbol
    that could not be read is missing from ``candles``, with the reason in ``unreadable``.  ``clock_skew_ms`` is how far
    the venue's clock is ahead of ours, None when it could not be asked.
    """

    at_ms: int
    candle_ms: int
    candles: Mapping[str, Candles]
    tickers: Mapping[str, Ticker]
    markets: Mapping[str, Market]
    balance: Balance
    positions: Mapping[str, Position]
    reconciliation: Reconciliation
    unreadable: Mapping[str, str]
    clock_skew_ms: int | None


async def scan(
    exchange: Exchange,
    clock: Clock,
    reconciliation: Reconciliation,
    *,
    at_ms: int,
    symbols: Sequence[str],
    timeframe: Timeframe,
    history: int,
) -> MarketView:
    """Read the market for one cycle; ``history`` is the number of closed candles per symbol.

    Raises `VenueUnavailable` when the account or every symbol cannot be read: then nothing can be decided.
    """
    markets = await exchange.markets()
    tickers = await exchange.tickers(symbols)
    candles, unreadable = await _all_candles(exchange, symbols, timeframe, history)
    if not candles:
        first = next(iter(unreadable.values()), "no symbols are configured")
        raise VenueUnavailable(f"no candles could be read from {exchange.name} for any symbol: {first}")
    return MarketView(
        at_ms=at_ms,
        candle_ms=timeframe.closed_before(at_ms),
        candles=candles,
        tickers=tickers,
        markets=markets,
        balance=await exchange.balance(),
        positions={position.symbol: position for position in await exchange.positions()},
        reconciliation=reconciliation,
        unreadable=unreadable,
        clock_skew_ms=await _clock_skew(exchange, clock),
    )


async def read_books(exchange: Exchange, symbols: Collection[str]) -> dict[str, Book] | None:
    """The order books of ``symbols``; one that cannot be read is missing.  None where the market has none."""
    gate = asyncio.Semaphore(_AT_ONCE)
    found: dict[str, Book] = {}
    bookless = False

    async def read(symbol: str) -> None:
        nonlocal bookless
        async with gate:
            try:
                book = await exchange.book(symbol)
            except VenueUnavailable as error:
                logger.warning("order book unreadable", symbol=symbol, error=str(error))
                return
        if book is None:
            bookless = True
        else:
            found[symbol] = book

    async with asyncio.TaskGroup() as group:
        for symbol in symbols:
            group.create_task(read(symbol))
    return None if bookless else found


async def _clock_skew(exchange: Exchange, clock: Clock) -> int | None:
    asked_ms = clock.now_ms()
    try:
        venue_ms = await exchange.time()
    except VenueUnavailable as error:
        logger.warning("the venue's clock could not be asked", error=str(error))
        return None
    # It was read about half-way between question and answer.
    return venue_ms - (asked_ms + clock.now_ms()) // 2


async def _all_candles(
    exchange: Exchange, symbols: Sequence[str], timeframe: Timeframe, history: int
) -> tuple[dict[str, Candles], dict[str, str]]:
    """Candles of each symbol, and why the others have none."""
    gate = asyncio.Semaphore(_AT_ONCE)
    found: dict[str, Candles] = {}
    unreadable: dict[str, str] = {}

    async def read(symbol: str) -> None:
        async with gate:
            try:
                candles = await exchange.candles(symbol, timeframe, limit=history)
            except VenueUnavailable as error:
                logger.warning("candles unreadable", symbol=symbol, error=str(error))
                unreadable[symbol] = str(error)
                return
        if len(candles):
            found[symbol] = candles
        else:
            unreadable[symbol] = f"{exchange.name} has no closed candles of {symbol}"

    async with asyncio.TaskGroup() as group:
        for symbol in symbols:
            group.create_task(read(symbol))
    # In the order of the settings, whatever the order of the answers: decisions must not depend on the network.
    return {symbol: found[symbol] for symbol in symbols if symbol in found}, unreadable
