"""Moving stops and time stops: the bot's rules are those of the backtest."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gobot.core import Direction, Market, Timeframe
from gobot.matching import Levels, Moves, moved
from gobot.risk import Held, initial_stop, moved_stop, time_is_up
from gobot.settings.trading import ProtectionSettings

ANY = Market(symbol="X")
QUARTER = Timeframe.parse("15m")
percent = st.one_of(st.none(), st.floats(0.1, 20))


def held(direction: Direction = Direction.LONG, *, entry="100", stop="95", entry_ms: int = 0) -> Held:
    return Held(direction=direction, entry=Decimal(entry), entry_ms=entry_ms, stop=Decimal(stop))


def kernel(direction: Direction, stop: float, closes: list[float], settings: ProtectionSettings) -> float:
    """Where the kernel's levels stand after these closes: the nearer one ends the position."""
    sign, distance = direction.sign, (settings.trailing_percent or 0.0) / 100
    trigger = math.nan if settings.break_even_percent is None else 100 * (1 + sign * settings.break_even_percent / 100)
    trailing = 100 * (1 - sign * distance) if distance else math.nan
    levels = Levels(stop, trailing, math.nan, math.nan, math.nan, False)
    for close in closes:
        levels = moved(sign, levels, Moves(distance, trigger, 100.0), close)
    known = [level for level in (levels.stop, levels.trailing) if not math.isnan(level)]
    return max(known, key=lambda level: sign * level)


@hypothesis_settings(deadline=None)  # the kernel's rules are compiled on the way
@given(
    st.sampled_from(Direction),
    st.lists(st.floats(60, 140), max_size=30),
    percent,
    percent,
    st.floats(1, 20),
)
def test_the_stop_is_where_the_backtest_has_it(direction, closes, trailing, break_even, distance):
    settings = ProtectionSettings(trailing_percent=trailing, break_even_percent=break_even)
    stop = 100 - direction.sign * distance

    found = moved_stop(held(direction, stop=str(stop)), closes, settings, ANY)

    assert float(found) == pytest.approx(kernel(direction, stop, closes, settings), rel=1e-10)


@given(st.lists(st.lists(st.floats(60, 140), max_size=5), max_size=6))
def test_a_stop_never_moves_back(batches):
    settings = ProtectionSettings(trailing_percent=3, break_even_percent=2)
    position, seen = held(), []
    for batch in batches:
        seen += batch
        after = moved_stop(position, seen, settings, ANY)
        assert after >= position.stop
        position = held(stop=str(after))


def test_a_moved_stop_lies_on_a_tick():
    market = Market(symbol="X", price_step=Decimal("0.5"))

    assert moved_stop(held(), [104.3], ProtectionSettings(trailing_percent=2), market) == Decimal("102.0")


def test_nothing_is_set_and_nothing_moves():
    assert moved_stop(held(), [150.0], ProtectionSettings(), ANY) == 95


@pytest.mark.parametrize(("direction", "expected"), [(Direction.LONG, "98"), (Direction.SHORT, "102")])
def test_a_position_begins_under_its_trailing_stop_where_that_is_nearer(direction, expected):
    stop = Decimal(100) - 5 * direction.sign

    assert initial_stop(direction, Decimal(100), stop, ProtectionSettings(trailing_percent=2)) == Decimal(expected)
    assert initial_stop(direction, Decimal(100), stop, ProtectionSettings(trailing_percent=9)) == stop


def test_time_is_up_after_so_many_candles():
    """Opened in the candle of 00:15, three candles: those of 00:15, 00:30 and 00:45."""
    position, settings = held(entry_ms=900_004), ProtectionSettings(max_candles=3)

    assert not time_is_up(position, 1_800_000, QUARTER, settings)
    assert time_is_up(position, 2_700_000, QUARTER, settings)
    assert not time_is_up(position, 10**12, QUARTER, ProtectionSettings())
