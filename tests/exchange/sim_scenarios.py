"""What the simulated venue must do, as a table: candles, orders, and the fills that must come of them.

Candles are (open, high, low, close).  Orders are placed a few seconds into a candle: {candle: [orders]}.
A fill is (when, client id, price, quantity): ``when`` is ("now", candle) for an order that traded on arrival and
("close", candle) for one that was met inside a candle.  ``ends`` are the last words on orders that did not fill.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sim_world import order

CALM = (100, 101, 99, 100)
BUY, SELL = "buy", "sell"


def enter(side=BUY, quantity=1):
    return order("entry", side, "market", quantity)


def stop(trigger, side=SELL, **rest):
    return order(rest.pop("name", "stop"), side, "stop", trigger=trigger, closes=True, **rest)


def target(trigger, side=SELL, **rest):
    return order(rest.pop("name", "target"), side, "take_profit", trigger=trigger, closes=True, **rest)


def trail(callback, side=SELL, **rest):
    return order("trail", side, "trailing", callback=callback, closes=True, **rest)


def limit(price, side=BUY, quantity=1, **rest):
    return order(rest.pop("name", "limit"), side, "limit", quantity, price=price, **rest)


@dataclass(frozen=True)
class Scenario:
    name: str
    bars: list[Any]
    orders: dict[int, list[Any]]
    fills: list[tuple[tuple[str, int], str, Any, Any]]
    ends: dict[str, str] = field(default_factory=dict)
    world: dict[str, Any] = field(default_factory=dict)


ENTRY = (("now", 0), "entry", 100, 1)

SCENARIOS = [
    Scenario(
        "a market order fills at the open of its candle",
        [(103, 110, 90, 95)],
        {0: [enter()]},
        [(("now", 0), "entry", 103, 1)],
    ),
    Scenario(
        "slippage is against the buyer and against the seller",
        [CALM, (110, 111, 109, 110)],
        {0: [enter()], 1: [order("exit", SELL, "market", 1, reduce=True)]},
        [(("now", 0), "entry", "100.1", 1), (("now", 1), "exit", "109.89", 1)],
        world={"slippage": 0.001},
    ),
    Scenario(
        "a stop armed before the entry guards the entry candle",
        [(100, 101, 94, 100)],
        {0: [stop(95), enter()]},
        [ENTRY, (("close", 0), "stop", 95, 1)],
    ),
    Scenario(
        "stop and target in one candle: the stop",
        [CALM, (100, 106, 94, 105)],
        {0: [stop(95), enter(), target(105)]},
        [ENTRY, (("close", 1), "stop", 95, 1)],
        {"target": "expired"},
    ),
    Scenario(
        "a target inside the candle, and the stop dies with the position",
        [CALM, (100, 106, 96, 105)],
        {0: [stop(95), enter(), target(105)]},
        [ENTRY, (("close", 1), "target", 105, 1)],
        {"stop": "expired"},
    ),
    Scenario(
        "a gap through the stop fills at the open",
        [CALM, (92, 96, 90, 95)],
        {0: [stop(95), enter()]},
        [ENTRY, (("close", 1), "stop", 92, 1)],
    ),
    Scenario(
        "a gap beyond the target fills at the open, before the stop of the same candle",
        [CALM, (108, 109, 94, 95)],
        {0: [stop(95), enter(), target(105)]},
        [ENTRY, (("close", 1), "target", 108, 1)],
        {"stop": "expired"},
    ),
    Scenario(
        "stops and targets are market orders: they slip",
        [CALM, (100, 101, 94, 95), CALM, (100, 106, 99, 105)],
        {0: [stop(95), enter()], 2: [order("again", BUY, "market", 1), target(105)]},
        [
            (("now", 0), "entry", "100.1", 1),
            (("close", 1), "stop", "94.905", 1),
            (("now", 2), "again", "100.1", 1),
            (("close", 3), "target", "104.895", 1),
        ],
        world={"slippage": 0.001},
    ),
    Scenario(
        "a short is stopped above",
        [CALM, (100, 106, 99, 105)],
        {0: [stop(105, BUY), enter(SELL)]},
        [ENTRY, (("close", 1), "stop", 105, 1)],
    ),
    Scenario(
        "a limit order is not filled by a touch",
        [CALM, (100, 101, 95, 100), (100, 101, 94, 95)],
        {0: [limit(95)]},
        [(("close", 2), "limit", 95, 1)],
    ),
    Scenario(
        "a gap through a limit fills at the better open",
        [CALM, (93, 99, 92, 95)],
        {0: [limit(95)]},
        [(("close", 1), "limit", 93, 1)],
    ),
    Scenario(
        "a limit that crosses trades at once, at the price",
        [CALM],
        {0: [limit(102)]},
        [(("now", 0), "limit", 100, 1)],
    ),
    Scenario(
        "and never slips beyond its limit",
        [CALM],
        {0: [limit("100.05")]},
        [(("now", 0), "limit", "100.05", 1)],
        world={"slippage": 0.001},
    ),
    Scenario(
        "a position opened inside a candle can be stopped in it",
        [CALM, (100, 101, 89, 100)],
        {0: [stop(90), limit(95)]},
        [(("close", 1), "limit", 95, 1), (("close", 1), "stop", 90, 1)],
    ),
    Scenario(
        "but the candle's high does not prove that its target came after",
        [CALM, (100, 106, 94, 96), (96, 106, 95, 100)],
        {0: [limit(95), target(105)]},
        [(("close", 1), "limit", 95, 1), (("close", 2), "target", 105, 1)],
    ),
    Scenario(
        "unless the close does",
        [CALM, (100, 106, 94, "105.5")],
        {0: [limit(95), target(105)]},
        [(("close", 1), "limit", 95, 1), (("close", 1), "target", 105, 1)],
    ),
    Scenario(
        "a stop order can open a position, which its own stop guards",
        [CALM, (100, 106, 89, 95)],
        {0: [order("breakout", BUY, "stop", 1, trigger=105), stop(90)]},
        [(("close", 1), "breakout", 105, 1), (("close", 1), "stop", 90, 1)],
    ),
    Scenario(
        "a trailing stop starts at the entry, moves at the close and never back",
        [CALM, (100, 112, 91, 110), (110, 110, 100, 104), (104, 105, 98, 99)],
        {0: [trail("0.1"), enter()]},
        [ENTRY, (("close", 3), "trail", 99, 1)],
    ),
    Scenario(
        "a trailing stop guards the entry candle",
        [(100, 101, 89, 95)],
        {0: [trail("0.1"), enter()]},
        [ENTRY, (("close", 0), "trail", 90, 1)],
    ),
    Scenario(
        "a trailing stop with a trigger sleeps until that is reached",
        [CALM, (100, 101, 80, 100), (100, 106, 99, 104), (104, 105, 93, 95)],
        {0: [enter(), trail("0.1", trigger=105)]},
        [ENTRY, (("close", 3), "trail", "93.6", 1)],
    ),
    Scenario(
        "a trailing stop of a short",
        [CALM, (100, 101, 88, 90), (90, 100, 89, 95)],
        {0: [trail("0.1", BUY), enter(SELL)]},
        [ENTRY, (("close", 2), "trail", 99, 1)],
    ),
    Scenario(
        "reduce-only orders are cut to the position",
        [CALM, CALM],
        {0: [enter()], 1: [order("exit", SELL, "market", 5, reduce=True)]},
        [ENTRY, (("now", 1), "exit", 100, 1)],
    ),
    Scenario(
        "several exits share a position, the nearest first",
        [CALM, (100, 101, 89, 90)],
        {
            0: [
                enter(quantity=3),
                order("far", SELL, "stop", 1, trigger=91, reduce=True),
                order("near", SELL, "stop", 1, trigger=95, reduce=True),
                stop(90),
            ]
        },
        [
            (("now", 0), "entry", 100, 3),
            (("close", 1), "near", 95, 1),
            (("close", 1), "far", 91, 1),
            (("close", 1), "stop", 90, 1),
        ],
    ),
    Scenario(
        "a reduce-only limit takes profit at its price, as maker",
        [CALM, (100, 106, 99, 105)],
        {0: [enter(), limit(105, SELL, name="profit", reduce=True)]},
        [ENTRY, (("close", 1), "profit", 105, 1)],
    ),
    Scenario(
        "an exit without a position waits, and guards the next one",
        [(100, 101, 80, 100), CALM, (100, 101, 94, 95)],
        {0: [stop(95)], 1: [enter()]},
        [(("now", 1), "entry", 100, 1), (("close", 2), "stop", 95, 1)],
    ),
    Scenario(
        "exits die with the position however it is closed",
        [CALM, CALM],
        {0: [stop(95), enter(), target(105)], 1: [order("exit", SELL, "market", 1)]},
        [ENTRY, (("now", 1), "exit", 100, 1)],
        {"stop": "expired", "target": "expired"},
    ),
    Scenario(
        "selling more than there is turns the position",
        [CALM, CALM, (100, 106, 99, 100)],
        {0: [stop(95), enter()], 1: [stop(105, BUY, name="guard"), order("turn", SELL, "market", 3)]},
        [ENTRY, (("now", 1), "turn", 100, 3), (("close", 2), "guard", 105, 2)],
        {"stop": "expired"},
    ),
    Scenario(
        "adding to a position averages its price",
        [CALM, (110, 111, 109, 110), CALM],
        {0: [enter()], 1: [order("more", BUY, "market", 1)]},
        [ENTRY, (("now", 1), "more", 110, 1)],
    ),
    Scenario(
        "without a candle nothing is matched",
        [CALM, None, None, (100, 101, 94, 95)],
        {0: [stop(95), enter()]},
        [ENTRY, (("close", 3), "stop", 95, 1)],
    ),
    Scenario(
        "a position is liquidated where its margin is used up",
        [CALM, (100, 101, 80, 85)],
        {0: [enter()]},
        # Ten times: (10 - 100) / (1 * (0.015 - 1)).
        [ENTRY, (("close", 1), "autoclose-2", "91.3705583756345", 1)],
        world={"leverage": 10},
    ),
    Scenario(
        "a stop before the liquidation price saves it",
        [CALM, (100, 101, 80, 85)],
        {0: [stop(92), enter()]},
        [ENTRY, (("close", 1), "stop", 92, 1)],
        world={"leverage": 10},
    ),
    Scenario(
        "a stop behind the liquidation price comes too late",
        [CALM, (100, 101, 80, 85)],
        {0: [stop(91), enter()]},
        [ENTRY, (("close", 1), "autoclose-3", "91.3705583756345", 1)],
        {"stop": "expired"},
        world={"leverage": 10},
    ),
    Scenario(
        "a gap beyond bankruptcy costs the margin and no more",
        [CALM, (70, 75, 69, 72)],
        {0: [stop(92), enter()]},
        [ENTRY, (("close", 1), "autoclose-3", 90, 1)],
        {"stop": "expired"},
        world={"leverage": 10, "fee": "0.0005"},
    ),
    Scenario(
        "a resting entry that the account cannot pay for any more expires",
        [CALM, (100, 106, 99, 105)],
        {0: [order("breakout", BUY, "stop", 900, trigger=105), enter(quantity=900)]},
        [(("now", 0), "entry", 100, 900)],
        {"breakout": "expired"},
    ),
]
