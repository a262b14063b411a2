"""Alerts that wait: bounded, in order, floods counted."""

import asyncio

import pytest

from gobot.core import ManualClock
from gobot.telegram.outbox import Alert, Outbox
from gobot.telegram.text import MESSAGE_LIMIT


@pytest.fixture
def clock():
    return ManualClock()


def texts(outbox: Outbox) -> list[str]:
    found = []
    while alert := outbox.take():
        found.append(alert.text)
    return found


def test_what_waits_together_goes_out_together_and_in_order(clock):
    outbox = Outbox(clock)
    outbox.put(Alert(text="one", loud=False))
    outbox.put(Alert(text="two", loud=True))
    assert outbox.take() == Alert(text="one\n\ntwo", loud=True)
    assert outbox.take() is None


def test_a_message_never_grows_beyond_what_telegram_takes(clock):
    outbox = Outbox(clock)
    for letter in "abcde":
        outbox.put(Alert(text=letter * 1500))
    sizes = [len(text) for text in texts(outbox)]
    assert max(sizes) <= MESSAGE_LIMIT
    assert sizes == [3002, 3002, 1500]


def test_the_oldest_make_room_and_are_counted(clock):
    outbox = Outbox(clock, capacity=3)
    for number in range(10):
        outbox.put(Alert(text=str(number)))
    assert texts(outbox) == ["7 older alerts did not get through and had to make room.\n\n7\n\n8\n\n9"]
    outbox.put(Alert(text="10"))
    assert texts(outbox) == ["10"]


def test_the_same_failure_is_told_once_and_counted_when_the_hour_is_over(clock):
    outbox = Outbox(clock, repeat_window=3600)
    for attempt in range(1, 5):
        outbox.put(Alert(text=f"failed in {attempt} s", topic="failed in # s"))
        clock.move_to(clock.now_ms() + 600_000)
    assert texts(outbox) == ["failed in 1 s"]
    clock.move_to(3_600_000)
    assert texts(outbox) == ["failed in 4 s\n(3 times more in 60 min)"]
    clock.move_to(7_200_000)
    assert texts(outbox) == []
    outbox.put(Alert(text="failed in 9 s", topic="failed in # s"))
    assert texts(outbox) == ["failed in 9 s"]


def test_other_failures_are_told_meanwhile(clock):
    outbox = Outbox(clock)
    for name in ("a", "b", "a", "b"):
        outbox.put(Alert(text=name, topic=name))
    assert texts(outbox) == ["a\n\nb"]


def test_topics_are_bounded(clock):
    outbox = Outbox(clock, capacity=10)
    for number in range(10_000):
        outbox.put(Alert(text=str(number), topic=str(number)))
    assert len(outbox) == 10
    assert len(outbox._told) == 256


async def test_waiting_ends_with_an_alert_a_due_count_or_the_end(clock):
    outbox = Outbox(clock, repeat_window=3600)
    waiting = asyncio.create_task(outbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.put(Alert(text="a", topic="a"))
    await asyncio.wait_for(waiting, 5)
    outbox.take()
    outbox.put(Alert(text="a", topic="a"))
    await asyncio.wait_for(outbox.wait(), 5)
    assert clock.now_ms() == 3_600_000
    assert texts(outbox) == ["a\n(once more in 60 min)"]
    outbox.close()
    await asyncio.wait_for(outbox.wait(), 5)


def test_closing_tells_what_was_held_back(clock):
    outbox = Outbox(clock)
    outbox.put(Alert(text="a", topic="a"))
    outbox.put(Alert(text="a", topic="a"))
    outbox.close()
    assert len(outbox) == 2
    assert texts(outbox) == ["a\n\na\n(once more in 1 min)"]
