"""What checks find in candles, and what they leave alone."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gobot.core import DataError, ManualClock, Timeframe
from gobot.market import Candles, CandleStore, Kind, Series, check, check_series, is_clean, resample
from gobot.market.findings import runs, worst
from gobot.market.gaps import KnownGap, Span, missing, without
from gobot.market.integrity import compare

START = 1_735_689_600_000
M15, H1, D1, W1 = (Timeframe.parse(text) for text in ("15m", "1h", "1d", "1w"))
QUARTER = M15.ms
BITCOIN = Series(venue="binance", symbol="BTC/USDT", timeframe=M15)


@pytest.fixture
def series(random_walk):
    """Candles with nothing wrong about them."""
    walk = without_rows(random_walk(3, 2000))
    assert check(walk, M15) == []
    return walk


@pytest.fixture
def store(tmp_path):
    return CandleStore(tmp_path, clock=ManualClock(START + 10_000 * QUARTER))


def without_rows(candles, *rows):
    """A copy without some rows."""
    kept = np.setdiff1d(np.arange(len(candles)), rows)
    return Candles(*(getattr(candles, name)[kept] for name in ("time", "open", "high", "low", "close", "volume")))


def told(findings):
    return [(one.kind, one.severity.value, (one.start_ms - START) // QUARTER, one.count) for one in findings]


def test_holes(series):
    assert told(check(without_rows(series, 5, 6, 7, 100), M15)) == [
        (Kind.GAP, "error", 5, 3),
        (Kind.GAP, "error", 100, 1),
    ]


def test_holes_of_the_venue_are_a_note(series):
    known = [KnownGap(START + 6 * QUARTER, START + 9 * QUARTER, "halted")]
    found = check(without_rows(series, 5, 6, 7, 8), M15, known=known)
    assert told(found) == [(Kind.GAP, "error", 5, 1), (Kind.KNOWN_GAP, "note", 6, 3)]


def test_ends_that_are_not_reached(series):
    found = check(series[10:1990], M15, start_ms=START, end_ms=START + 2000 * QUARTER)
    assert told(found) == [(Kind.GAP, "error", 0, 10), (Kind.GAP, "error", 1990, 10)]
    assert told(check(Candles.empty(), M15, start_ms=START, end_ms=START + QUARTER)) == [(Kind.GAP, "error", 0, 1)]


def test_open_or_close_outside_the_range(series):
    series.open[7] = series.high[7] + 0.001
    series.close[8] = series.low[8] - 0.001
    assert told(check(series, M15)) == [(Kind.OUTSIDE_RANGE, "error", 7, 2)]


def test_what_another_program_may_have_done_to_a_file(series):
    series.time[5], series.time[8] = series.time[4], series.time[8] + 7
    series.open[20] = np.nan
    series.low[21] = -1
    series.high[22] = series.low[22] / 2
    series.volume[23] = -1
    kinds = {one.kind: one.count for one in check(series, M15) if one.severity == "error"}
    assert kinds == {
        Kind.GAP: 1,
        Kind.DISORDER: 1,
        Kind.OFF_GRID: 1,
        Kind.BAD_PRICE: 2,
        Kind.HIGH_BELOW_LOW: 1,
        Kind.BAD_VOLUME: 1,
        Kind.OUTSIDE_RANGE: 1,
    }


def test_no_volume(series):
    series.volume[[3, 4, 9]] = 0
    assert told(check(series, M15)) == [(Kind.ZERO_VOLUME, "warning", 3, 2), (Kind.ZERO_VOLUME, "warning", 9, 1)]


@pytest.mark.parametrize(("length", "found"), [(4, []), (5, [(Kind.FROZEN, "warning", 50, 5)])])
def test_a_price_that_does_not_move(series, length, found):
    for column in (series.open, series.high, series.low, series.close):
        column[50 : 50 + length] = series.close[49]
    assert told(check(series, M15)) == found


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_a_spike_that_comes_and_goes(series, factor):
    prices = (series.open, series.high, series.low, series.close)
    series.high[70] = max(series.high[70], factor * series.high[70])
    series.low[70] = min(series.low[70], factor * series.low[70])
    assert told(check(series, M15)) == [(Kind.OUTLIER, "warning", 70, 1)]
    for column in prices:
        column[90] *= factor
    assert told(check(series, M15))[1] == (Kind.OUTLIER, "warning", 90, 1)


def test_a_crash_that_stays_is_no_outlier(series):
    for column in (series.open, series.high, series.low, series.close):
        column[1000:] *= 0.5
    series.high[1000] = series.close[999]
    assert check(series, M15) == []


def test_many_places_are_summed_up(series):
    series.volume[::4] = 0
    found = check(series, M15)
    assert len(found) == 101
    assert found[-1].count == 400
    assert sum(one.count for one in found) == 500
    assert found[-1].sentence.endswith(", in 400 further places")


def test_timeframes_that_disagree(series):
    hours = resample(series, M15, H1)
    assert compare(series, M15, hours, H1) == []
    hours.volume[:] *= 1 + 1e-9  # rounded elsewhere
    assert compare(series, M15, hours, H1) == []
    hours.high[10] += 0.01
    hours.volume[11] *= 2
    (found,) = compare(series, M15, hours, H1)
    assert (found.kind, found.start_ms, found.end_ms, found.count) == (
        Kind.DISAGREEMENT,
        START + 10 * H1.ms,
        START + 12 * H1.ms,
        2,
    )
    assert compare(without_rows(series, 40, 45), M15, hours, H1) == []  # parts that are not complete say nothing


def test_a_stored_series_is_compared_with_the_next_shorter_one(series, store):
    hourly = Series(venue="binance", symbol="BTC/USDT", timeframe=H1)
    daily = Series(venue="binance", symbol="BTC/USDT", timeframe=D1)
    days = resample(series, M15, D1)
    days.close[3] = days.high[3]
    days.low[4] *= 0.99
    store.add(BITCOIN, series)
    store.add(hourly, resample(series, M15, H1))
    store.add(daily, days)
    assert check_series(store, BITCOIN) == check_series(store, hourly) == []
    assert [(one.kind, one.count, one.sentence.split(":")[0]) for one in check_series(store, daily)] == [
        (Kind.DISAGREEMENT, 2, "not what the 1h candles add up to")
    ]


def test_whether_a_stretch_is_clean(series, store):
    series.volume[400] = 0
    store.add(BITCOIN, without_rows(series, 100, 200))
    store.mark_gaps(BITCOIN, [Span(START + 200 * QUARTER, START + 201 * QUARTER)], "halted")

    def clean(first, end):
        return is_clean(store, BITCOIN, START + first * QUARTER, START + end * QUARTER)

    assert clean(0, 100)
    assert not clean(0, 101)
    assert not clean(100, 150)
    assert clean(101, 2000)  # the venue's own hole and a quiet candle are no errors
    assert not clean(101, 2001)
    assert not is_clean(store, Series(venue="x", symbol="A/B", timeframe=M15), START, START + QUARTER)


def test_every_kind_is_explained():
    page = (Path(__file__).parents[2] / "docs" / "market-data.md").read_text(encoding="utf-8")
    for kind in Kind:
        assert f"| `{kind.value}` |" in page


def test_nothing_to_check():
    assert check(Candles.empty(), M15) == []
    assert worst([]) is None


@given(st.lists(st.booleans()))
def test_runs_are_what_is_between_the_others(mask):
    starts, ends = runs(np.array(mask, np.bool_))
    found = [row for start, end in zip(starts, ends, strict=True) for row in range(start, end)]
    assert found == [row for row, true in enumerate(mask) if true]
    assert all(after > end for after, end in zip(starts[1:], ends, strict=False))


spans = st.lists(st.integers(0, 40), unique=True).map(
    lambda places: [Span(*pair) for pair in zip(*[iter(sorted(places))] * 2, strict=False)]
)


@given(spans, spans)
def test_what_is_left_of_spans(some, known):
    def each(listed):
        return [moment for span in listed for moment in range(*span)]

    rest = without(some, known)
    assert each(rest) == sorted(set(each(some)) - set(each(known)))
    assert all(span.start_ms < span.end_ms for span in rest)


@given(st.sets(st.integers(0, 60)), st.integers(0, 60), st.integers(0, 60))
def test_what_is_missing(there, low, high):
    low, high = sorted((low, high))
    time = np.array(sorted(START + QUARTER * n for n in there if low <= n < high), np.int64)
    # Moments that are not on the grid mean the candles that open after them.
    found = missing(time, M15, START + QUARTER * low - 5, START + QUARTER * high - 5)
    opens = [moment for span in found for moment in range(*span, QUARTER)]
    assert opens == [START + QUARTER * n for n in range(low, high) if n not in there]


def test_weeks_begin_on_monday():
    monday = 1_735_516_800_000
    assert missing(np.array([monday]), W1, monday - 1, monday + 3 * W1.ms) == [Span(monday + W1.ms, monday + 3 * W1.ms)]


def test_known_gaps_are_a_file_for_people(store):
    store.mark_gaps(BITCOIN, [Span(START, START + 4 * QUARTER)], "halted")
    store.mark_gaps(BITCOIN, [Span(START - QUARTER, START + QUARTER), Span(START, START + QUARTER)], "not listed")
    path = store.directory / "binance_spot_BTCUSDT_15m.gaps.json"
    assert '"start": "2025-01-01T00:00:00Z"' in path.read_text()
    assert store.known_gaps(BITCOIN) == (
        KnownGap(START - QUARTER, START, "not listed"),
        KnownGap(START, START + 4 * QUARTER, "halted"),
    )
    before = path.stat().st_mtime_ns
    store.mark_gaps(BITCOIN, [Span(START, START + QUARTER)], "again")
    assert path.stat().st_mtime_ns == before
    assert store.series() == []


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"schema": 1}', b'{"schema": 1, "gaps": [{}]}', b'{"schema": 9, "gaps": []}']
)
def test_known_gaps_that_are_damaged(store, content):
    (store.directory / "binance_spot_BTCUSDT_15m.gaps.json").write_bytes(content)
    with pytest.raises(DataError, match=r"gaps\.json (is damaged .*: remove it|was written by a newer gobot)"):
        store.known_gaps(BITCOIN)
