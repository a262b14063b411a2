"""The assembler: whatever a stream does, closed candles come out once each, in order, with the right values."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gobot.core import Timeframe
from gobot.market.assembler import CandleAssembler, Closed, Gap
from gobot.market.candle import Candle

MINUTE = 60_000
GRACE, SETTLE = 3_000, 30_000
START = 1_735_689_600_000


def candle(time: int, part: float = 1.0) -> Candle:
    """The candle that opens at ``time``, after so large a part of its trades."""
    price = 100.0 + (time // MINUTE) % 1_000
    return Candle(time, price, price + 2 * part, price - part, price + part, 10 * part)


def assembler(**limits: int) -> CandleAssembler:
    made = CandleAssembler(Timeframe(MINUTE), grace_ms=GRACE, settle_ms=SETTLE, **limits)
    made.follow("X", START)
    return made


def minutes(closed: Iterable[Closed]) -> list[int]:
    return [(item.candle.time - START) // MINUTE for item in closed]


def at(minute: float) -> int:
    return START + round(minute * MINUTE)


class TestWhatTheVenueCallsClosed:
    def test_is_handed_on_at_once(self):
        line = assembler()
        assert line.take("X", candle(at(0), 0.5), closed=False) == []
        assert line.take("X", candle(at(0)), closed=True) == [Closed("X", candle(at(0)))]

    def test_comes_once(self):
        line = assembler()
        line.take("X", candle(at(0)), closed=True)
        assert line.take("X", candle(at(0)), closed=True) == []
        assert line.take("X", candle(at(-1)), closed=True) == []
        assert line.tally.repeated == 2

    def test_waits_for_an_earlier_one(self):
        line = assembler()
        assert line.take("X", candle(at(1)), closed=True) == []
        assert line.take("X", candle(at(2)), closed=True) == []
        assert minutes(line.take("X", candle(at(0)), closed=True)) == [0, 1, 2]

    def test_of_another_symbol_or_off_the_grid_is_nobodys(self):
        line = assembler()
        assert line.take("Y", candle(at(0)), closed=True) == []
        assert line.take("X", candle(at(0) + 1), closed=True) == []


class TestWhereTheVenueDoesNotSay:
    def test_the_successor_closes_a_candle(self):
        line = assembler()
        assert line.take("X", candle(at(0), 0.5), closed=None) == []
        assert line.take("X", candle(at(0)), closed=None) == []
        assert line.take("X", candle(at(1), 0.1), closed=None) == [Closed("X", candle(at(0)))]

    def test_a_break_in_between_makes_it_doubtful(self):
        line = assembler()
        line.take("X", candle(at(0), 0.5), closed=None)
        line.interrupted(["X"])
        assert line.take("X", candle(at(1), 0.1), closed=None) == []
        assert line.gaps(at(1) + GRACE, 9) == [Gap("X", at(0), at(1))]

    def test_an_older_state_changes_nothing(self):
        line = assembler()
        line.take("X", candle(at(0)), closed=None)
        line.take("X", candle(at(1), 0.5), closed=None)
        assert line.take("X", candle(at(0), 0.3), closed=None) == []
        assert line.take("X", candle(at(2), 0.1), closed=None) == [Closed("X", candle(at(1), 0.5))]


class TestGaps:
    def test_begin_when_the_grace_is_over(self):
        line = assembler()
        assert line.gaps(at(1) + GRACE - 1, 9) == []
        assert line.gaps(at(1) + GRACE, 9) == [Gap("X", at(0), at(1))]

    def test_end_where_candles_wait(self):
        line = assembler()
        line.take("X", candle(at(3)), closed=True)
        assert line.gaps(at(5) + GRACE, 9) == [Gap("X", at(0), at(3))]

    def test_are_asked_for_one_at_a_time(self):
        line = assembler()
        (gap,) = line.gaps(at(2) + GRACE, 9)
        assert line.gaps(at(9), 9) == []
        assert minutes(line.fill(gap, [candle(at(0)), candle(at(1))], at(9))) == [0, 1]
        assert line.gaps(at(9) + GRACE, 9) == [Gap("X", at(2), at(9))]

    def test_are_no_longer_than_allowed(self):
        assert assembler(most_asked=10).gaps(at(1000), 9) == [Gap("X", at(0), at(10))]

    def test_are_no_more_than_wanted(self):
        line = assembler()
        line.follow("Y", START)
        line.follow("Z", START)
        assert [gap.symbol for gap in line.gaps(at(5), 2)] == ["X", "Y"]
        assert [gap.symbol for gap in line.gaps(at(5), 2)] == ["Z"]
        assert line.gaps(at(5), 0) == []

    def test_that_failed_are_asked_for_later_and_later(self):
        line, now = assembler(), at(1) + GRACE
        pauses = []
        for _ in range(9):
            (gap,) = line.gaps(now, 9)
            line.failed(gap, now)
            pause = 0
            while not line.gaps(now + pause, 0) and line.gaps(now + pause, 1) == []:
                pause += 500
            line.failed(gap, now := now + pause)
            pauses.append(pause)
            now += 120_000
        assert pauses[0] == 1_000
        assert pauses == sorted(pauses)
        assert pauses[-1] == 60_000

    def test_bring_what_the_stream_then_repeats(self):
        line = assembler()
        (gap,) = line.gaps(at(1) + GRACE, 9)
        assert minutes(line.fill(gap, [candle(at(0))], at(1) + GRACE)) == [0]
        assert line.take("X", candle(at(0)), closed=True) == []

    def test_answered_after_the_stream_did_bring_nothing_twice(self):
        line = assembler()
        (gap,) = line.gaps(at(1) + GRACE, 9)
        assert minutes(line.take("X", candle(at(0)), closed=True)) == [0]
        assert line.fill(gap, [candle(at(0))], at(1) + GRACE) == []

    def test_of_a_forgotten_symbol_are_nobodys(self):
        line = assembler()
        (gap,) = line.gaps(at(1) + GRACE, 9)
        line.forget("X")
        line.failed(gap, at(2))
        assert line.fill(gap, [candle(at(0))], at(2)) == []


class TestWhatTheVenueLacks:
    def test_may_still_appear_for_a_while(self):
        line = assembler()
        now = at(1) + GRACE
        (gap,) = line.gaps(now, 9)
        assert line.fill(gap, [], now) == []
        assert line.gaps(now + 1_000, 9) == [Gap("X", at(0), at(1))]

    def test_is_passed_over_in_the_end(self):
        line = assembler()
        line.take("X", candle(at(1)), closed=True)
        now = at(1) + SETTLE
        (gap,) = line.gaps(now, 9)
        assert minutes(line.fill(gap, [], now)) == [1]
        assert line.tally.missing == 1

    def test_is_not_passed_over_behind_one_that_may_appear(self):
        line = assembler()
        now = at(3) + GRACE
        (gap,) = line.gaps(now, 9)
        assert minutes(line.fill(gap, [candle(at(0))], now)) == [0]
        assert line.tally.missing == 1
        assert line.gaps(now + 1_000, 9) == [Gap("X", at(2), at(3))]


def test_candles_behind_a_gap_are_kept_up_to_a_limit():
    line = assembler(most_waiting=5)
    for minute in range(1, 50):
        assert line.take("X", candle(at(minute)), closed=True) == []
    assert line.waiting == 5
    assert minutes(line.take("X", candle(at(0)), closed=True)) == [0, 1, 2, 3, 4, 5]
    assert line.gaps(at(50) + GRACE, 9) == [Gap("X", at(6), at(50))]


class _Network(RuleBasedStateMachine):
    """A venue, a stream that misbehaves, and a history that fails and lags, for one symbol."""

    told: bool

    def __init__(self) -> None:
        super().__init__()
        self.line = assembler(most_waiting=4, most_asked=7)
        self.now = START
        self.minute = 0
        self.begun = -1
        self.lacking: set[int] = set()
        self.in_flight: list[tuple[Candle, bool | None]] = []
        self.asked: list[tuple[Gap, int]] = []
        self.out: list[Candle] = []

    @rule(seconds=st.integers(1, 200), lacks=st.sampled_from([False] * 9 + [True]))
    def time_passes(self, seconds: int, lacks: bool) -> None:
        self.now += seconds * 1000
        while at(self.minute + 1) <= self.now:
            if lacks and self.begun != self.minute:
                self.lacking.add(at(self.minute))
            else:
                self.in_flight.append((candle(at(self.minute)), True if self.told else None))
            self.minute += 1
            lacks = False
        if at(self.minute) < self.now:
            self.in_flight.append((candle(at(self.minute), 0.5), False if self.told else None))
            self.begun = self.minute

    @rule()
    def stream_breaks(self) -> None:
        self.in_flight.clear()
        self.line.interrupted(["X"])

    @rule()
    def ask(self) -> None:
        self.asked += [(gap, self.now) for gap in self.line.gaps(self.now, 3)]

    @precondition(lambda self: self.asked)
    @rule(fails=st.booleans(), lag=st.integers(0, SETTLE - 1))
    def answer(self, fails: bool, lag: int) -> None:
        gap, asked_ms = self.asked.pop()
        if fails:
            self.line.failed(gap, asked_ms)
            return
        wanted = range(gap.start_ms, gap.end_ms, MINUTE)
        found = [candle(t) for t in wanted if t not in self.lacking and t + MINUTE <= asked_ms - lag]
        self.receive(self.line.fill(gap, found, asked_ms))

    def receive(self, closed: list[Closed]) -> None:
        self.out += [item.candle for item in closed]

    @invariant()
    def nothing_is_lost_doubled_disordered_or_wrong(self) -> None:
        newest = self.out[-1].time if self.out else START - MINUTE
        assert self.out == [candle(t) for t in range(START, newest + 1, MINUTE) if t not in self.lacking]

    @invariant()
    def memory_is_bounded(self) -> None:
        assert self.line.waiting <= 4 + 7

    def teardown(self) -> None:
        """In the end the network is well, and then everything arrives."""
        while self.asked:
            self.answer(fails=False, lag=0)
        self.time_passes(seconds=200, lacks=False)
        for _ in range(5 + self.minute):
            self.now += MINUTE
            self.ask()
            while self.asked:
                self.answer(fails=False, lag=0)
        self.nothing_is_lost_doubled_disordered_or_wrong()
        assert self.out[-1].time >= at(self.minute - 1)


class _Told(_Network):
    """The venue says when a candle closes; messages come late, twice, never, or in disorder."""

    told = True

    @precondition(lambda self: self.in_flight)
    @rule(place=st.integers(0, 50), again=st.booleans())
    def message(self, place: int, again: bool) -> None:
        place %= len(self.in_flight)
        item, closed = self.in_flight[place] if again else self.in_flight.pop(place)
        self.receive(self.line.take("X", item, closed=closed))

    @precondition(lambda self: self.in_flight)
    @rule(place=st.integers(0, 50))
    def message_is_lost(self, place: int) -> None:
        self.in_flight.pop(place % len(self.in_flight))


class _NotTold(_Network):
    """The venue does not say: then messages come in order until the connection breaks, as they do over TCP."""

    told = False

    @precondition(lambda self: self.in_flight)
    @rule(again=st.booleans())
    def message(self, again: bool) -> None:
        for _ in range(1 + again):
            self.receive(self.line.take("X", self.in_flight[0][0], closed=None))
        self.in_flight.pop(0)


_Told.TestCase.settings = _NotTold.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestNetworkOfAVenueThatTells = _Told.TestCase
TestNetworkOfAVenueThatDoesNot = _NotTold.TestCase
