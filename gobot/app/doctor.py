"""The examination: everything that has to be right before gobot can be left alone, each with what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from gobot.core import Clock, GobotError, Market, SystemClock, iso, plain
from gobot.daemon.lock import LOCK_NAME, InstanceLock
from gobot.ledger import Ledger
from gobot.memory import JsonFile
from gobot.settings import Loaded, require_credentials

if TYPE_CHECKING:
    from gobot.app.worlds import LiveVenue
    from gobot.exchange.ccxt_public import CcxtPublic

_LEAST_PYTHON = (3, 11)
_LEAST_SPACE = 1_000_000_000
# Within half of the time for which a signed request is good.
_MOST_SKEW_MS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look came to: ``sentence`` is what was seen, or what to do when it is not ``ok``."""

    name: str
    ok: bool
    sentence: str


async def examine(loaded: Loaded, *, offline: bool = False, clock: Clock | None = None) -> list[Finding]:
    """Look at host, settings and state, and unless ``offline`` at the venue of the mode and the account there.

    With an account, a far stop of the smallest size is placed and cancelled.  What raises `GobotError` is a finding.
    """
    findings = [_python(), _space(loaded.paths.state), _settings(loaded), _keys(loaded)]
    findings += [_daemon(loaded.paths.state), _ledger(loaded), _ban(loaded.paths.state, clock or SystemClock())]
    mode = loaded.settings.trading.mode
    if offline or mode == "sim":
        return findings
    if mode != "paper" and not findings[3].ok:
        return findings
    return findings + await _at_the_venue(loaded, clock or SystemClock())


# On this host


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= _LEAST_PYTHON
    return Finding(name="python", ok=ok, sentence=found if ok else f"{found} is too old: install Python 3.11 or newer")


def _space(state: Path) -> Finding:
    place = next(path for path in (state, *state.parents) if path.exists())
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:.1f} GB free at {place}"
    if not os.access(place, os.W_OK):
        return Finding(name="disk", ok=False, sentence=f"{place} cannot be written: mend its owner or permissions")
    if free < _LEAST_SPACE:
        return Finding(name="disk", ok=False, sentence=f"{words}: free some space, the ledger needs it to trade")
    return Finding(name="disk", ok=True, sentence=words)


def _settings(loaded: Loaded) -> Finding:
    trading = loaded.settings.trading
    source = str(loaded.path) if loaded.path else "defaults: 'gobot config init' writes a file"
    words = f"mode {trading.mode}, {len(trading.symbols)} symbols, {trading.timeframe}, {trading.strategy} ({source})"
    return Finding(name="settings", ok=True, sentence=words)


def _keys(loaded: Loaded) -> Finding:
    try:
        require_credentials(loaded)
    except GobotError as error:
        return Finding(name="keys", ok=False, sentence=str(error))
    needed = loaded.settings.trading.mode in ("testnet", "live")
    return Finding(name="keys", ok=True, sentence="set" if needed else "none needed in this mode")


def _daemon(state: Path) -> Finding:
    """Whether one runs; with systemd, where its log is."""
    if not (state / LOCK_NAME).exists():
        return Finding(name="daemon", ok=True, sentence="none has run here yet")
    try:
        InstanceLock(state).release()
    except GobotError:
        sentence = "runs ('gobot status'; under systemd its log is 'journalctl -u gobot')"
        return Finding(name="daemon", ok=True, sentence=sentence)
    return Finding(name="daemon", ok=True, sentence="does not run ('gobot run', or 'systemctl start gobot')")


def _ledger(loaded: Loaded) -> Finding:
    file = loaded.paths.state / "gobot.db"
    if loaded.settings.database.url is None and not file.exists():
        return Finding(name="ledger", ok=True, sentence="none yet, the first run makes one")
    try:
        ledger = Ledger.open(loaded.database_url)
    except GobotError as error:
        return Finding(name="ledger", ok=False, sentence=str(error))
    try:
        unsettled, trades = len(ledger.unsettled()), len(ledger.open_trades())
    finally:
        ledger.close()
    return Finding(name="ledger", ok=True, sentence=f"readable: {trades} open trades, {unsettled} orders not settled")


def _ban(state: Path, clock: Clock) -> Finding:
    """A ban of the venue outlives a restart."""
    try:
        document = JsonFile(state / "limits.json", 1).read() or {}
    except GobotError as error:
        return Finding(name="bans", ok=False, sentence=str(error))
    until = document.get("until_ms")
    if isinstance(until, int) and until > clock.now_ms():
        return Finding(name="bans", ok=False, sentence=f"the venue wants to hear nothing before {iso(until)}: wait")
    return Finding(name="bans", ok=True, sentence="none")


# At the venue


async def _at_the_venue(loaded: Loaded, clock: Clock) -> list[Finding]:
    from gobot.app.worlds import live_venue, public_venue

    if loaded.settings.trading.mode == "paper":
        public = public_venue(loaded, clock).public
        try:
            return await _public(loaded, public)
        finally:
            await public.close()
    venue = live_venue(loaded, clock)
    try:
        findings = await _public(loaded, venue.public)
        return findings if not findings[0].ok else findings + await _account(loaded, venue, clock)
    finally:
        await venue.exchange.close()


