import sys

import numpy as np
import pytest

from gobot.backtest import Leg, Rules, backtest, portfolio
from gobot.backtest.report.baselines import baselines
from gobot.backtest.run import run_events
from gobot.strategy.shipped.sma_cross import SmaCross


def test_to_buy_and_hold_pays_one_fee(random_walk):
    candles = random_walk(1, 500)
    hold = baselines(backtest(SmaCross(), candles, Rules(fee=0.002)))[0]
    assert hold.return_pct == pytest.approx(100 * (candles.close[-1] / candles.open[0] / 1.002 - 1))
    assert (hold.low, hold.as_good) == (None, None)


def test_random_entries_are_the_same_trades_at_other_times(random_walk, monkeypatch):
    rules = Rules(stop_loss_percent=1.0, trailing_percent=0.8, break_even_percent=0.5, max_candles=40)
    result = backtest(SmaCross(fast=20, slow=150), random_walk(3, 4000), rules)
    seen = []

    def noted(*given):
        seen.append(run_events(*given))
        return seen[-1]

    monkeypatch.setattr(sys.modules[baselines.__module__], "run_events", noted)
    baselines(result, runs=5)
    for trades, _ in seen:
        assert len(trades) == len(result.trades)
        assert sorted(trades["sign"]) == sorted(result.trades["sign"])
        lengths = np.maximum(result.trades["exit_row"] - result.trades["entry_row"], 1)
        assert sorted(trades["exit_row"] - trades["entry_row"]) == sorted(lengths)
    starts = {tuple(trades["entry_row"]) for trades, _ in seen}
    assert len(starts) == 5


def test_the_same_seed_gives_the_same_runs(random_walk):
    result = backtest(SmaCross(), random_walk(2, 2000), Rules())
    first, second, other = (baselines(result, runs=20, seed=seed)[1] for seed in (4, 4, 5))
    assert first.return_pct == second.return_pct
    assert first.return_pct != other.return_pct
    assert (first.low.value <= first.curve.value).all()
    assert (first.curve.value <= first.high.value).all()
    assert 0 <= first.as_good <= 1


def test_chance_is_as_good_as_a_strategy_on_a_random_walk(random_walk):
    shares = [
        baselines(backtest(SmaCross(), random_walk(seed, 3000), Rules()), runs=50)[1].as_good for seed in range(12)
    ]
    assert 0.2 < np.mean(shares) < 0.8


def test_without_trades_there_is_nothing_to_shuffle(random_walk):
    assert [one.name for one in baselines(backtest(SmaCross(), random_walk(1, 40), Rules()))] == ["buy and hold"]


def together(random_walk, rows=3000, **rules):
    legs = [
        Leg(strategy=SmaCross(), candles=random_walk(seed, rows)[start:], symbol=f"C{seed}/USDT")
        for seed, start in ((2, 0), (3, 500), (4, 1000))
    ]
    return portfolio(legs, Rules(**{"sizing": "fraction", "size": 0.3} | rules))


def test_several_symbols_are_held_in_equal_parts_from_their_first_opens(random_walk):
    result = together(random_walk, fee=0.002)
    hold = baselines(result)[0]
    growths = [leg.candles.close[-1] / leg.candles.open[0] / 1.002 for leg in result.legs]
    assert hold.return_pct == pytest.approx(100 * (np.mean(growths) - 1))
    begun = (1 + 1 + result.legs[0].candles.close[0] / result.legs[0].candles.open[0] / 1.002) / 3
    assert hold.curve.value[1] == pytest.approx(10_000 * begun)
    assert "equal part" in hold.note


def test_random_entries_of_several_symbols_move_all_trades_together(random_walk):
    result = together(random_walk)
    first, again, other = (baselines(result, runs=20, seed=seed)[1] for seed in (4, 4, 5))
    assert first.return_pct == again.return_pct
    assert first.return_pct != other.return_pct
    assert (first.low.value <= first.high.value).all()
    assert first.curve.time[-1] == result.times[-1] + result.timeframe.ms
    assert "all moved by the same random time" in first.note
