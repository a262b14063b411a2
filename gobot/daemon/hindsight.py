"""Hindsight: the UTC day that is over once more, as the backtest would have had it, beside what the daemon did.

The kernel trades the same candles by the same strategy and settings, on the candles that the daemon had a cycle for and
without the entries that its checks refused: what is left has to be the trades of the ledger.  Prices of a real venue
differ by slippage and sizes by the account, so trades are compared by symbol, direction, candles and the way they
ended; how far the entries were from the backtest's is told as a mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from loguru import logger

from gobot.backtest import Rules
from gobot.backtest.conditions import conditions_of
from gobot.backtest.events import events_in
from gobot.backtest.run import run_events
from gobot.core import DAY_MS, Market, Timeframe, VenueUnavailable, utc_day
from gobot.daemon.comparison import Comparison, Place, RoundTrip, compare, kernel_trips, ledger_trips
from gobot.daemon.events import HindsightTold
from gobot.daemon.house import House
from gobot.daemon.learning import TRADES_STUDIED
from gobot.daemon.tuning import Tuning
from gobot.ledger import KEEP_DECISIONS, CycleRow, Ledger, Trade
from gobot.ledger import Leg as OrderLeg
from gobot.market import Candles
from gobot.strategy import Signals, Strategy, evaluate

_FIGURES = ("exit_ms", "exit_reason")
_SENTENCES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One symbol of the day.

    ``seen`` are the candles (opens, ms) that the daemon decided on, ``refused`` those of them on which its checks
    refused the entry.  ``free_ms`` is the candle from whose open on a position could be opened: one that was carried
    over from the day before is not the day's.
    """

    symbol: str
    candles: Candles
    market: Market | None
    seen: frozenset[int]
    refused: frozenset[int]
    free_ms: int


async def look_back(house: House, tuning: Tuning, at_ms: int) -> HindsightTold:
    """Re-simulate the UTC day before ``at_ms``.  Candles are asked for, and the work is done beside the loop.

    Raises `VenueUnavailable` when no candles can be had, `StrategyError` for the strategy's own faults.
    """
    end_ms, now_ms = at_ms - at_ms % DAY_MS, house.clock.now_ms()
    trading, strategy = tuning.trading, tuning.strategy
    timeframe = Timeframe.parse(trading.timeframe)
    start_ms = max(end_ms - DAY_MS, _entered_ms(house))
    cycles = _cycles(house.ledger, start_ms, now_ms, trading.orchestrator.loop_interval * 1000)
    # What was decided before the first of them is not known any more.
    start_ms = max(start_ms, timeframe.ms + min((row.candle_ms for row in cycles), default=end_ms))
    trades = [*house.ledger.closed_trades(limit=TRADES_STUDIED), *house.ledger.open_trades()]
    markets = await house.exchange.markets()
    length = strategy.warmup_on(timeframe) + (now_ms - start_ms) // timeframe.ms + 1
    pasts = []
    for symbol in house.symbols:
        candles = await _candles(house, symbol, timeframe, length)
        if len(candles):
            pasts.append(_past(symbol, candles, markets.get(symbol), cycles, trades, timeframe, (start_ms, end_ms)))
    if not pasts:
        raise VenueUnavailable(f"no candles of {utc_day(start_ms)} could be read: the day cannot be looked back on")
    known_ms = timeframe.floor(now_ms)
    done = [_as_known(trip, known_ms) for trip in ledger_trips(trades, timeframe) if start_ms <= trip.entry_ms < end_ms]
    told = await asyncio.to_thread(resimulated, strategy, pasts, _rules(tuning, markets), start_ms, end_ms)
    failed = _failed_entries(house.ledger, cycles, timeframe)
    comparison = compare(told, done, failed, figures=_FIGURES)
    refused = sum(len(past.refused) for past in pasts)
    logger.info("looked back on the day", day=utc_day(start_ms), found=comparison.sentence, refused=refused)
    return _event(comparison, told, done, refused=refused, day=utc_day(end_ms - 1), at_ms=at_ms)


def resimulated(strategy: Strategy, pasts: Sequence[Past], rules: Rules, start_ms: int, end_ms: int) -> list[RoundTrip]:
    """The trades that the backtest opens between ``start_ms`` and ``end_ms``.  Pure."""
    trips: list[RoundTrip] = []
    for past in pasts:
        signals = _heard(evaluate(strategy, past.candles), past, start_ms)
        conditions = conditions_of(past.candles, rules, symbol=past.symbol, market=past.market)
        trades, _ = run_events(events_in(signals), conditions)
        found = kernel_trips(trades, past.symbol, past.candles)
        trips += [trip for trip in found if start_ms <= trip.entry_ms < end_ms]
    return trips


