"""Bybit, linear perpetuals of a unified account: what ccxt's unified methods leave open about it.

One book for all orders: a conditional one keeps its id and its name when it triggers.  An order is only acknowledged,
so its fate has to be asked for.  Answers have status 200 whatever they say; ``retCode`` tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from gobot.core import Balance, OrderRequest, OrderType, Refusal
from gobot.exchange.quirks import Order, Permissions, Quirks, Told

_DAY_MS = 86_400_000
_PAGE = 100
# The server timed out, an internal error: https://bybit-exchange.github.io/docs/v5/error
_PROVE_NOTHING = frozenset({"", "0", "10000", "10016", "10019"})
_CAUSES = {
    "10029": Refusal.NOT_TRADED,
    "110001": Refusal.UNKNOWN_ORDER,
    "110008": Refusal.UNKNOWN_ORDER,
    "110010": Refusal.UNKNOWN_ORDER,
    "110017": Refusal.NOTHING_TO_CLOSE,
    "110072": Refusal.DUPLICATE,
    "110074": Refusal.NOT_TRADED,
    "110092": Refusal.PASSED,
    "110093": Refusal.PASSED,
    "110094": Refusal.OTHER,
    "170213": Refusal.UNKNOWN_ORDER,
}
# A liquidation and the venue's own reductions of positions are trades of ours, too.
_TRADES = ("Trade", "BustTrade", "AdlTrade")
_ANY_SYMBOL = "BTC/USDT:USDT"


def _code(answer: Any) -> str:
    code = str(answer.get("retCode", "")) if isinstance(answer, dict) else ""
    return "" if code == "0" else code


def _proves_refusal(status: int, code: str) -> bool:
    return status < 500 and code not in _PROVE_NOTHING


def _order_parameters(request: OrderRequest) -> dict[str, Any]:
    """A quantity of 0 that only reduces closes whatever is open."""
    return {"qty": "0", "reduceOnly": True, "closeOnTrigger": True} if request.closes_position else {}


def _order_type(order: Order) -> OrderType:
    info = order["info"]
    if info.get("stopOrderType") == "TrailingStop":
        return OrderType.TRAILING
    if Decimal(info.get("triggerPrice") or 0):
        waits_above = str(info.get("triggerDirection")) == "1"
        return OrderType.STOP if waits_above == (order["side"] == "buy") else OrderType.TAKE_PROFIT
    return OrderType.LIMIT if order["type"] == "limit" else OrderType.MARKET


def _closes_position(order: Order) -> bool:
    return order["info"].get("closeOnTrigger") is True


async def _find(client: Any, symbol: str, client_id: str, book: Mapping[str, Any]) -> Order:  # noqa: ARG001
    """Among the open and the latest orders, then among the older ones."""
    import ccxt

    market = client.market(symbol)
    request = {"category": "linear", "symbol": market["id"], "orderLinkId": client_id}
    for ask in (client.privateGetV5OrderRealtime, client.privateGetV5OrderHistory):
        rows = (await ask(request))["result"]["list"]
        if rows:
            order: Order = client.parse_order(rows[0], market)
            return order
    raise ccxt.OrderNotFound(f"{client.id} has no order {client_id}")


async def _withdraw(client: Any, symbol: str, client_id: str, book: Mapping[str, Any]) -> object:  # noqa: ARG001
    return await client.cancel_order(None, symbol, {"orderLinkId": client_id})


async def _live_orders(client: Any, symbol: str | None, book: Mapping[str, Any]) -> Sequence[Order]:  # noqa: ARG001
    orders: Sequence[Order] = await client.fetch_open_orders(symbol, None, 50, {"paginate": True})
    return orders


async def _own_trades(client: Any, symbol: str, start_ms: int, end_ms: int, page: int) -> Sequence[Told]:
    rows: list[Told] = []
    for kind in _TRADES:
        rows += await client.fetch_my_trades(symbol, start_ms, page, {"until": end_ms, "execType": kind})
    return rows


async def _payments(client: Any, start_ms: int, end_ms: int, page: int) -> Sequence[Told]:
    """Funding that was booked; the venue states it as a fee, above zero when it was paid."""
    rows = await client.fetch_funding_history(None, start_ms, None, {"until": end_ms, "limit": page})
    return [{**row, "amount": -row["amount"]} for row in rows]


async def _traded(client: Any, since_ms: int, until_ms: int) -> Mapping[str, int]:
    """By the executions of all symbols, a week at a time."""
    first: dict[str, int] = {}
    start = since_ms
    while start <= until_ms:
        end = min(start + 7 * _DAY_MS - 1, until_ms)
        rows = await client.fetch_my_trades(None, start, _PAGE, {"until": end})
        if len(rows) >= _PAGE:
            return dict.fromkeys(client.symbols, since_ms)
        for row in rows:
            first[row["symbol"]] = min(first.get(row["symbol"], row["timestamp"]), row["timestamp"])
        start = end + 1
    return first


async def _client_id_of(client: Any, symbol: str, order_id: str) -> str:  # noqa: ARG001
    """An order without a name of ours: made by hand, or by the venue."""
    return f"bybit-{order_id}"


def _balance(told: Told) -> Balance:
    """The USDT of the unified account; profit that is not realised counts at the mark price."""
    account = told["info"]["result"]["list"][0]
    coin: Mapping[str, Any] = next((one for one in account["coin"] if one["coin"] == "USDT"), {})
    return Balance(
        wallet=Decimal(coin.get("walletBalance") or 0),
        equity=Decimal(coin.get("equity") or 0),
        available=Decimal(account.get("totalAvailableBalance") or 0),
    )


async def _is_one_way(client: Any) -> bool:
    request = {"category": "linear", "symbol": client.market(_ANY_SYMBOL)["id"]}
    rows = (await client.privateGetV5PositionList(request))["result"]["list"]
    return all(str(row["positionIdx"]) == "0" for row in rows)


async def _set_one_way(client: Any) -> object:
    return await client.set_position_mode(False)


async def _is_isolated(client: Any) -> bool:
    return bool((await client.privateGetV5AccountInfo())["result"]["marginMode"] == "ISOLATED_MARGIN")


async def _leverage(client: Any, symbol: str) -> int:
    request = {"category": "linear", "symbol": client.market(symbol)["id"]}
    rows = (await client.privateGetV5PositionList(request))["result"]["list"]
    return int(Decimal(rows[0]["leverage"] or 0)) if rows else 0


async def _isolate(client: Any, symbol: str, leverage: int) -> None:
    """The margin mode is the account's, the leverage the symbol's; setting what is set already is refused."""
    if not await _is_isolated(client):
        await client.set_margin_mode("isolated")
    if await _leverage(client, symbol) != leverage:
        await client.set_leverage(leverage, symbol)


async def _margin(client: Any, symbols: Sequence[str]) -> Mapping[str, tuple[bool, int]]:
    isolated = await _is_isolated(client)
    return {symbol: (isolated, await _leverage(client, symbol)) for symbol in symbols}


async def _permissions(client: Any) -> Permissions | None:
    told = (await client.privateGetV5UserQueryApi())["result"]
    granted = told.get("permissions") or {}
    return Permissions(
        trade=str(told.get("readOnly")) == "0" and "Order" in (granted.get("ContractTrade") or ()),
        withdraw="Withdraw" in (granted.get("Wallet") or ()),
    )


BYBIT = Quirks(
    options={"fetchMarkets": {"types": ["linear"]}, "defaultType": "swap", "defaultSubType": "linear"},
    code=_code,
    proves_refusal=_proves_refusal,
    causes=_CAUSES,
    clock_codes=frozenset({"10002"}),
    books=({},),
    conditional_book=0,
    order_parameters=_order_parameters,
    order_type=_order_type,
    closes_position=_closes_position,
    child=lambda _: "",
    find=_find,
    withdraw=_withdraw,
    live_orders=_live_orders,
    whole_list_every_ms=0,
    own_trades=_own_trades,
    payments=_payments,
    trade_client_id=lambda trade: str(trade.get("orderLinkId") or ""),
    client_id_of=_client_id_of,
    traded=_traded,
    trades_span_ms=7 * _DAY_MS - 1,
    income_span_ms=7 * _DAY_MS - 1,
    trades_page=_PAGE,
    reach_back_ms=89 * _DAY_MS,
    balance=_balance,
    is_one_way=_is_one_way,
    set_one_way=_set_one_way,
    isolate=_isolate,
    margin=_margin,
    permissions=_permissions,
)
