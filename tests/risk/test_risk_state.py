"""What risk remembers, and that it survives a restart or fails closed."""

from dataclasses import replace
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from risk_cases import BTC, ETH, NOW, STATE, VIEW, idea, settings

from gobot.core import ManualClock
from gobot.risk import (
    Approved,
    EmergencyStop,
    EntryDropped,
    EquityMarked,
    OperatorReset,
    OrderAccepted,
    OrderFailed,
    Phase,
    ProbeStarted,
    Refused,
    Risk,
    RiskState,
    RuleViolated,
    SteadyClock,
    StopOut,
    TradeClosed,
)

MINUTE = 60_000
DAY = 86_400_000
RISK = Risk(settings())
FAILED = OrderFailed(at_ms=NOW, symbol=BTC, cycle=1, reason="-2019 margin is insufficient")
ACCEPTED = OrderAccepted(at_ms=NOW, symbol=BTC, cycle=1)


def told(state, *events, at=NOW):
    for event in events:
        state = RISK.observe(state, event, steady_ms=at)
    return state


def trade(number, pnl, *, symbol=BTC, cycle=1):
    return TradeClosed(at_ms=NOW, trade_id=number, symbol=symbol, cycle=cycle, pnl=Decimal(pnl))


def mark(equity, at_ms=NOW):
    return EquityMarked(at_ms=at_ms, equity=Decimal(equity))


def opened():
    return told(STATE, FAILED, FAILED, FAILED)


def test_three_in_a_row_open_it():
    assert told(STATE, FAILED, FAILED).breaker.phase(NOW) is Phase.CLOSED
    violated = RuleViolated(at_ms=NOW, rule="exposure", sentence="too much is open")
    state = told(STATE, FAILED, violated, FAILED)
    assert state.breaker.phase(NOW) is Phase.OPEN
    assert state.breaker.reason == "3 in a row, the last: order on BTC/USDT:USDT failed: -2019 margin is insufficient"


def test_a_success_in_between_breaks_the_run():
    assert told(STATE, FAILED, FAILED, ACCEPTED, FAILED, FAILED).breaker.phase(NOW) is Phase.CLOSED


def test_after_the_pause_it_is_half_open_and_a_success_does_not_close_it():
    state = opened()
    assert state.breaker.phase(NOW + 30 * MINUTE - 1) is Phase.OPEN
    later = NOW + 30 * MINUTE
    assert told(state, ACCEPTED, at=later).breaker.phase(later) is Phase.HALF_OPEN


def test_a_winning_probe_closes_it():
    later = NOW + 31 * MINUTE
    state = told(opened(), ProbeStarted(at_ms=NOW, symbol=BTC, cycle=9), trade(1, "0.5", cycle=9), at=later)
    assert state.breaker.phase(later) is Phase.CLOSED
    assert state.breaker.trips == 0


def test_a_losing_probe_opens_it_for_twice_as_long_up_to_a_cap():
    state, now, pauses = opened(), NOW, []
    for number in range(1, 9):
        assert state.breaker.phase(state.breaker.until_ms) is Phase.HALF_OPEN
        pauses.append((state.breaker.until_ms - now) / MINUTE)
        now = state.breaker.until_ms
        state = told(state, ProbeStarted(at_ms=now, symbol=BTC, cycle=number), trade(number, -1, cycle=number), at=now)
        assert state.breaker.phase(now) is Phase.OPEN
    assert pauses == [30, 60, 120, 240, 480, 960, 1440, 1440]


@pytest.mark.parametrize("pnl", [5, -5])
def test_another_trade_decides_nothing(pnl):
    later = NOW + 31 * MINUTE
    state = told(opened(), ProbeStarted(at_ms=NOW, symbol=BTC, cycle=9), at=later)
    others = told(state, trade(1, pnl, cycle=4), trade(2, pnl, symbol=ETH, cycle=9), at=later)
    assert others.breaker == state.breaker


def test_a_probe_that_came_to_nothing_is_no_loss():
    later = NOW + 31 * MINUTE
    probe = ProbeStarted(at_ms=NOW, symbol=BTC, cycle=9)
    dropped = told(opened(), probe, EntryDropped(at_ms=NOW, symbol=BTC, cycle=9), at=later)
    even = told(opened(), probe, trade(1, 0, cycle=9), at=later)
    for state in (dropped, even):
        assert (state.breaker.phase(later), state.breaker.probe, state.breaker.trips) == (Phase.HALF_OPEN, None, 1)