def _heard(signals: Signals, past: Past, start_ms: int) -> Signals:
    """The signals that the daemon could act on: on candles that it saw, entries where it was free and not refused."""
    time = past.candles.time
    seen = np.isin(time, list(past.seen))
    free = time >= max(past.free_ms, start_ms) - past.candles.step().ms
    entering = seen & free & ~np.isin(time, list(past.refused))
    return replace(
        signals,
        entry=np.where(entering, signals.entry, 0).astype(np.int8),
        exit=np.where(seen, signals.exit, 0).astype(np.int8),
    )


def _entered_ms(house: House) -> int:
    """Since when the present branch trades."""
    return int((house.branch_file.peek() or {}).get("since_ms", 0))


def _cycles(ledger: Ledger, start_ms: int, now_ms: int, interval_ms: int) -> list[CycleRow]:
    """The cycles since ``start_ms`` that came to a decision, as far back as decisions are kept."""
    since = (now_ms - start_ms) // interval_ms + 2
    return [row for row in ledger.cycles(limit=min(since, KEEP_DECISIONS)) if row.decided_ms is not None]


async def _candles(house: House, symbol: str, timeframe: Timeframe, length: int) -> Candles:
    try:
        return await house.exchange.candles(symbol, timeframe, limit=length)
    except VenueUnavailable as error:
        logger.warning("not looked back on", symbol=symbol, error=str(error))
        return Candles.empty()


def _past(
    symbol: str,
    candles: Candles,
    market: Market | None,
    cycles: Iterable[CycleRow],
    trades: Iterable[Trade],
    timeframe: Timeframe,
    day: tuple[int, int],
) -> Past:
    start_ms, end_ms = day
    seen = {row.candle_ms: row for row in cycles if row.candle_ms < end_ms + DAY_MS}
    refused = {
        candle_ms
        for candle_ms, row in seen.items()
        if start_ms <= candle_ms + timeframe.ms < end_ms
        and any(one.symbol == symbol and one.verdict == "refused" for one in row.decisions)
    }
    free_ms = start_ms
    for trade in trades:
        if (
            trade.symbol == symbol
            and trade.entry_ms < start_ms
            and (trade.exit_ms is None or trade.exit_ms >= start_ms)
        ):
            # What ended inside a candle leaves its close to be heard; what ended at an open, the close before.
            inside = trade.exit_reason not in ("signal", "time", "close")
            free_ms = end_ms if trade.exit_ms is None else timeframe.floor(trade.exit_ms) + inside * timeframe.ms
    return Past(
        symbol=symbol,
        candles=candles,
        market=market,
        seen=frozenset(seen),
        refused=frozenset(refused),
        free_ms=free_ms,
    )


def _rules(tuning: Tuning, markets: Mapping[str, Market]) -> Rules:
    """What ends a trade is what counts here: any size does, so an account that never runs out is taken."""
    trading = tuning.trading
    fee = max((float(market.taker_fee) for market in markets.values()), default=0.0)
    rules = Rules.of_idea(trading, fee=fee)
    return replace(rules, leverage=float(trading.leverage), sizing="fixed", size=1e3, start_equity=1e12)


def _as_known(trip: RoundTrip, known_ms: int) -> RoundTrip:
    """A trade as it stood at the close of the newest candle: what ended since is not in the candles yet."""
    if trip.exit_ms is None or trip.exit_ms < known_ms:
        return trip
    return replace(trip, exit_ms=None, exit_price=None, exit_reason=None)


def _failed_entries(ledger: Ledger, cycles: Iterable[CycleRow], timeframe: Timeframe) -> dict[Place, str]:
    """Entries that were approved and came to nothing, with what is known of them."""
    found: dict[Place, str] = {}
    for row in cycles:
        if not any(one.verdict == "approved" for one in row.decisions):
            continue
        for order in ledger.cycle_orders(row.cycle):
            if order.leg is OrderLeg.ENTRY and not order.booked:
                why = f": {order.note}" if order.note else ""
                found[order.symbol, order.candle_ms + timeframe.ms] = f"its entry is {order.status}{why}"
    return found


def _event(
    comparison: Comparison, told: Iterable[RoundTrip], done: Iterable[RoundTrip], *, refused: int, day: str, at_ms: int
) -> HindsightTold:
    expected = {(trip.symbol, trip.entry_ms, trip.direction): trip.entry_price for trip in told}
    worse = [
        (1 if trip.direction == "long" else -1) * (trip.entry_price / price - 1.0)
        for trip in done
        if (price := expected.get((trip.symbol, trip.entry_ms, trip.direction)))
    ]
    return HindsightTold(
        at_ms=at_ms,
        day=day,
        compared=comparison.compared,
        matched=comparison.matched,
        missing=comparison.count("missing"),
        extra=comparison.count("extra"),
        differing=comparison.count("differing"),
        refused=refused,
        slippage_pct=100.0 * fmean(worse) if worse else 0.0,
        sentence=comparison.sentence,
        differences=tuple(one.sentence for one in comparison.differences[:_SENTENCES]),
    )