async def _public(loaded: Loaded, public: CcxtPublic) -> list[Finding]:
    """What everybody may know; the venue itself comes first."""

    async def answers() -> str:
        markets = await public.markets()
        return f"{public.name} answers and lists {len(markets)} markets"

    async def skew() -> str:
        await public.time()
        if abs(public.ahead_ms) > _MOST_SKEW_MS:
            raise GobotError(
                f"the venue's clock is {public.ahead_ms} ms ahead of ours: set this host's clock ('timedatectl "
                "set-ntp true'); requests follow the venue's clock meanwhile"
            )
        return f"{public.ahead_ms} ms from the venue's"

    first = await _found("venue", answers)
    if not first.ok:
        return [first]
    return [first, await _found("clock", skew), *await _symbols(loaded, public)]


async def _symbols(loaded: Loaded, public: CcxtPublic) -> list[Finding]:
    """Listed, trading, not too dear for the largest position: a line for all that are well, one for each other."""
    trading = loaded.settings.trading
    markets, quotes = await public.markets(), await public.tickers(trading.symbols)
    problems = {
        symbol: problem
        for symbol in trading.symbols
        if (problem := _problem(symbol, markets.get(symbol), quotes.get(symbol), trading.max_position_usd))
    }
    well = len(trading.symbols) - len(problems)
    words = f"{well} of {len(trading.symbols)} can be traded"
    return [
        Finding(name="symbols", ok=not problems, sentence=words),
        *(Finding(name=symbol, ok=False, sentence=problem) for symbol, problem in problems.items()),
    ]


def _problem(symbol: str, market: Market | None, quote: object, most: Decimal) -> str:
    if market is None:
        return f"{symbol} is not listed: take it out of trading.symbols, or correct it (such as BTC/USDT:USDT)"
    if not market.active:
        return f"{symbol} is not traded at the moment: take it out of trading.symbols"
    price = getattr(quote, "last", None)
    if price is None:
        return f"{symbol} is not quoted at the moment"
    least = max(market.min_notional, market.min_quantity * price)
    if least > most:
        return (
            f"the smallest order in {symbol} is {least:.2f} USDT: raise trading.max_position_usd ({plain(most)}), "
            "or take it out of trading.symbols"
        )
    return ""


async def _account(loaded: Loaded, venue: LiveVenue, clock: Clock) -> list[Finding]:
    exam = _AccountExam(loaded, venue, clock)
    first = await _found("permissions", exam.permissions)
    if not first.ok:
        return [first]
    looks = {
        "position mode": exam.position_mode,
        "margin": exam.margin,
        "balance": exam.balance,
        "protection": exam.protection,
        "limits": exam.limits,
    }
    return [first, *[await _found(name, look) for name, look in looks.items()]]


class _AccountExam:
    """One look at an account per method: each returns what was seen, or raises `GobotError` with what to do."""

    def __init__(self, loaded: Loaded, venue: LiveVenue, clock: Clock) -> None:
        self._trading = loaded.settings.trading
        self._allow_withdrawal = loaded.settings.exchange.allow_withdrawal_key
        self._venue = venue
        self._account = venue.exchange.account
        self._clock = clock

    async def permissions(self) -> str:
        await self._account.require_key(allow_withdrawal=self._allow_withdrawal)
        told = await self._account.permissions()
        if told is None:
            return "the venue does not tell here"
        return "may trade" + (", may withdraw (allowed by exchange.allow_withdrawal_key)" if told.withdraw else "")

    async def position_mode(self) -> str:
        if not await self._account.is_one_way():
            raise GobotError("hedge mode: gobot sets one-way mode at its start, if nothing is open then")
        return "one-way"

    async def margin(self) -> str:
        leverage = self._trading.leverage
        told = await self._account.margins(self._trading.symbols)
        unlike = [symbol for symbol, one in told.items() if not one.isolated or one.leverage != leverage]
        if not unlike:
            return f"isolated, leverage {leverage}"
        return f"{', '.join(unlike[:5])} differ: gobot sets isolated margin and leverage {leverage} at its start"

    async def balance(self) -> str:
        money, trading = await self._venue.exchange.balance(), self._trading
        if money.equity < trading.max_position_usd / trading.leverage:
            raise GobotError(
                f"{money.equity:.2f} USDT do not pay for one position of trading.max_position_usd "
                f"{plain(trading.max_position_usd)} at leverage {trading.leverage}: deposit, or lower it"
            )
        return f"{money.equity:.2f} USDT, {money.available:.2f} of them free"

    async def protection(self) -> str:
        from gobot.execution.self_test import self_test

        symbol = self._trading.symbols[0]
        await self_test(self._venue.exchange, self._clock, symbol)
        return f"a stop in {symbol} was placed, found and cancelled"

    async def limits(self) -> str:
        used = self._venue.limiter.snapshot().limits
        return ", ".join(f"{one.name} {one.used}/{one.ceiling}" for one in used)


async def _found(name: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(name=name, ok=True, sentence=await look())
    except GobotError as error:
        return Finding(name=name, ok=False, sentence=str(error))
