"""An account under all limits, through any story: what is lost after a limit was reached is open risk and slippage.

The world moves prices, jumps over stops, stops the process and sets its clock; the trader always wants in.  Each
position can lose the distance to its stop and what the market jumps beyond it, no more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import orjson
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from risk_cases import CANDLE, NEWEST, PRICES, VIEW, idea, settings

from gobot.core import Direction, Position
from gobot.risk import Approved, CandleHealth, EquityMarked, OperatorReset, Risk, RiskState, TradeClosed

SYMBOLS = sorted(PRICES)
START = Decimal(10_000)
ALLOWED, DAILY = Decimal("0.03"), Decimal(150)
RISK = Risk(
    settings(
        max_position_usd=Decimal(4_000),
        stop_loss_percent=3.0,
        sizing={"model": "fixed", "amount_usd": Decimal(4_000)},
        orchestrator={"completion_targets": {"max_daily_loss": -float(DAILY)}},
        risk_manager={
            "portfolio_stop_pct": 3,
            "max_cluster_exposure_pct": 100,
            "max_consecutive_losses": 1000,
            "low_liquidity_hours": None,
        },
    )
)
FEE = Decimal("0.0005")


@dataclass(frozen=True)
class Open:
    """A position, and what it may still lose from here: down to its stop, fees included."""

    position: Position
    stop: Decimal
    number: int
    cycle: int

    def at(self, price: Decimal) -> Position:
        return replace(self.position, mark_price=price)

    def risk(self, price: Decimal) -> Decimal:
        distance = (price - self.stop) * self.position.direction.sign
        return self.position.quantity * (max(Decimal(0), distance) + FEE * max(price, self.stop))


class LimitsMachine(RuleBasedStateMachine):
    """``budget`` is what may be lost since a limit was reached: the open risk then, and every jump since."""

    def __init__(self):
        super().__init__()
        self.now = self.steady = NEWEST + CANDLE
        self.cash = START
        self.prices = dict(PRICES)
        self.open: dict[str, Open] = {}
        self.cycle = self.number = 0
        self.state = RiskState()
        self.latched_at = None
        self.budget = Decimal(0)
        self.mark()

    @property
    def equity(self) -> Decimal:
        return self.cash + sum(
            (one.at(self.prices[symbol]).unrealized for symbol, one in self.open.items()), Decimal(0)
        )

    def tell(self, event) -> None:
        self.state = RISK.observe(self.state, event, steady_ms=self.steady)

    def mark(self) -> None:
        self.tell(EquityMarked(at_ms=self.now, equity=self.equity))
        if self.state.latched and self.latched_at is None:
            self.latched_at = self.equity
            self.budget = sum((one.risk(self.prices[symbol]) for symbol, one in self.open.items()), Decimal(0))

    def close(self, symbol: str, price: Decimal, reason: str) -> None:
        one = self.open.pop(symbol)
        profit = one.at(price).unrealized - one.position.quantity * price * FEE
        self.cash += profit
        self.tell(
            TradeClosed(
                at_ms=self.now, trade_id=one.number, symbol=symbol, cycle=one.cycle, pnl=profit, exit_reason=reason
            )
        )

    @rule(symbol=st.sampled_from(SYMBOLS), percent=st.integers(-12, 12))
    def the_market_moves(self, symbol, percent):
        price = self.prices[symbol] * (1 + Decimal(percent) / 100)
        one = self.open.get(symbol)
        if one is not None and (price - one.stop) * one.position.direction.sign <= 0:
            # The market jumped over the stop: that much more is lost than was at risk.
            self.budget += one.position.quantity * abs(price - one.stop) * (1 + FEE)
            self.close(symbol, price, "stop")
        self.prices[symbol] = price
        self.mark()

    @rule(minutes=st.sampled_from([15, 60, 600, 1500]))
    def time_passes(self, minutes):
        self.now += minutes * 60_000
        self.steady += minutes * 60_000
        self.mark()

    @rule(hours=st.integers(-100, 100))
    def the_process_is_restarted_under_another_clock(self, hours):
        self.now += hours * 3_600_000
        self.steady = self.now
        self.state = RiskState.from_document(orjson.loads(orjson.dumps(self.state.document())))
        self.mark()

    @rule(symbol=st.sampled_from(SYMBOLS), action=st.sampled_from(["long", "short"]))
    def the_trader_wants_in(self, symbol, action):
        self.cycle += 1
        wish = idea(action, symbol, candle_ms=self.now - CANDLE, price=float(self.prices[symbol]))
        for verdict in RISK.review([wish], self.view(), self.state):
            if not isinstance(verdict, Approved):
                continue
            if verdict.kind == "close":
                self.close(symbol, self.prices[symbol], "signal")
                continue
            assert self.latched_at is None, "nothing is opened between a latched stop and its reset"
            assert self.state.base_equity - self.equity < ALLOWED * self.state.base_equity
            self.number += 1
            self.cash -= verdict.quantity * self.prices[symbol] * FEE
            held = Position(
                symbol=symbol,
                direction=Direction(verdict.direction),
                quantity=verdict.quantity,
                entry_price=self.prices[symbol],
                mark_price=self.prices[symbol],
            )
            self.open[symbol] = Open(held, verdict.stop, self.number, self.cycle)
        self.mark()

    @precondition(lambda self: self.latched_at is not None)
    @rule()
    def the_operator_resets(self):
        self.tell(OperatorReset(at_ms=self.now, reason="looked at it"))
        assert self.state.base_equity == self.state.equity
        self.latched_at, self.budget = None, Decimal(0)
        self.mark()

    @invariant()
    def what_is_lost_after_the_limit_is_open_risk_and_jumps(self):
        if self.latched_at is not None:
            assert self.state.latched
            assert self.latched_at - self.equity <= self.budget

    @invariant()
    def a_reached_limit_is_never_forgotten(self):
        base = self.state.base_equity
        assert base is None or base - self.equity < ALLOWED * base or self.state.latched

    def view(self):
        return replace(
            VIEW,
            now_ms=self.now,
            steady_ms=self.steady,
            equity=self.equity,
            available=max(Decimal(0), self.cash - sum(one.position.notional for one in self.open.values())),
            positions=tuple(one.at(self.prices[symbol]) for symbol, one in self.open.items()),
            tickers={
                symbol: replace(VIEW.tickers[symbol], last=price, bid=price, ask=price, time_ms=self.now)
                for symbol, price in self.prices.items()
            },
            candles={symbol: CandleHealth(newest_ms=self.now - CANDLE) for symbol in SYMBOLS},
        )


LimitsMachine.TestCase.settings = hypothesis_settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLimits = LimitsMachine.TestCase
