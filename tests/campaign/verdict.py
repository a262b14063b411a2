"""What must be true at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from daemon_home import DaemonHome

from gobot.core import ZERO
from gobot.ledger import EXTERNAL, Ledger, LedgerStatus, Trade

CENT = Decimal("0.01")
GRACE_S = 3.0
FLIGHT_S = 0.5
_ON_VENUE = {LedgerStatus.OPEN, LedgerStatus.FILLED, LedgerStatus.CANCELED, LedgerStatus.EXPIRED}


def faults_found(home: DaemonHome, state: dict[str, Any]) -> list[str]:
    """Every way in which ledger and venue differ, or the venue was mistreated; empty when all is well."""
    ledger = Ledger.open(f"sqlite:///{home.path}/state/gobot.db", read_only=True)
    try:
        trades = [*ledger.closed_trades(), *ledger.open_trades()]
        orders = ledger.orders(limit=1_000_000)
        return [
            *_orders(orders, state),
            *_positions(ledger.open_trades(), state),
            *_stops(ledger.open_trades(), state),
            *_money(trades, state),
            *_naked(trades, home, state),
            *_manners(state, FLIGHT_S * home.speed * 1000),
        ]
    finally:
        ledger.close()


def _orders(orders: Iterable[Any], state: dict[str, Any]) -> list[str]:
    accepted = Counter(one["client_id"] for one in state["journal"] if one["client_id"].startswith("gb-"))
    rows = {row.client_id: row for row in orders}
    found = [f"accepted twice: {one}" for one in state["repeated_client_ids"] if one.startswith("gb-")]
    found += [f"on the venue, not in the ledger: {one}" for one in accepted.keys() - rows.keys()]
    for client_id, row in rows.items():
        # What the venue took and turned away later has its number.
        taken = row.status in _ON_VENUE or (row.status is LedgerStatus.REFUSED and row.venue_id)
        if (client_id in accepted) != bool(taken):
            found.append(f"{row.leg} {client_id} is {row.status} in the ledger, on the venue: {client_id in accepted}")
        if row.status in (LedgerStatus.SENT, LedgerStatus.INTENDED):
            found.append(f"{row.leg} {client_id} is still {row.status}")
    return found


def _positions(trades: Iterable[Trade], state: dict[str, Any]) -> list[str]:
    ours = {trade.symbol: trade.open_quantity * trade.direction.sign for trade in trades}
    theirs = {one["symbol"]: Decimal(one["quantity"]) for one in state["positions"].values()}
    return [] if ours == theirs else [f"positions: the ledger has {ours}, the venue {theirs}"]


def _stops(trades: Iterable[Trade], state: dict[str, Any]) -> list[str]:
    """One stop for each position of gobot's, and nothing of gobot's that guards nothing."""
    own = {trade.symbol for trade in trades if trade.bot != EXTERNAL}
    names = {binance: binance.removesuffix("USDT") + "/USDT:USDT" for binance in state["symbols"]}
    resting = [one for one in state["algos"] if one["algoStatus"] == "NEW" and one["clientAlgoId"].startswith("gb-")]
    stops = Counter(names[one["symbol"]] for one in resting if one["orderType"] == "STOP_MARKET")
    found = [f"{symbol} has {stops[symbol]} stops" for symbol in own if stops[symbol] != 1]
    return found + [
        f"{one['clientAlgoId']} rests without a position" for one in resting if names[one["symbol"]] not in own
    ]


def _money(trades: list[Trade], state: dict[str, Any]) -> list[str]:
    totals = {name: Decimal(amount) for name, amount in state["totals"].items()}
    sums = {
        "REALIZED_PNL": sum((trade.realized for trade in trades), ZERO),
        "COMMISSION": -sum((trade.fees for trade in trades), ZERO),
        "FUNDING_FEE": sum((trade.funding for trade in trades), ZERO),
    }
    found = [
        f"{name}: the ledger has {ours:.4f}, the venue {totals[name]:.4f}"
        for name, ours in sums.items()
        if abs(ours - totals[name]) >= CENT
    ]
    wallet = totals["TRANSFER"] + sum(sums.values(), ZERO)
    if abs(wallet - Decimal(state["wallet"])) >= CENT:
        found.append(f"wallet: the ledger explains {wallet:.4f}, the venue has {state['wallet']}")
    return found


def _naked(trades: list[Trade], home: DaemonHome, state: dict[str, Any]) -> list[str]:
    """Positions of gobot's without a stop for longer than the daemon was down, or silenced, and three seconds more."""
    excused = [*home.down, *((ban["start_ms"], ban["end_ms"]) for ban in state["limits"]["futures"]["bans"])]
    own = [trade for trade in trades if trade.bot != EXTERNAL]
    found = []
    for one in state["naked"]:
        start, end = one["start_ms"], one["end_ms"] or state["now_ms"]
        for trade in own:
            if trade.symbol == one["symbol"]:
                bare = _seconds(max(start, trade.entry_ms), min(end, trade.exit_ms if trade.closing else end), excused)
                if bare / home.speed > GRACE_S:
                    found.append(f"{trade.symbol} was without a stop for {bare / home.speed:.1f} s from {start} on")
    return found


def _seconds(start: int, end: int, excused: list[tuple[int, int]]) -> float:
    """The venue's seconds between two moments, without the stretches that are excused."""
    left = 0
    at = start
    for begins, ends in sorted(excused):
        left += max(0, min(begins, end) - at)
        at = max(at, min(ends, end))
    return (left + max(0, end - at)) / 1000


def _manners(state: dict[str, Any], flight_ms: float) -> list[str]:
    found = []
    for name, limit in state["limits"].items():
        ceiling = limit["ceilings"]["weight_per_minute"]
        if limit["highest_weight"] > ceiling:
            found.append(f"{name}: weight {limit['highest_weight']} above {ceiling}")
        begun = [ban["start_ms"] for ban in limit["bans"]]
        # What was on its way when the ban began could not be called back.
        late = [at for at in limit["ban_requests"] if all(not 0 <= at - start <= flight_ms for start in begun)]
        if late:
            found.append(f"{name}: requests during bans {begun} at {late}")
    return found
