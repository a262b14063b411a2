"""What ccxt's unified methods leave open about a venue: the only knowledge of venues that `CcxtExchange` has.

Each venue states it in a file of its own; one that nobody has looked into is not traded on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gobot.core import Balance, OrderRequest, OrderType, Refusal, UsageError

Told = Mapping[str, Any]
"""An answer of the venue as it came, or one part of it."""
Order = Mapping[str, Any]
"""An order as ccxt describes it; its ``info`` is the venue's own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What an API key may do."""

    trade: bool
    withdraw: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """One venue's ways.  Functions get the ccxt client where they ask something, else only what was told.

    ``receive_window_ms`` is how old a signed request may be when it arrives; ``options`` are set on the client.
    ``code`` reads the venue's own error code from an answer ("" for none); ``proves_refusal`` says whether that code,
    with the HTTP status, proves that nothing was done; ``causes`` what it means; ``clock_codes`` complain of the time.

    ``books`` are the parameters for asking about ordinary and, where those are kept apart, conditional orders.
    ``order_parameters`` adds to a request what ccxt has no word for; ``order_type`` and ``closes_position`` read an
    order; ``child`` the id of the ordinary order that a triggered one has become.  ``find`` asks for the order of a
    client id in one of the books and raises ccxt's OrderNotFound when there is none; ``withdraw`` cancels it there.
    ``live_orders`` asks for those of a symbol or of all (None); that is dear where ``whole_list_every_ms`` says how
    often it will do.

    ``own_trades`` (symbol, from, to, at most) and ``payments`` (from, to, at most) ask for trades and for funding, as
    ccxt describes them.  ``trade_client_id`` reads a trade's, "" where the venue does not tell; ``client_id_of`` asks
    for it by the order's id.  ``traded`` tells the symbols with own trades between two times, and when the first was
    (ms).  ``trades_span_ms`` and ``trades_page`` bound one question for own trades, ``income_span_ms`` one for
    funding; ``reach_back_ms`` is how far the venue remembers.

    ``balance`` reads the account.  ``is_one_way`` tells whether it holds one position per symbol, ``set_one_way`` and
    ``isolate`` (symbol, leverage) set what gobot trades with; ``margin`` tells of each symbol whether it is isolated
    and its leverage; ``permissions`` what the key may do, None where the venue does not say.
    """

    receive_window_ms: int = 5_000
    options: Mapping[str, Any] = field(default_factory=dict)
    code: Callable[[Any], str]
    proves_refusal: Callable[[int, str], bool]
    causes: Mapping[str, Refusal]
    clock_codes: frozenset[str]
    books: Sequence[Mapping[str, Any]]
    conditional_book: int
    order_parameters: Callable[[OrderRequest], dict[str, Any]]
    order_type: Callable[[Order], OrderType]
    closes_position: Callable[[Order], bool]
    child: Callable[[Order], str]
    find: Callable[[Any, str, str, Mapping[str, Any]], Awaitable[Order]]
    withdraw: Callable[[Any, str, str, Mapping[str, Any]], Awaitable[object]]
    live_orders: Callable[[Any, str | None, Mapping[str, Any]], Awaitable[Sequence[Order]]]
    whole_list_every_ms: int
    own_trades: Callable[[Any, str, int, int, int], Awaitable[Sequence[Told]]]
    payments: Callable[[Any, int, int, int], Awaitable[Sequence[Told]]]
    trade_client_id: Callable[[Told], str]
    client_id_of: Callable[[Any, str, str], Awaitable[str]]
    traded: Callable[[Any, int, int], Awaitable[Mapping[str, int]]]
    trades_span_ms: int
    income_span_ms: int
    trades_page: int
    reach_back_ms: int
    balance: Callable[[Told], Balance]
    is_one_way: Callable[[Any], Awaitable[bool]]
    set_one_way: Callable[[Any], Awaitable[object]]
    isolate: Callable[[Any, str, int], Awaitable[None]]
    margin: Callable[[Any, Sequence[str]], Awaitable[Mapping[str, tuple[bool, int]]]]
    permissions: Callable[[Any], Awaitable[Permissions | None]]


def quirks_of(venue: str) -> Quirks:
    """The ways of the venue with that ccxt id.  Raises `UsageError` for one that gobot does not trade on."""
    if venue == "binanceusdm":
        from gobot.exchange.quirks_binance import BINANCE_FUTURES

        return BINANCE_FUTURES
    if venue == "bybit":
        from gobot.exchange.quirks_bybit import BYBIT

        return BYBIT
    raise UsageError(
        f"gobot does not trade on {venue} with real or test money: set exchange.name to binanceusdm or bybit, "
        "or trading.mode to paper"
    )
