"""Settlements lie on the eight-hour grid; the later end belongs to the interval, the earlier does not."""

from gobot.matching import FUNDING_INTERVAL_MS, next_settlement, settlements

H = 3_600_000


def test_three_settlements_a_day():
    assert list(settlements(0, 24 * H)) == [8 * H, 16 * H, 24 * H]
    assert FUNDING_INTERVAL_MS == 8 * H


def test_the_boundary_is_settled_once():
    assert list(settlements(7 * H, 8 * H)) == [8 * H]
    assert list(settlements(8 * H, 9 * H)) == []
    assert next_settlement(8 * H) == 16 * H
    assert next_settlement(8 * H - 1) == 8 * H
