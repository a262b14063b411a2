"""What the checks say about an entry, asked of a whole daemon: `gobot risk explain`."""

from __future__ import annotations

import orjson
import pytest

from gobot.core import UsageError
from gobot.daemon.control import Control
from gobot.daemon.operator import Operator
from gobot.daemon.socket import answer
from gobot.risk import CHECKS

SYMBOL = "BTC/USDT:USDT"


def control_of(driven) -> Control:
    return Control(Operator(driven.loop, lambda: 0))


async def test_every_check_answers_and_nothing_is_traded(make_daemon) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.cycles(3)
    before = await driven.house.exchange.open_orders(), await driven.house.exchange.positions()

    found = await control_of(driven).explain_risk(driven.house.symbols[0], "long")

    assert [one["check"] for one in found] == [check.name for check in CHECKS]
    assert all(one["passed"] == (one["refusal"] == "") for one in found)
    by_name = {one["check"]: one for one in found}
    assert by_name["clock_skew"]["figures"] == "+0 of 1000 ms"
    assert by_name["position_size"]["figures"].endswith("decides")
    assert (await driven.house.exchange.open_orders(), await driven.house.exchange.positions()) == before


async def test_a_size_of_the_operators_own(make_daemon) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.cycles(1)
    request = {"command": "explain_risk", "symbol": driven.house.symbols[0], "side": "short", "size": 0.5}

    reply = orjson.loads(await answer(control_of(driven), orjson.dumps(request)))

    (size,) = [one for one in reply["result"] if one["check"] == "position_size"]
    assert not size["passed"]
    assert "the size wanted decides the size" in size["refusal"]


@pytest.mark.parametrize(
    ("symbol", "side", "size", "words"),
    [
        ("NOT/USDT:USDT", "long", None, "is not traded here"),
        (None, "up", None, "is no side"),
        (None, "long", -1.0, "an amount of USDT above zero"),
        (None, "long", float("nan"), "an amount of USDT above zero"),
    ],
)
async def test_what_cannot_be_asked(make_daemon, symbol, side, size, words) -> None:
    driven = make_daemon()
    await driven.loop.start()
    with pytest.raises(UsageError, match=words):
        await control_of(driven).explain_risk(symbol or driven.house.symbols[0], side, size)
