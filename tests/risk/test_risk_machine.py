"""The breaker and the latch against a small reference model, through any story of trades, failures and restarts."""

from dataclasses import replace
from decimal import Decimal

import orjson
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from risk_cases import NEWEST, PRICES, VIEW, idea, position, settings

from gobot.risk import (
    Approved,
    CandleHealth,
    EmergencyStop,
    EntryDropped,
    EquityMarked,
    OperatorReset,
    OrderAccepted,
    OrderFailed,
    Phase,
    ProbeStarted,
    Risk,
    RiskState,
    RuleViolated,
    TradeClosed,
)

MINUTE = 60_000
SYMBOLS = sorted(PRICES)
RISK = Risk(
    settings(
        risk_manager={"max_consecutive_losses": 3, "loss_cooldown_minutes": 50, "max_recovery_timeout_minutes": 200},
        orchestrator={"completion_targets": {"max_daily_loss": -1_000_000}},
    )
)
THRESHOLD, RECOVERY, LONGEST = 3, 30 * MINUTE, 200 * MINUTE


class BreakerMachine(RuleBasedStateMachine):
    """What an operator would work out with pencil and paper stands in ``self.model_*``."""

    def __init__(self):
        super().__init__()
        self.now = NEWEST + 900_000
        self.cycle = 0
        self.trades = 0
        self.open = {}  # symbol → (trade id, cycle)
        self.closed = []
        self.state = RISK.observe(RiskState(), EquityMarked(at_ms=self.now, equity=Decimal(10_000)), steady_ms=self.now)
        self.model_strikes = 0
        self.model_until = None
        self.model_pause = RECOVERY
        self.model_probe = None
        self.model_latched = False
        self.model_losses = 0
        self.model_cooldown = 0

    # What the model says

    def model_phase(self):
        if self.model_until is None:
            return Phase.CLOSED
        return Phase.OPEN if self.now < self.model_until else Phase.HALF_OPEN

    def model_open(self):
        self.model_strikes = 0
        self.model_until = self.now + self.model_pause

    def model_strike(self):
        if self.model_phase() is Phase.HALF_OPEN:
            self.model_open()
        elif self.model_phase() is Phase.CLOSED:
            self.model_strikes += 1
            if self.model_strikes == THRESHOLD:
                self.model_pause = RECOVERY
                self.model_open()

    def tell(self, kind, **values):
        self.state = RISK.observe(self.state, kind(at_ms=self.now, **values), steady_ms=self.now)

    # What happens

    @rule(minutes=st.sampled_from([1, 10, 29, 30, 61, 250]))
    def time_passes(self, minutes):
        self.now += minutes * MINUTE
        self.tell(EquityMarked, equity=Decimal(10_000))

    @rule(minutes=st.integers(1, 10_000))
    def a_clock_set_back_frees_nothing(self, minutes):
        before = self.state.breaker.phase(self.now)
        earlier = self.state.breaker.phase(self.now - minutes * MINUTE)
        assert earlier in ((Phase.CLOSED,) if before is Phase.CLOSED else (Phase.OPEN, Phase.HALF_OPEN))
        assert not (before is Phase.OPEN and earlier is not Phase.OPEN)

    @rule()
    def restart(self):
        self.state = RiskState.from_document(orjson.loads(orjson.dumps(self.state.document())))

    @rule(symbol=st.sampled_from(SYMBOLS), outcome=st.sampled_from(["filled", "filled", "dropped", "failed"]))
    def a_strategy_has_an_idea(self, symbol, outcome):
        self.cycle += 1
        ideas = [
            idea(symbol=symbol, candle_ms=self.now - 900_000),
            idea(symbol=SYMBOLS[0], candle_ms=self.now - 900_000),
        ]
        verdicts = RISK.review(ideas, self.view(), self.state)
        approved = [verdict for verdict in verdicts if isinstance(verdict, Approved)]
        phase = self.model_phase()
        if self.model_latched or phase is Phase.OPEN or self.now < self.model_cooldown:
            assert not approved
        if phase is Phase.HALF_OPEN:
            assert len(approved) <= 1
            assert not (approved and self.model_probe in self.open.items())
        assert all(verdict.probe == (phase is Phase.HALF_OPEN) for verdict in approved)
        for verdict in approved:
            self.carry_out(verdict, outcome)

    def carry_out(self, verdict, outcome):
        symbol = verdict.idea.symbol
        if verdict.probe:
            self.tell(ProbeStarted, symbol=symbol, cycle=self.cycle)
        if outcome == "filled":
            self.tell(OrderAccepted, symbol=symbol, cycle=self.cycle)
            if self.model_phase() is Phase.CLOSED:
                self.model_strikes = 0
            self.trades += 1
            self.open[symbol] = (self.trades, self.cycle)
            if verdict.probe:
                self.model_probe = (symbol, self.open[symbol])
        elif outcome == "dropped":
            self.tell(EntryDropped, symbol=symbol, cycle=self.cycle)
        else:
            self.tell(OrderFailed, symbol=symbol, cycle=self.cycle, reason="no")
            self.model_strike()

    @precondition(lambda self: self.open)
    @rule(data=st.data(), pnl=st.sampled_from([-5, -5, 0, 5]))
    def a_trade_closes(self, data, pnl):
        symbol = data.draw(st.sampled_from(sorted(self.open)))
        number, cycle = self.open.pop(symbol)
        event = {"trade_id": number, "symbol": symbol, "cycle": cycle, "pnl": Decimal(pnl)}
        self.closed.append(event)
        if pnl > 0:
            self.model_losses = self.model_cooldown = 0
        elif pnl < 0:
            self.model_losses += 1
            if self.model_losses >= 3:
                self.model_cooldown = self.now + 50 * MINUTE
        if self.model_probe == (symbol, (number, cycle)):
            self.model_probe = None
            if self.model_phase() is Phase.HALF_OPEN and pnl > 0:
                self.model_until = None
            elif self.model_phase() is Phase.HALF_OPEN and pnl < 0:
                self.model_pause = min(2 * self.model_pause, LONGEST)
                self.model_open()
        self.tell(TradeClosed, **event)

    @precondition(lambda self: self.closed)
    @rule(data=st.data())
    def a_trade_is_told_again(self, data):
        before = self.state
        self.tell(TradeClosed, **data.draw(st.sampled_from(self.closed)))
        assert self.state == before

    @rule()
    def a_rule_is_violated(self):
        self.tell(RuleViolated, rule="exposure", sentence="too much")
        self.model_strike()

    @rule()
    def an_order_succeeds(self):
        self.tell(OrderAccepted, symbol=SYMBOLS[0], cycle=-1)
        if self.model_phase() is Phase.CLOSED:
            self.model_strikes = 0

    @rule(drawdown=st.booleans())
    def emergency(self, drawdown):
        if drawdown:
            self.tell(EquityMarked, equity=Decimal(7_999))
            self.tell(EquityMarked, equity=Decimal(10_000))
        else:
            self.tell(EmergencyStop, reason="asked for")
        self.model_latched = True

    @precondition(lambda self: self.model_latched or self.model_until is not None)
    @rule()
    def operator_resets(self):
        self.tell(OperatorReset, reason="looked at it")
        self.model_latched, self.model_until, self.model_probe = False, None, None
        self.model_strikes = self.model_losses = self.model_cooldown = 0

    # What must hold after each step

    @invariant()
    def it_agrees_with_the_model(self):
        assert self.state.breaker.phase(self.now) is self.model_phase()
        assert self.state.breaker.until_ms == self.model_until
        assert self.state.breaker.strikes == self.model_strikes
        assert bool(self.state.latched) == self.model_latched
        assert self.state.losses_in_row == self.model_losses

    @invariant()
    def it_stays_small(self):
        assert len(self.state.history) <= 50
        assert len(self.state.uncounted) <= len(self.open)

    def view(self):
        return replace(
            VIEW,
            now_ms=self.now,
            steady_ms=self.now,
            positions=tuple(position(symbol) for symbol in self.open),
            tickers={symbol: replace(ticker, time_ms=self.now) for symbol, ticker in VIEW.tickers.items()},
            candles={symbol: CandleHealth(newest_ms=self.now - 900_000) for symbol in SYMBOLS},
        )


BreakerMachine.TestCase.settings = hypothesis_settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBreaker = BreakerMachine.TestCase
