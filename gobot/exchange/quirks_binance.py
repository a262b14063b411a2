"""Binance USDⓈ-M futures: what ccxt's unified methods leave open about it.

Conditional orders live in a book of their own (``/fapi/v1/algoOrder``, since 2025-12-09): an ordinary question does
not find them, an ordinary cancel does not reach them.  When one triggers it becomes an ordinary order with another
id, and its trades carry that id alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from gobot.core import Balance, OrderRequest, OrderType
from gobot.exchange.quirks import Order, Permissions, Quirks, Told
from gobot.exchange.refusals import BINANCE_CAUSES

_DAY_MS = 86_400_000
# Answers with these codes may come although the order was executed: unknown error, disconnected, unexpected
# response, time-out.  https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
_PROVE_NOTHING = frozenset({"", "-1000", "-1001", "-1006", "-1007"})
_PAGE = 1000
_ORDINARY: Mapping[str, Any] = {}
_CONDITIONAL: Mapping[str, Any] = {"trigger": True}
_TYPES = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "STOP_MARKET": OrderType.STOP,
    "STOP": OrderType.STOP,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT,
    "TRAILING_STOP_MARKET": OrderType.TRAILING,
}
_TRIGGERED = ("TRIGGERED", "FINISHED")


def _code(answer: Any) -> str:
    return str(answer["code"]) if isinstance(answer, dict) and "code" in answer else ""


def _proves_refusal(status: int, code: str) -> bool:
    """429 and 418 turn a request away at the door; other 4xx prove it when they say why."""
    return status in (429, 418) or (400 <= status < 500 and code.startswith("-") and code not in _PROVE_NOTHING)


def _order_parameters(request: OrderRequest) -> dict[str, Any]:
    return {"closePosition": True} if request.closes_position else {}


def _order_type(order: Order) -> OrderType:
    info = order["info"]
    return _TYPES.get(info.get("orderType") or info.get("origType") or info.get("type"), OrderType.MARKET)


def _closes_position(order: Order) -> bool:
    return str(order["info"].get("closePosition")).lower() == "true"


def _child(order: Order) -> str:
    info = order["info"]
    child = str(info.get("actualOrderId") or "")
    return child if info.get("algoStatus") in _TRIGGERED and child != "0" else ""


async def _find(client: Any, symbol: str, client_id: str, book: Mapping[str, Any]) -> Order:
    order: Order = await client.fetch_order(None, symbol, {"clientOrderId": client_id, **book})
    return order


async def _withdraw(client: Any, symbol: str, client_id: str, book: Mapping[str, Any]) -> object:
    return await client.cancel_order(None, symbol, {"clientOrderId": client_id, **book})


async def _live_orders(client: Any, symbol: str | None, book: Mapping[str, Any]) -> Sequence[Order]:
    orders: Sequence[Order] = await client.fetch_open_orders(symbol, None, None, dict(book))
    return orders


async def _client_id_of(client: Any, symbol: str, order_id: str) -> str:
    """Of the conditional order that became this one, if there was one."""
    order = await client.fetch_order(order_id, symbol)
    if _order_type(order).conditional:
        for parent in await client.fetch_orders(symbol, None, None, dict(_CONDITIONAL)):
            if str(parent["info"].get("actualOrderId")) == order_id:
                return str(parent["clientOrderId"])
    return str(order["clientOrderId"])


async def _own_trades(client: Any, symbol: str, start_ms: int, end_ms: int, page: int) -> Sequence[Told]:
    rows: Sequence[Told] = await client.fetch_my_trades(symbol, start_ms, page, {"until": end_ms})
    return rows


async def _payments(client: Any, start_ms: int, end_ms: int, page: int) -> Sequence[Told]:
    rows: Sequence[Told] = await client.fetch_funding_history(None, start_ms, page, {"until": end_ms})
    return rows


async def _traded(client: Any, since_ms: int, until_ms: int) -> Mapping[str, int]:
    """By the fees that were booked; a trade without a fee does not show."""
    rows = await client.fetch_funding_history(None, since_ms, _PAGE, {"incomeType": "COMMISSION", "until": until_ms})
    first: dict[str, int] = {}
    for row in rows:
        first[row["symbol"]] = min(first.get(row["symbol"], row["timestamp"]), row["timestamp"])
    # A full page ends before the present: what follows may be anywhere.
    return dict.fromkeys(client.symbols, since_ms) if len(rows) >= _PAGE else first


def _balance(told: Told) -> Balance:
    """The USDT of the futures wallet; profit that is not realised counts at the mark price."""
    asset = next(asset for asset in told["info"]["assets"] if asset["asset"] == "USDT")
    return Balance(
        wallet=Decimal(asset["walletBalance"]),
        equity=Decimal(asset["marginBalance"]),
        available=Decimal(asset["availableBalance"]),
    )


async def _is_one_way(client: Any) -> bool:
    return not (await client.fetch_position_mode())["hedged"]


async def _set_one_way(client: Any) -> object:
    return await client.set_position_mode(False)


async def _isolate(client: Any, symbol: str, leverage: int) -> None:
    await client.set_margin_mode("isolated", symbol)
    await client.set_leverage(leverage, symbol)


async def _margin(client: Any, symbols: Sequence[str]) -> Mapping[str, tuple[bool, int]]:
    """Whether the margin is isolated, and the leverage, for each symbol."""
    told = await client.fetch_leverages(list(symbols))
    return {
        symbol: (told[symbol]["marginMode"] == "isolated", int(told[symbol]["longLeverage"] or 0))
        for symbol in symbols
        if symbol in told
    }


async def _permissions(client: Any) -> Permissions | None:
    """What the key may do; None where the venue has nothing to ask for that, as on its testnet."""
    if "sapi" not in client.urls["api"]:
        return None
    told = await client.sapiGetAccountApiRestrictions()
    return Permissions(trade=bool(told.get("enableFutures")), withdraw=bool(told.get("enableWithdrawals")))


BINANCE_FUTURES = Quirks(
    options={
        # Currencies are none of our business, and asking for them needs another API of the venue.
        "fetchCurrencies": False,
        "warnOnFetchOpenOrdersWithoutSymbol": False,
    },
    code=_code,
    proves_refusal=_proves_refusal,
    causes=BINANCE_CAUSES,
    clock_codes=frozenset({"-1021", "-5028"}),
    books=(_ORDINARY, _CONDITIONAL),
    conditional_book=1,
    order_parameters=_order_parameters,
    order_type=_order_type,
    closes_position=_closes_position,
    child=_child,
    find=_find,
    withdraw=_withdraw,
    live_orders=_live_orders,
    # Both books together weigh 80, as much as 40 symbols.
    whole_list_every_ms=60_000,
    own_trades=_own_trades,
    payments=_payments,
    trade_client_id=lambda _: "",
    client_id_of=_client_id_of,
    traded=_traded,
    trades_span_ms=7 * _DAY_MS - 1,
    income_span_ms=89 * _DAY_MS,
    trades_page=_PAGE,
    reach_back_ms=89 * _DAY_MS,
    balance=_balance,
    is_one_way=_is_one_way,
    set_one_way=_set_one_way,
    isolate=_isolate,
    margin=_margin,
    permissions=_permissions,
)
