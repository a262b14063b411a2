"""One window's books: our own count, and the venue's with what it may not have seen yet."""

import pytest

from gobot.exchange.limiter_window import Window
from gobot.exchange.limits import Limit, Measure
from gobot.exchange.priority import Priority

MINUTE_MS = 60_000
PARTS = (1.0, 0.9, 0.855, 0.765)


@pytest.fixture
def window():
    return Window(Limit(measure=Measure.WEIGHT, seconds=60, ceiling=100), 1.0, PARTS)


def served(window, amount, sent, ended, venue=None, *, answered=True):
    """A request from start to end; the wall clock is 12 s past the minute at time 0."""
    window.take(amount)
    window.settle(amount, venue, sent, ended, 12_000 + round(ended * 1000), answered=answered)


def test_the_larger_count_rules(window):
    served(window, 10, 0, 1, venue=40)
    assert window.used(1) == 40
    served(window, 35, 2, 3, venue=42)
    assert window.used(3) == 45


def test_what_is_under_way_may_not_be_in_the_venues_count(window):
    window.take(5)
    served(window, 10, 0, 1, venue=40)
    assert window.used(1) == 45
    window.settle(5, 43, 0, 2, 14_000)
    assert window.used(2) == 43


def test_an_answer_without_count_is_in_the_count_of_what_was_sent_after_it(window):
    served(window, 7, 0, 1)
    served(window, 10, 0.5, 2, venue=40)
    assert window.used(2) == 47
    served(window, 1, 3, 4, venue=41)
    assert window.used(4) == 41


def test_what_was_never_answered_may_still_arrive(window):
    served(window, 7, 0, 1, answered=False)
    served(window, 10, 3, 4, venue=40)
    assert window.used(4) == 47


def test_a_count_may_come_out_of_order(window):
    served(window, 1, 0, 2, venue=41)
    served(window, 1, 0, 3, venue=40)
    assert window.used(3) == 41


def test_the_venues_count_ends_with_its_minute_and_a_margin(window):
    served(window, 1, 0, 2, venue=99)
    assert window.delay(10, Priority.CRITICAL, 2) == pytest.approx(47)
    assert window.used(48.9) == 99
    assert window.used(49.1) == 1


def test_a_count_that_may_be_of_the_minute_before_is_not_taken(window):
    served(window, 1, 0, 2, venue=50)
    served(window, 1, 48.5, 50, venue=98)
    assert window.used(50) == 2
    served(window, 1, 51, 52, venue=3)
    assert window.used(52) == 3


def test_the_venues_count_is_held_against_the_whole_limit_and_ours_against_our_share():
    window = Window(Limit(measure=Measure.WEIGHT, seconds=60, ceiling=100), 0.5, PARTS)
    served(window, 10, 0, 1, venue=60)
    assert window.ceiling == 50
    assert window.delay(30, Priority.HIGH, 1) == 0
    assert window.delay(31, Priority.HIGH, 1) > 0
    window.take(30)
    assert window.delay(20, Priority.CRITICAL, 1) > 0


def test_a_wall_clock_that_is_set_during_a_window_does_no_harm(window):
    served(window, 1, 0, 2, venue=90)
    window.take(1)
    window.settle(1, 91, 3, 4, 10**12)
    assert window.used(4) == 91
    assert window.used(49.1) == 2


def test_every_priority_has_its_part_and_a_tiny_limit_leaves_everyone_one():
    tiny = Window(Limit(measure=Measure.ORDERS, seconds=10, ceiling=1), 0.5, PARTS)
    assert [tiny.delay(1, priority, 0) for priority in Priority] == [0, 0, 0, 0]
    assert not tiny.holds(2, Priority.CRITICAL)


def test_names_and_headers():
    limit = Limit(measure=Measure.ORDERS, seconds=10, ceiling=300)
    assert (limit.name, limit.header) == ("orders/10s", "x-mbx-order-count-10s")
    limit = Limit(measure=Measure.REQUESTS, seconds=300, ceiling=61_000)
    assert (limit.name, limit.header) == ("requests/5m", "")
    limit = Limit(measure=Measure.WEIGHT, seconds=86_400, ceiling=1)
    assert (limit.name, limit.header) == ("weight/1d", "x-mbx-used-weight-1d")
