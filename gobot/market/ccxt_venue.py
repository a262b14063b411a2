"""ccxt clients for public market data: made for a series, sent to another address, and their errors in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from gobot.core import VenueRefused, VenueUnavailable
from gobot.market.ccxt_library import exchange_class
from gobot.market.retry import TryLater, retry_after

# Binance's markets are separate venues to ccxt and one venue to our files.
_OWN_NAMES = {"binanceusdm": "binance", "binancecoinm": "binance"}
_CLOSED_DOORS = (401, 403, 404, 451)
_CCXT_IDS = {("binance", "um"): "binanceusdm", ("binance", "cm"): "binancecoinm"}


class RestAnswer(NamedTuple):
    """What came with an answer besides its content."""

    status: int
    headers: Mapping[str, str]


_answer: ContextVar[RestAnswer | None] = ContextVar("answer", default=None)


def file_venue(venue: str) -> str:
    """The name of ``venue`` (ccxt's id) in series and files: binance for binanceusdm."""
    return _OWN_NAMES.get(venue, venue)


def ccxt_id(venue: str, market: str) -> str:
    """The id that ccxt has for the markets of that kind (``spot``, ``um``, ``cm``) on ``venue``."""
    return _CCXT_IDS.get((file_venue(venue), market), file_venue(venue))


def make_client(name: str, *, rest: str | None = None, ws: str | None = None) -> Any:
    """A ccxt client of the venue with that id, without ccxt's own throttle and without keys.

    ``rest`` and ``ws`` (scheme and host) replace those of all its addresses; the paths stay.  Raises `UsageError` for
    an id that ccxt does not know.
    """
    client = exchange_class(name, streaming=True)({"enableRateLimit": False})
    if name == "binance":
        # Spot is all we want of it; its other markets have ids of their own.
        client.options["fetchMarkets"] = {"types": ["spot"]}
    _watch_answers(client)
    redirect(client, rest=rest, ws=ws)
    return client


def redirect(client: Any, *, rest: str | None, ws: str | None) -> None:
    """Replace the scheme and host of every address of ``client``; None leaves those of that kind as they are."""
    if rest is None and ws is None:
        return
    client.urls["api"] = _redirected(client.urls["api"], rest, ws)
    if ws is not None and hasattr(client, "is_spot_url"):
        # Binance's client tells spot streams by their host, stream.binance.com, which is gone now.
        client.is_spot_url = lambda connection: urlsplit(connection.url).path.startswith("/ws/")


def _redirected(urls: Any, rest: str | None, ws: str | None) -> Any:
    if isinstance(urls, dict):
        return {key: _redirected(value, rest, ws) for key, value in urls.items()}
    if not isinstance(urls, str):
        return urls
    target = ws if urls.startswith("ws") else rest
    return urls if target is None else urlunsplit(urlsplit(target)[:2] + urlsplit(urls)[2:])


async def load_markets(client: Any) -> None:
    """Have ``client`` know its markets.  Raises `TryLater` when the answer has none, and what ccxt raises."""
    if not client.markets:
        await client.load_markets(reload=True)
    if not client.markets:
        raise TryLater(f"{client.id} does not list its markets; try again later")


def _watch_answers(client: Any) -> None:
    """Remember status and headers of each answer, and refuse one that is not JSON.

    ccxt takes an HTML page or cut JSON with status 200 for an answer without rows.
    """
    import ccxt

    on_rest_response, parse_json = client.on_rest_response, client.parse_json

    def heard(code: int, reason: str, url: str, method: str, headers: Mapping[str, str], *rest: Any) -> Any:
        _answer.set(RestAnswer(code, headers))
        return on_rest_response(code, reason, url, method, headers, *rest)

    def parsed(body: str) -> Any:
        content, answer = parse_json(body), _answer.get()
        if content is None and (answer is None or answer.status < 400):
            raise ccxt.BadResponse("the answer is not JSON")
        return content

    client.on_rest_response, client.parse_json = heard, parsed


@contextmanager
def in_our_words(name: str, now_ms: int) -> Iterator[dict[str, str]]:
    """Raises what ccxt raises inside as `TryLater`, or as `VenueRefused` where asking again is no use.

    The mapping it gives is filled with the headers of the answer on leaving.
    """
    import ccxt
    from aiohttp import ClientError

    headers: dict[str, str] = {}
    _answer.set(None)
    try:
        yield headers
    except ccxt.BaseError as error:
        if not _may_pass(error):
            raise VenueRefused(f"{name} refuses: {_first_line(error)}") from error
        raise _later(name, error, now_ms) from error
    except (ClientError, OSError) as error:
        # Where ccxt writes to a connection that is just closing.
        raise _later(name, error, now_ms) from error
    except (TypeError, ValueError, KeyError, IndexError) as error:
        # JSON, but not of the shape that ccxt counts on.
        raise TryLater(f"{name} sent an answer that cannot be read; try again later") from error
    finally:
        if (answer := _answer.get()) is not None:
            headers.update(answer.headers)


def _may_pass(error: Exception) -> bool:
    """Whether asking again may help.  To ccxt a country that is locked out is a passing fault, a broken line is not."""
    import ccxt
    from aiohttp import ClientError

    status = answer.status if (answer := _answer.get()) is not None else 0
    if status in _CLOSED_DOORS:
        return False
    return status >= 500 or isinstance(error.__cause__, ClientError) or isinstance(error, ccxt.OperationFailed)


def _later(name: str, error: Exception, now_ms: int) -> VenueUnavailable:
    import ccxt

    answer = _answer.get()
    refused = isinstance(error, (ccxt.DDoSProtection, ccxt.RateLimitExceeded))
    status = answer.status if answer else 429 if refused else None
    headers = {key.title(): value for key, value in answer.headers.items()} if answer else {}
    return TryLater(
        f"{name} does not answer: {_first_line(error)}", status=status, retry_after=retry_after(headers, now_ms)
    )


def _first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [""])[0] or type(error).__name__
    return line if len(line) <= 200 else f"{line[:200]}…"
