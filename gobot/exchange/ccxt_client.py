"""A ccxt client that never calls without a permit: the one seam between ccxt and the network.

Every HTTP call of ccxt, whichever of its methods makes it, ends in ``fetch``.  There it waits for its turn at the
limiter, goes to the address that the settings say, and reports how it was answered.
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

from gobot.core import GobotError, VenueUnavailable
from gobot.exchange.ccxt_library import exchange_class
from gobot.exchange.limiter import RateLimiter
from gobot.exchange.limiter_permit import Permit
from gobot.exchange.priority import Priority
from gobot.exchange.terms import Terms
from gobot.market.retry import TryLater

Answer = TypeVar("Answer")

# Longer than a window of the limits, shorter than the watchdog's patience: who cannot pass by then is told so.
_LONGEST_WAIT = 90.0
_TIMEOUT_MS = 10_000
_LONGEST_SENTENCE = 200


@dataclass(slots=True)
class _Call:
    """One HTTP call: the address that ccxt knows for it, and what came back (status 0: nothing)."""

    url: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


_call: ContextVar[_Call] = ContextVar("call")
_priority: ContextVar[Priority] = ContextVar("priority", default=Priority.NORMAL)


@contextmanager
def priority(of_calls: Priority) -> Iterator[None]:
    """Calls made inside go with this priority, or with a higher one from further outside; else they are NORMAL."""
    token = _priority.set(min(of_calls, _priority.get()))
    try:
        yield
    finally:
        _priority.reset(token)


def make_client(name: str, limiter: RateLimiter, terms: Terms, *, rest: str | None = None) -> Any:
    """A ccxt client of the venue ``name`` behind ``limiter``, without keys and without ccxt's own throttle.

    ``rest`` (scheme and host) takes the place of those of every address; the paths stay.  ccxt goes on seeing its own
    addresses, for its tables of errors hang on them.  Raises `UsageError` for a venue that ccxt does not know.
    """
    base = exchange_class(name)

    class Limited(base):  # type: ignore[valid-type, misc]  # ccxt ships no types
        """The venue's class with our ``fetch``."""

        async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            call = _Call(url)
            _call.set(call)
            parts = urlsplit(url)
            endpoint = f"{method} {parts.path}"
            async with AsyncExitStack() as stack:
                permit = await _permit(limiter, stack, endpoint, terms.weight(endpoint, dict(parse_qsl(parts.query))))
                try:
                    answer = _require_json(await super().fetch(_moved(url, rest), method, headers, body))
                except Exception:
                    limiter.failure(permit, call.status if call.status >= 400 else None, call.headers)
                    raise
                limiter.success(permit, call.headers)
            _adopt_limits(limiter, terms, answer)
            return answer

        def open(self, lazy: bool = False) -> None:
            super().open(lazy)
            # aiohttp would ask again by itself when a connection that was kept open turns out to be gone.
            self.session._retry_connection = False  # noqa: SLF001 - there is no other way to say so

        def on_rest_response(self, code: int, reason: str, url: str, method: str, headers: Any, *rest: Any) -> Any:
            call = _call.get()
            call.status, call.headers = code, headers
            return super().on_rest_response(code, reason, url, method, headers, *rest)

        def handle_errors(self, code: int, reason: str, url: str, *rest: Any) -> Any:  # noqa: ARG002 - ccxt's signature
            return super().handle_errors(code, reason, _call.get().url, *rest)

        def parse_ohlcv(self, *row: Any) -> Any:
            parsed = super().parse_ohlcv(*row)
            if None in parsed[:5]:
                # ccxt would leave it out, and the candles would look complete.
                raise ValueError("a candle with holes in it")
            return parsed

    Limited.__name__ = Limited.__qualname__ = name
    return Limited({"enableRateLimit": False, "timeout": _TIMEOUT_MS})


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
    except (ccxt.BadRequest, ccxt.NotSupported, ccxt.ArgumentsRequired) as error:
        raise VenueUnavailable(f"{venue} refuses: {_reason(error, venue)}") from error
    except ccxt.BaseError as error:
        raise TryLater(f"{venue} does not answer: {_reason(error, venue)}") from error
    except Exception as error:
        raise TryLater(f"{venue} sent an answer that cannot be read: {_reason(error, venue)}") from error


async def _permit(limiter: RateLimiter, stack: AsyncExitStack, endpoint: str, weight: int | None) -> Permit:
    """Wait for a turn, but not for the end of a ban: raises `VenueUnavailable`, and then nothing was sent."""
    if (silence := limiter.silent_for()) > _LONGEST_WAIT:
        raise VenueUnavailable(f"{endpoint} was not asked: the venue wants to hear nothing for another {silence:.0f} s")
    try:
        async with asyncio.timeout(_LONGEST_WAIT):
            return await stack.enter_async_context(limiter.slot(_priority.get(), endpoint, weight))
    except TimeoutError as error:
        raise VenueUnavailable(f"{endpoint} was not asked: no turn came within {_LONGEST_WAIT:.0f} s") from error


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


def _reason(error: Exception, venue: str) -> str:
    """What ``error`` says, and what lies behind it, in one line."""
    said = _first_line(error).removeprefix(f"{venue} ")
    return said if error.__cause__ is None else f"{said} ({_first_line(error.__cause__)})"


def _first_line(error: BaseException) -> str:
    line = (str(error).splitlines() or [""])[0] or type(error).__name__
    return line if len(line) <= _LONGEST_SENTENCE else f"{line[:_LONGEST_SENTENCE]}…"
