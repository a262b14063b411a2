"""Whatever is asked, the answer is Binance's: nothing makes the server stumble, and nothing spoils the books."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_books import a_venue, check_books

from gobot.sandbox.api import Api, Call
from gobot.sandbox.security import KEY, SECRET

VALUES: dict[str, list[str]] = {
    "symbol": ["BTCUSDT", "BTCUSDT", "BTCUSDT", "NOPE", ""],
    "side": ["BUY", "SELL", "UP"],
    "type": ["LIMIT", "MARKET", "STOP_MARKET", "TAKE_PROFIT", "TRAILING_STOP_MARKET", "LIMIT_MAKER", "STOP_LOSS", "X"],
    "algoType": ["CONDITIONAL", "VP"],
    "quantity": ["0.01", "0.05", "0", "-1", "NaN", "Infinity", "1e3", "x"],
    "quoteOrderQty": ["100", "0"],
    "price": ["29000", "30000.1", "31000", "0", "-1", "NaN", "x"],
    "triggerPrice": ["29000", "31000", "0", "x"],
    "stopPrice": ["29000", "31000"],
    "activatePrice": ["31500", "x"],
    "callbackRate": ["1", "50", "x"],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX", "X"],
    "reduceOnly": ["true", "false", "x"],
    "closePosition": ["true", "false"],
    "newClientOrderId": ["a", "b", "a b", "x" * 40],
    "origClientOrderId": ["a", "b", "c"],
    "clientAlgoId": ["a", "b"],
    "orderId": ["1", "2", "-1", "x"],
    "algoId": ["1000001", "x"],
    "limit": ["1", "1000", "0", "99999", "x"],
    "interval": ["1m", "15m", "1d", "1w", "9x"],
    "startTime": ["0", "-5", "1767225600000", "99999999999999", "x"],
    "endTime": ["0", "1767225600000", "x"],
    "fromId": ["0", "1", "x"],
    "leverage": ["1", "20", "200", "x"],
    "marginType": ["ISOLATED", "CROSSED", "X"],
    "dualSidePosition": ["true", "false"],
    "positionSide": ["BOTH", "LONG"],
    "newOrderRespType": ["ACK", "RESULT", "FULL"],
    "recvWindow": ["5000", "60001", "x"],
    "colour": ["red"],
}


def requests() -> Any:
    """Endpoints and parameters that may or may not go together, most of them with a symbol."""
    sandbox, _, _ = a_venue(0)
    names = sorted({*sandbox.futures_api.endpoints, *sandbox.spot_api.endpoints, "GET /fapi/v1/nothing"})
    often = [name for name in names if name.startswith("POST") and "rder" in name] * 4
    optional = {name: st.sampled_from(values) for name, values in VALUES.items() if name != "symbol"}
    parameters = st.fixed_dictionaries({"symbol": st.sampled_from(VALUES["symbol"])}, optional=optional)
    return st.tuples(st.sampled_from(names + often), parameters, st.integers(0, 100_000))


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(requests(), max_size=25))
def test_nothing_makes_the_server_stumble(steps: list[tuple[str, dict[str, str], int]]) -> None:
    sandbox, _, clock = a_venue(1)
    for name, parameters, pause in steps:
        sandbox.engine.advance()
        api: Api = sandbox.spot_api if "/api/" in name or "/sapi/" in name else sandbox.futures_api
        method, path = name.split()
        query = urlencode({"timestamp": clock.now_ms(), **parameters})
        query += "&signature=" + hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        reply = api.answer(Call(method=method, path=path, query=query, body="", headers={"X-MBX-APIKEY": KEY}))
        assert reply.status in (200, 400, 404, 418, 429)
        clock.move_to(clock.now_ms() + pause)
    sandbox.engine.advance()
    check_books(sandbox)
    assert all(sandbox.spot.free(coin) >= 0 for coin in sandbox.spot.coins)
