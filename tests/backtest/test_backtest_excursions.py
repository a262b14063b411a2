"""How far trades went before they ended."""

import pytest
from backtest_cases import candles_of, signals_of

from gobot.backtest import Rules, replay
from gobot.backtest.excursions import excursions_of

BARS = candles_of(
    [
        (100, 100, 100, 100),
        (100, 104, 97, 103),  # long from 100 here
        (103, 110, 101, 108),
        (108, 120, 80, 100),  # left at this open: what the candle did after it is nobody's
        (100, 101, 90, 95),  # short from 100 here; its stop of 105 is touched in the next candle
        (95, 130, 60, 100),
    ]
)


def excursions(entry, exit_=None, **levels):
    trades, _ = replay(signals_of(entry, exit_, **levels), BARS, Rules(fee=0.0))
    return excursions_of(trades, [BARS])


def test_by_hand():
    found = excursions([1, 0, 0, -1, 0, 0], [0, 0, 1, 0, 0, 0], stop={3: 105})
    assert found.worst == pytest.approx([-3.0, -5.0])
    assert found.best == pytest.approx([10.0, 10.0])


def test_an_open_trade_has_lived_through_the_last_candle():
    found = excursions([0, 0, 0, 0, 1, 0])
    assert (found.worst, found.best) == (pytest.approx([-100 * 35 / 95]), pytest.approx([100 * 35 / 95]))


def test_a_trade_that_never_gained_has_a_best_of_nothing():
    found = excursions([0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0], stop={2: 107})
    assert (found.worst, found.best) == (pytest.approx([-100 / 108]), [0.0])
