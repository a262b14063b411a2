"""A ccxt client that never calls without a permit: the one seam between ccxt and the network.

Every HTTP call of ccxt, whichever of its methods makes it, ends in ``fetch``.  There it waits for its turn at the
limiter, goes to the address that the settings say, and reports how it was answered.  A question is signed after it
has waited, so that it never arrives too old.  What writes is signed before: an order that was decided long ago must
not be taken any more, and its signature is what makes the venue refuse it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from loguru import logger

from gobot.core import GobotError, UsageError, VenueUnavailable
from gobot.exchange.limiter import RateLimiter
from gobot.exchange.limiter_permit import Permit
from gobot.exchange.priority import Priority
from gobot.exchange.terms import Terms
from gobot.market.ccxt_library import exchange_class
from gobot.market.retry import TryLater

Answer = TypeVar("Answer")

# Longer than a window of the limits, shorter than the watchdog's patience: who cannot pass by then is told so.
_LONGEST_WAIT = 90.0
# What writes is worth less with every second, and its signature must still be good when it arrives.
_LONGEST_WAIT_TO_WRITE = 3.0
_TIMEOUT_MS = 10_000
_LONGEST_SENTENCE = 200


class KeysNotAccepted(VenueUnavailable):
    """The venue does not answer because of the keys; asking again is no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What proves to a venue whose account it is."""

    api_key: str
    secret: str

    def __repr__(self) -> str:
        return "Keys(…)"


@dataclass(slots=True)
class Call:
    """One HTTP call: the address that ccxt knows for it, and what came back (status 0: nothing).

    ``document`` is the answer where it was JSON; ``sent`` says whether anything may have left this host.
    """

    url: str
    method: str
    sent: bool = False
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Any = None


# ccxt ships no types; at run time the venue's class stands behind it.
_Venue: Any = object

_call: ContextVar[Call | None] = ContextVar("call", default=None)
_written: ContextVar[list[Call] | None] = ContextVar("written", default=None)
_turn: ContextVar[Permit | None] = ContextVar("turn", default=None)
_priority: ContextVar[Priority | None] = ContextVar("priority", default=None)


@contextmanager
def priority(of_calls: Priority) -> Iterator[None]:
    """Calls made inside go with this priority, or with a higher one from further outside; else they are NORMAL."""
    outer = _priority.get()
    token = _priority.set(of_calls if outer is None else min(of_calls, outer))
    try:
        yield
    finally:
        _priority.reset(token)


@contextmanager
def writing() -> Iterator[list[Call]]:
    """The calls made inside that ask the venue to change something, with what became of them."""
    calls: list[Call] = []
    token = _written.set(calls)
    try:
        yield calls
    finally:
        _written.reset(token)


def last_call() -> Call | None:
    """The newest call of this task, for what ccxt does not hand on of an answer."""
    return _call.get()


class _Limited(_Venue):  # type: ignore[misc]
    """What is put before a venue's class: every call waits for its turn, and what came of it is kept."""

    gate: RateLimiter
    terms: Terms
    rest: str | None

    async def fetch2(self, path: str, api: Any = "public", method: str = "GET", params: Any = None, *more: Any) -> Any:
        params = {} if params is None else params
        if method != "GET":
            return await super().fetch2(path, api, method, params, *more)
        url = self.sign(path, api, method, params)["url"]
        async with AsyncExitStack() as stack:
            token = _turn.set(await self._permit(stack, method, url))
            try:
                return await super().fetch2(path, api, method, params, *more)
            finally:
                _turn.reset(token)

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        call = Call(url, method)
        _call.set(call)
        if method != "GET" and (calls := _written.get()) is not None:
            calls.append(call)
        async with AsyncExitStack() as stack:
            permit = _turn.get() or await self._permit(stack, method, url)
            _turn.set(None)
            try:
                call.sent = True
                answer = _require_json(await super().fetch(_moved(url, self.rest), method, headers, body))
            except Exception as error:
                call.sent = not _never_left(error)
                self.gate.failure(permit, call.status if call.status >= 400 else None, call.headers)
                raise
            self.gate.success(permit, call.headers)
        _adopt_limits(self.gate, self.terms, answer)
        return answer

    def open(self, lazy: bool = False) -> None:
        super().open(lazy)
        # aiohttp would ask again by itself when a connection that was kept open turns out to be gone.
        self.session._retry_connection = False  # noqa: SLF001 - there is no other way to say so
        # It would also let at most a hundred requests out, and an urgent one wait behind them: the limiter decides.
        self.session.connector._limit = 0  # noqa: SLF001 - nor for this

    def on_rest_response(self, code: int, reason: str, url: str, method: str, headers: Any, *rest: Any) -> Any:
        if (call := _call.get()) is not None:
            call.status, call.headers = code, headers
        return super().on_rest_response(code, reason, url, method, headers, *rest)

    def parse_json(self, text: str) -> Any:
        document = super().parse_json(text)
        if (call := _call.get()) is not None:
            call.document = document
        return document

    def handle_errors(self, code: int, reason: str, url: str, *rest: Any) -> Any:
        call = _call.get()
        return super().handle_errors(code, reason, url if call is None else call.url, *rest)

    def parse_ohlcv(self, *row: Any) -> Any:
        parsed = super().parse_ohlcv(*row)
        if None in parsed[:5]:
            # ccxt would leave it out, and the candles would look complete.
            raise ValueError("a candle with holes in it")
        return parsed

    async def _permit(self, stack: AsyncExitStack, method: str, url: str) -> Permit:
        """Wait for a turn, but not for the end of a ban: raises `VenueUnavailable`, and then nothing was sent."""
        parts = urlsplit(url)
        endpoint = f"{method} {parts.path}"
        longest = _LONGEST_WAIT if method == "GET" else _LONGEST_WAIT_TO_WRITE
        if (silence := self.gate.silent_for()) > longest:
            raise VenueUnavailable(
                f"{endpoint} was not asked: the venue wants to hear nothing for another {silence:.0f} s"
            )
        weight = self.terms.weight(endpoint, dict(parse_qsl(parts.query)))
        rank = _priority.get()
        try:
            async with asyncio.timeout(longest):
                permit = await stack.enter_async_context(
                    self.gate.slot(Priority.NORMAL if rank is None else rank, endpoint, weight)
                )
        except TimeoutError as error:
            raise VenueUnavailable(f"{endpoint} was not asked: no turn came within {longest:.0f} s") from error
        if permit.waited > longest:
            raise VenueUnavailable(f"{endpoint} was not asked: its turn came after {permit.waited:.0f} s")
        return permit