def test_a_failed_order_opens_a_half_open_breaker_for_the_same_time():
    later = NOW + 31 * MINUTE
    failed = replace(FAILED, cycle=9)
    state = told(opened(), ProbeStarted(at_ms=NOW, symbol=BTC, cycle=9), failed, at=later)
    assert (state.breaker.probe, state.breaker.until_ms) == (None, later + 30 * MINUTE)


def test_a_loss_is_counted_once_whatever_the_order():
    state = told(STATE, trade(5, -1), trade(2, -1), trade(5, -1), trade(2, -1))
    assert (state.losses_in_row, state.counted_to, state.uncounted) == (2, 5, (1, 3, 4))
    state = told(state, trade(3, 1), trade(1, -1), trade(4, -1), trade(3, 1))
    assert (state.losses_in_row, state.counted_to, state.uncounted) == (2, 5, ())


@given(st.lists(st.integers(1, 40), min_size=1, max_size=80))
def test_every_trade_counts_exactly_once(numbers):
    state, counted = STATE, set()
    for number in numbers:
        after = state.counted(number)
        assert (after is None) == (number in counted)
        state = after or state
        counted.add(number)


def test_what_is_remembered_is_bounded():
    state = STATE
    for number in range(1, 400):
        state = told(state, trade(number * 1000, -1), RuleViolated(at_ms=NOW, rule="r", sentence="s"))
        state = told(state, OperatorReset(at_ms=NOW, reason="again"))
    assert len(state.uncounted) <= 1000
    assert len(state.history) == 50


def test_losses_in_a_row_pause_entries_and_a_win_ends_the_run():
    state = told(STATE, *(trade(n, -1) for n in range(1, 6)))
    assert state.cooldown_until_ms == NOW + 240 * MINUTE
    assert isinstance(RISK.review([idea()], VIEW, state)[0], Refused)
    # After the pause entries are allowed; the next loss starts another one.
    later = NOW + 240 * MINUTE
    again = told(state, trade(6, -1), at=later)
    assert again.cooldown_until_ms == later + 240 * MINUTE
    assert told(again, trade(7, 1)).cooldown_until_ms is None


def test_drawdown_latches_the_emergency_stop_until_an_operator_resets_it():
    state = told(RiskState(), mark(10_000), mark(10_412), mark("8194.25"), mark(20_000))
    assert state.latched == "drawdown 21.3 % from the peak of 10,412.00 USDT reaches 20 %"
    assert isinstance(RISK.review([idea()], VIEW, state)[0], Refused)
    reset = told(state, mark(9_000), OperatorReset(at_ms=NOW, reason="looked at it"))
    assert (reset.latched, reset.peak_equity, reset.last_reset) == ("", Decimal(9_000), "looked at it")
    assert told(reset, mark(8_551)).latched == ""


def test_the_portfolio_stop_counts_from_the_first_mark_or_the_last_reset():
    state = told(RiskState(), mark(10_000), mark(11_000), mark("9500.01"))
    assert (state.base_equity, state.latched) == (Decimal(10_000), "")
    state = told(state, mark(9_500), mark(10_500))
    assert state.latched == "the loss of 500.00 USDT since the start at 10,000.00 USDT reaches 5 %"
    reset = told(state, mark(9_500), OperatorReset(at_ms=NOW, reason="looked at it"))
    assert told(reset, mark("9025.01")).latched == ""
    assert told(reset, mark(9_025)).latched


def stopped(number, reason, pnl=-1, symbol=BTC):
    return replace(trade(number, pnl), exit_reason=reason, symbol=symbol)


@pytest.mark.parametrize(
    ("reason", "pnl", "counts"),
    [
        ("stop", -1, True),
        ("stop", 1, False),
        ("liquidation", -1, True),
        ("trailing", -1, True),
        ("trailing", 1, False),
        ("signal", -1, False),
        ("target", 1, False),
        ("", -1, False),
    ],
)
def test_a_stop_out_lets_its_symbol_cool_down(reason, pnl, counts):
    state = told(STATE, stopped(1, reason, pnl))
    assert state.stop_outs == ((StopOut(symbol=BTC, at_ms=NOW),) if counts else ())

    def approved(minutes, symbol=BTC):
        (verdict,) = RISK.review([idea(symbol=symbol)], replace(VIEW, steady_ms=NOW + round(minutes * MINUTE)), state)
        return isinstance(verdict, Approved)

    assert approved(59.99) is not counts
    assert approved(-DAY / MINUTE) is not counts, "a clock that was set back over a restart"
    assert approved(60)
    assert approved(1, ETH)


