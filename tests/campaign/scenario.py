"""What goes wrong in one run: faults of the venue, deaths of the daemon, and humans, all from one seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gobot.sandbox.faults import Fault

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
_WRITES = ("POST /fapi/v1/order", "POST /fapi/v1/algoOrder", "DELETE *")


def _writing(dice: Random) -> Fault:
    """An answer to a writing call that is lost, late or unreadable, with the deed done or not."""
    kind = dice.choice(("unknown", "unknown", "reset", "reset", "error", "truncated", "html", "empty"))
    return Fault(
        kind=kind,
        endpoint=dice.choice(_WRITES),
        probability=dice.uniform(0.05, 0.3),
        executed=dice.choice(("yes", "no", "late")) if kind in ("unknown", "reset", "error") else "yes",
        seconds=2.0,
    )


def _reading(dice: Random) -> Fault:
    """A question without a proper answer."""
    kind = dice.choice(("error", "reset", "truncated", "html", "empty", "slow"))
    endpoints = (
        "GET *",
        "GET /fapi/v1/order",
        "GET /fapi/v1/openOrders",
        "GET /fapi/v3/positionRisk",
        "GET */userTrades",
    )
    return Fault(kind=kind, endpoint=dice.choice(endpoints), probability=dice.uniform(0.02, 0.15), seconds=0.3)


def _stream(dice: Random) -> Fault:
    return Fault(kind=dice.choice(("drop", "silence")), probability=dice.uniform(0.005, 0.03), seconds=120)


def _market(dice: Random) -> Fault:
    """An order that fills in part, or is not shown at first."""
    return Fault(
        kind=dice.choice(("partial", "hidden")),
        endpoint="POST /fapi/v1/order",
        probability=dice.uniform(0.1, 0.3),
        fraction=dice.uniform(0.2, 0.8),
        seconds=5.0,
    )


def _limits(dice: Random) -> Fault:
    kind = dice.choice(("limit", "limit", "ban"))
    return Fault(kind=kind, probability=0.01, times=2, seconds=dice.uniform(20, 90))


def _clock(dice: Random) -> Fault:
    return Fault(kind="skew", endpoint="GET *", probability=0.02, times=2, seconds=dice.uniform(-90, 90))


_FAULTS: tuple[Callable[[Random], Fault], ...] = (_writing, _writing, _reading, _stream, _market, _limits, _clock)


@dataclass(frozen=True)
class Event:
    """Something that happens so many real seconds after the event before it."""

    after: float
    what: str
    how: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """One run."""

    seed: int
    faults: tuple[Fault, ...]
    settings: dict[str, str]
    events: tuple[Event, ...]


def scenario(seed: int) -> Scenario:
    """The run of a seed."""
    dice = Random(f"campaign {seed}")
    faults = tuple(dice.choice(_FAULTS)(dice) for _ in range(dice.randint(2, 5)))
    settings = {"trading.external.positions": dice.choice(("adopt", "alert", "ignore"))}
    if dice.random() < 0.4:
        settings["trading.protection.trailing_percent"] = "0.4"
    if dice.random() < 0.2:
        settings["trading.protection.max_candles"] = "4"
    whats = ["kill"] * dice.randint(2, 3) + [dice.choice(_DEEDS) for _ in range(dice.randint(2, 5))]
    dice.shuffle(whats)
    events = tuple(Event(dice.uniform(0.3, 2.5), what, _how(dice, what)) for what in whats)
    return Scenario(seed, faults, settings, events)


_DEEDS = ("open", "open", "close", "close", "cancel", "cancel", "deposit", "withdraw", "move", "move")


def _how(dice: Random, what: str) -> dict[str, Any]:
    symbol = dice.choice((BTC, ETH))
    match what:
        case "open":
            symbol = dice.choice((BTC, ETH, SOL))
            return {
                "symbol": symbol,
                "side": dice.choice(("buy", "sell")),
                "quantity": "0.02" if symbol == BTC else "0.3",
            }
        case "close" | "cancel":
            return {"symbol": symbol}
        case "deposit" | "withdraw":
            return {"amount": str(dice.randint(50, 2000))}
        case "move":
            return {"symbol": symbol, "factor": 1 + dice.choice((-1, 1)) * dice.uniform(0.004, 0.02)}
    return {}
