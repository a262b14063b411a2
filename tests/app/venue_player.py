"""Signals traded on the simulated venue by hand: no daemon, no kernel, only orders.

Written for reading beside the fill rules: what the kernel concludes from candles, the venue has to arrive at order by
order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_DOWN, Context, Decimal
from pathlib import Path
from typing import Any

from gobot.backtest import Rules
from gobot.core import Direction, Fill, ManualClock, OrderRequest, OrderType, VenueRefused, exact
from gobot.daemon.comparison import RoundTrip
from gobot.exchange.history_feed import HistoryFeed
from gobot.exchange.sim import SimExchange
from gobot.market import Candles, FundingRates
from gobot.strategy import EXIT_LONG, EXIT_SHORT, Signals

# Seconds after a candle's open at which the daemon acts.
_DELAY_MS = 5_000
_DIGITS = Context(prec=16, rounding=ROUND_DOWN)
_EXIT_BIT = {Direction.LONG: EXIT_LONG, Direction.SHORT: EXIT_SHORT}


class VenuePlayer:
    """One symbol on one account."""

    def __init__(
        self, symbol: str, candles: Candles, rules: Rules, store: Path, funding: FundingRates | None = None
    ) -> None:
        self.symbol, self.candles, self.rules = symbol, candles, rules
        self.step = candles.step()
        self.clock = ManualClock(int(candles.time[0]))
        feed = HistoryFeed(
            {symbol: candles}, recorded={symbol: self.step}, funding=None if funding is None else {symbol: funding}
        )
        self.venue = SimExchange(
            feed,
            self.clock,
            store,
            start_equity=exact(rules.start_equity),
            fee=rules.fee,
            maker_fee=rules.maker_fee,
            slippage=rules.slippage,
        )
        self._call(self.venue.set_leverage(symbol, int(rules.leverage)))
        self._orders = 0
        self._entered = 0
        self._stop: tuple[str, Decimal] | None = None

    def play(self, signals: Signals) -> list[RoundTrip]:
        """Act on every signal at the next open, and tell the trades that came of it."""
        for row in range(1, len(self.candles)):
            self.clock.move_to(int(self.candles.time[row]) + _DELAY_MS)
            self._act(row, signals)
        self.clock.move_to(int(self.candles.time[-1]) + self.step.ms)
        open_now = self._position()
        fills = self._call(self.venue.fills(since_ms=0))
        payments = self._call(self.venue.funding(since_ms=0))
        self._call(self.venue.close())
        return _trips(fills, payments, self, still_open=open_now is not None)

    def _act(self, row: int, signals: Signals) -> None:
        rules, position = self.rules, self._position()
        if position is not None:
            timed = rules.max_candles is not None and row - self._entered >= rules.max_candles
            said = signals.exit[row - 1] & _EXIT_BIT[position.direction]
            if said or timed:
                self._market("signal" if said else "time", position.direction.exit_side, position.quantity, reduce=True)
                position = None
            elif rules.break_even_percent is not None:
                self._break_even(row, position)
        entry = int(signals.entry[row - 1])
        if position is None and entry and rules.direction in ("both", "long" if entry > 0 else "short"):
            self._enter(row, Direction.LONG if entry > 0 else Direction.SHORT, signals)

    def _enter(self, row: int, direction: Direction, signals: Signals) -> None:
        rules, sign = self.rules, direction.sign
        price = float(self.candles.open[row])
        stop = _level(signals.stop[row - 1], price, -sign, rules.stop_loss_percent)
        target = _level(signals.target[row - 1], price, sign, rules.take_profit_percent)
        if stop is not None and (sign * (price - float(stop)) <= 0 or stop <= 0):
            return
        if target is not None and (sign * (float(target) - price) <= 0 or target <= 0):
            return
        quantity = self._size(price, sign)
        self._stop = None
        if stop is not None:
            self._stop = (self._guard("stop", direction, OrderType.STOP, trigger=stop), stop)
        if rules.trailing_percent is not None:
            callback = exact(rules.trailing_percent) / 100
            self._guard("trailing", direction, OrderType.TRAILING, callback=callback)
        self._market("entry", direction.entry_side, quantity)
        self._entered = row
        if target is not None:
            self._guard("target", direction, OrderType.TAKE_PROFIT, trigger=target)

    def _size(self, price: float, sign: int) -> Decimal:
        rules = self.rules
        balance = self._call(self.venue.balance())
        leverage, fee = Decimal(int(rules.leverage)), exact(rules.fee)
        fill = exact(price * (1 + sign * rules.slippage))
        most = balance.available * leverage / (fill * (1 + fee * leverage))
        if rules.sizing == "all_in":
            return _DIGITS.plus(most)
        value = exact(rules.size) * (balance.equity if rules.sizing == "fraction" else 1)
        return _DIGITS.plus(min(most, value / exact(price)))

    def _break_even(self, row: int, position: Any) -> None:
        """The stop at the entry, once a close was far enough in profit."""
        sign, percent = position.direction.sign, self.rules.break_even_percent
        closes = self.candles.close[self._entered : row]
        reached = (sign * (closes - float(position.entry_price) * (1 + sign * percent / 100)) >= 0).any()
        standing = self._stop
        if not reached or (standing is not None and sign * (standing[1] - position.entry_price) >= 0):
            return
        try:
            new = self._guard("stop", position.direction, OrderType.STOP, trigger=position.entry_price)
        except VenueRefused:
            self._market("stop", position.direction.exit_side, position.quantity, reduce=True)
            return
        if standing is not None:
            self._call(self.venue.cancel(self.symbol, standing[0]))
        self._stop = (new, position.entry_price)

    def _market(self, what: str, side: Any, quantity: Decimal, *, reduce: bool = False) -> None:
        if quantity > 0:
            self._send(what, side=side, type=OrderType.MARKET, quantity=quantity, reduce_only=reduce)

    def _guard(self, what: str, direction: Direction, kind: OrderType, **prices: Decimal) -> str:
        return self._send(what, side=direction.exit_side, type=kind, closes_position=True, **prices)

    def _send(self, what: str, **fields: Any) -> str:
        self._orders += 1
        client_id = f"{what}-{self._orders}"
        self._call(self.venue.create(OrderRequest(client_id=client_id, symbol=self.symbol, **fields)))
        return client_id

    def _position(self) -> Any:
        return next(iter(self._call(self.venue.positions())), None)

    @staticmethod
    def _call(call: Any) -> Any:
        """The answer of the venue, which never really waits: no event loop is needed."""
        try:
            call.send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("the venue waited for something")


def _level(own: float, price: float, sign: int, percent: float | None) -> Decimal | None:
    """The strategy's price, or the settings' percentage of the price before slippage, or none."""
    if not math.isnan(own):
        return exact(float(own))
    return None if percent is None else exact(price) * (1 + sign * exact(percent) / 100)


def _trips(fills: Sequence[Fill], payments: Any, player: VenuePlayer, *, still_open: bool) -> list[RoundTrip]:
    """Fills two by two: this account never adds to a position and always closes it whole."""
    trips = []
    pairs = [fills[at : at + 2] for at in range(0, len(fills), 2)]
    for entry, *rest in pairs:
        leave = rest[0] if rest else None
        assert leave is not None or still_open
        sign = 1 if entry.side.value == "buy" else -1
        until = leave.time_ms if leave else player.clock.now_ms()
        paid = sum((p.amount for p in payments if entry.time_ms < p.time_ms <= until), Decimal(0))
        fees = entry.fee + (leave.fee if leave else 0)
        gross = sign * entry.quantity * (leave.price - entry.price) if leave else 0
        trips.append(
            RoundTrip(
                symbol=player.symbol,
                direction="long" if sign > 0 else "short",
                entry_ms=player.step.floor(entry.time_ms),
                exit_ms=None if leave is None else player.step.floor(leave.time_ms),
                entry_price=float(entry.price),
                exit_price=None if leave is None else float(leave.price),
                quantity=float(entry.quantity),
                fees=float(fees),
                funding=float(paid),
                pnl=float(gross - fees + paid),
                exit_reason=None if leave is None else _REASONS[leave.client_id.partition("-")[0]],
            )
        )
    return trips


_REASONS = {
    "signal": "signal",
    "time": "time",
    "stop": "stop",
    "target": "target",
    "trailing": "stop",
    "autoclose": "liquidation",
}
