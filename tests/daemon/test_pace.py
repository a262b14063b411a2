"""How often the guard looks."""

from __future__ import annotations

from gobot.core import ManualClock
from gobot.daemon.pace import Pace


class Stream:
    def __init__(self) -> None:
        self.alive = False

    async def wait(self) -> None:
        raise AssertionError("the pace never waits")


def looks(clock: ManualClock, pace: Pace, *, turns: int, answered: bool = True, calm: bool = True) -> list[int]:
    """At which of the next turns, five seconds apart, there is a look."""
    made = []
    for turn in range(1, turns + 1):
        clock.move_to(clock.now_ms() + 5_000)
        if pace.is_due():
            made.append(turn)
            pace.note(answered=answered, calm=calm)
    return made


def build() -> tuple[ManualClock, Stream, Pace]:
    clock, stream = ManualClock(), Stream()
    return clock, stream, Pace(clock, stream, every=5.0, relaxed=30.0)


def test_every_turn_while_the_stream_is_silent():
    clock, _, pace = build()
    assert looks(clock, pace, turns=5) == [1, 2, 3, 4, 5]


def test_slower_while_the_stream_is_alive_and_at_once_when_it_falls_silent():
    clock, stream, pace = build()
    stream.alive = True
    assert looks(clock, pace, turns=13) == [1, 7, 13]
    stream.alive = False
    assert looks(clock, pace, turns=2) == [1, 2]


def test_every_turn_while_something_is_in_question():
    clock, stream, pace = build()
    stream.alive = True
    assert looks(clock, pace, turns=3, calm=False) == [1, 2, 3]


def test_less_and_less_often_while_the_venue_does_not_answer():
    clock, _, pace = build()
    assert looks(clock, pace, turns=20, answered=False) == [1, 2, 4, 8, 14, 20]
    assert looks(clock, pace, turns=8) == [6, 7, 8]