def test_the_latest_stop_out_of_a_symbol_counts_and_old_ones_are_forgotten():
    state = told(STATE, stopped(1, "stop"), stopped(2, "stop", symbol=ETH))
    state = told(state, stopped(3, "stop"), at=NOW + 30 * MINUTE)
    assert state.stop_outs == (StopOut(symbol=ETH, at_ms=NOW), StopOut(symbol=BTC, at_ms=NOW + 30 * MINUTE))
    state = told(state, stopped(4, "stop", symbol="X"), at=NOW + 60 * MINUTE)
    assert [one.symbol for one in state.stop_outs] == [BTC, "X"]
    assert told(state, stopped(4, "stop"), at=NOW + 60 * MINUTE) == state, "told twice"


def test_without_a_cooldown_a_stop_out_holds_nobody_back():
    free = Risk(settings(risk_manager={"stop_out_cooldown_minutes": 0}))
    state = told(STATE, stopped(1, "stop"))
    assert isinstance(free.review([idea()], VIEW, state)[0], Approved)


def test_the_first_emergency_keeps_its_reason():
    stop = EmergencyStop(at_ms=NOW, reason="asked by the operator")
    assert told(STATE, stop, replace(stop, reason="other")).latched == "asked by the operator"


def test_the_day_starts_with_its_first_mark_and_never_goes_back():
    state = told(RiskState(), mark(100), mark(90), mark(95, NOW + DAY), mark(80, NOW), mark(70, NOW + DAY))
    assert (state.day, state.day_start_equity) == ("2024-12-01", Decimal(95))


def test_it_survives_a_restart():
    state = told(
        opened(),
        ProbeStarted(at_ms=NOW, symbol=BTC, cycle=3),
        replace(trade(4, "-1.23456789"), exit_reason="stop"),
        mark("1234.5"),
        at=NOW + DAY,
    )
    document = orjson.loads(orjson.dumps(state.document()))
    assert RiskState.from_document(document) == state
    document.pop("schema")  # the file keeps the version for itself
    assert RiskState.from_document(document) == state


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schema": 2}, "it has schema version 2, this gobot knows 1"),
        ({"losses_in_row": "five"}, "losses_in_row: Input should be a valid integer"),
        ({"losses_in_row": -1}, "losses_in_row: Input should be greater than or equal to 0"),
        ({"breaker": None}, "breaker: "),
        ({"peak_equity": "NaN"}, "peak_equity: "),
        ({"unheard_of": 1}, "unheard_of: "),
        ({"latched": object()}, "not JSON serializable"),
    ],
)
def test_a_memory_that_is_not_understood_fails_closed(change, why):
    state = RiskState.from_document(STATE.document() | change)
    assert state.latched.startswith("the memory of risk could not be read")
    assert why in state.latched
    state = told(state, mark(10_000))
    assert isinstance(RISK.review([idea()], VIEW, state)[0], Refused)
    state = told(state, OperatorReset(at_ms=NOW, reason="checked"))
    assert isinstance(RISK.review([idea()], VIEW, state)[0], Approved)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_garbage_never_makes_a_state_that_trades(garbage):
    state = RiskState.from_document(STATE.document() | {"breaker": garbage})
    assert state.latched


class JumpingClock(ManualClock):
    """A wall clock that can be set; monotonic time goes on."""

    jump_ms = 0

    def now_ms(self):
        return super().now_ms() + self.jump_ms


@pytest.mark.parametrize("jump_ms", [-10 * DAY, -MINUTE, 10 * DAY])
def test_steady_time_ignores_a_clock_that_is_set(jump_ms):
    clock = JumpingClock(NOW)
    steady = SteadyClock(clock)
    clock.jump_ms = jump_ms
    assert steady.now_ms() == NOW
    clock.move_to(NOW + 1_000)
    assert steady.now_ms() == NOW + 1_000


def test_a_clock_set_back_over_a_restart_keeps_the_breaker_open():
    clock = JumpingClock(NOW)
    state = opened()
    clock.jump_ms = -DAY
    clock.move_to(NOW + 31 * MINUTE)
    after_restart = SteadyClock(clock)
    assert state.breaker.phase(after_restart.now_ms()) is Phase.OPEN