def make_client(
    name: str,
    limiter: RateLimiter,
    terms: Terms,
    *,
    rest: str | None = None,
    ws: str | None = None,
    keys: Keys | None = None,
    testnet: bool = False,
    streaming: bool = False,
) -> Any:
    """A ccxt client of the venue ``name`` behind ``limiter``, without ccxt's own throttle.

    ``rest`` and ``ws`` (scheme and host) take the place of those of every address; the paths stay.  ccxt goes on
    seeing its own addresses, for its tables of errors hang on them.  ``testnet`` uses the venue's addresses for test
    money; ``streaming`` gives the client that can listen as well.  Raises `UsageError` for a venue that ccxt does not
    know, or one without a testnet.
    """
    base = exchange_class(name, streaming=streaming)
    limited = type(name, (_Limited, base), {"gate": limiter, "terms": terms, "rest": rest})
    client: Any = limited({"enableRateLimit": False, "timeout": _TIMEOUT_MS})
    if keys is not None:
        client.apiKey, client.secret = keys.api_key, keys.secret
    if testnet:
        _use_testnet(client)
    if ws is not None and "ws" in client.urls["api"]:
        client.urls["api"] = {**client.urls["api"], "ws": _all_moved(client.urls["api"]["ws"], ws)}
    return client


def _use_testnet(client: Any) -> None:
    """Have ``client`` talk to the venue of test money: what ccxt calls demo trading, or else its sandbox."""
    if "demo" in client.urls:
        client.enable_demo_trading(True)
    elif "test" in client.urls:
        client.set_sandbox_mode(True)
    else:
        raise UsageError(f"{client.id} has no testnet that ccxt knows: choose another exchange.name, or mode paper")


async def answered(venue: str, call: Callable[[], Awaitable[Answer]]) -> Answer:
    """What a reading ``call`` of a client returns.

    Raises `VenueUnavailable` for whatever else happens: `TryLater` where asking again may help.  ccxt's own errors are
    only a part of that, for its parsers stumble in many ways over an answer that is not of the usual shape.
    """
    import ccxt

    try:
        return await call()
    except GobotError:
        raise
    except ccxt.AuthenticationError as error:
        raise KeysNotAccepted(f"{venue} does not accept the keys: {reason_of(error, venue)}") from error
    except (ccxt.BadRequest, ccxt.NotSupported, ccxt.ArgumentsRequired) as error:
        raise VenueUnavailable(f"{venue} refuses: {reason_of(error, venue)}") from error
    except ccxt.BaseError as error:
        raise TryLater(f"{venue} does not answer: {reason_of(error, venue)}") from error
    except Exception as error:
        raise TryLater(f"{venue} sent an answer that cannot be read: {reason_of(error, venue)}") from error


def _never_left(error: Exception) -> bool:
    """Whether a call failed before anything was sent: nobody took the connection."""
    import aiohttp

    return isinstance(error.__cause__, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def _require_json(answer: Any) -> Any:
    """``answer`` if it was JSON: ccxt hands on an HTML page or cut JSON with status 200 as text."""
    if not isinstance(answer, dict | list):
        import ccxt

        raise ccxt.BadResponse("the answer is not JSON")
    return answer


def _adopt_limits(limiter: RateLimiter, terms: Terms, answer: Any) -> None:
    """Keep to the limits that an answer announces."""
    if not isinstance(answer, dict) or "rateLimits" not in answer:
        return
    try:
        limiter.adopt(terms.announced(answer["rateLimits"]))
    except (KeyError, TypeError, ValueError) as error:
        logger.warning("the limits that the venue announces cannot be read", error=repr(error))


def _moved(url: str, address: str | None) -> str:
    """``url`` at another scheme and host."""
    return url if address is None else urlunsplit((*urlsplit(address)[:2], *urlsplit(url)[2:]))


def _all_moved(addresses: Any, host: str) -> Any:
    """The same for every address in a tree of them."""
    if isinstance(addresses, dict):
        return {name: _all_moved(address, host) for name, address in addresses.items()}
    return _moved(addresses, host) if isinstance(addresses, str) else addresses


def reason_of(error: Exception, venue: str) -> str:
    """What ``error`` says, and what lies behind it, in one line."""
    said = _first_line(error).removeprefix(f"{venue} ")
    return said if error.__cause__ is None else f"{said} ({_first_line(error.__cause__)})"


def _first_line(error: BaseException) -> str:
    line = (str(error).splitlines() or [""])[0] or type(error).__name__
    return line if len(line) <= _LONGEST_SENTENCE else f"{line[:_LONGEST_SENTENCE]}…"
