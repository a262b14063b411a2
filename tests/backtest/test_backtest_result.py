import json
import math

import numpy as np
import pytest
from backtest_cases import candles_of, signals_of

from gobot.backtest import Rules, backtest, combinations, measure, recent, replay, sweep, warm_up
from gobot.backtest.kernel import TRADE
from gobot.core import DataError, StrategyError, Timeframe, UsageError
from gobot.market import Candles
from gobot.settings import Settings
from gobot.strategy import evaluate
from gobot.strategy.shipped.sma_cross import SmaCross

QUARTER = Timeframe.parse("15m")


def closed_trades(*pnl):
    trades = np.zeros(len(pnl), TRADE)
    trades["pnl"], trades["ended"], trades["fees"] = pnl, 2, 0.5
    trades["entry_row"] = trades["exit_row"] = np.arange(len(pnl))
    return trades


def test_metrics_by_hand():
    trades = closed_trades(30.0, -10.0, -10.0, 0.0)
    found = measure(trades, np.array([1000.0, 1030.0, 1020.0, 1010.0, 1010.0]), QUARTER, 1000.0)
    assert (found.trades, found.wins, found.win_rate) == (4, 1, 25.0)
    assert found.profit_factor == pytest.approx(1.5)
    assert found.expectancy == pytest.approx(2.5)
    assert (found.net_profit, found.return_pct, found.fees) == pytest.approx((10.0, 1.0, 2.0))
    assert found.max_drawdown_pct == pytest.approx(100 * 20 / 1030)
    assert found.exposure_pct == pytest.approx(80.0)
    returns = np.array([0, 0.03, -10 / 1030, -10 / 1020, 0])
    per_year = 365 * 96
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(per_year))
    assert found.sortino == pytest.approx(
        returns.mean() / math.sqrt(((10 / 1030) ** 2 + (10 / 1020) ** 2) / 5) * math.sqrt(per_year)
    )
    assert found.calmar == pytest.approx((1.01 ** (per_year / 5) - 1) / (20 / 1030))


def test_ratios_are_those_of_vectorbt(random_walk):
    """vectorbt 1.2, ``returns(freq="15m", year_freq="365 days")`` on the equity of this very run."""
    found = backtest(SmaCross(), random_walk(2, 3000), Rules(fee=0.001)).metrics
    assert (found.sharpe, found.sortino, found.calmar, found.max_drawdown_pct) == pytest.approx(
        (-0.421551397538, -0.597570710888, -1.68414025829, 53.6227157882), rel=1e-9
    )


def test_what_is_not_defined_is_nan_here_and_null_in_json():
    nothing = measure(np.zeros(0, TRADE), np.full(5, 1000.0), QUARTER, 1000.0)
    for name in ("win_rate", "profit_factor", "expectancy", "sharpe", "sortino", "calmar"):
        assert math.isnan(getattr(nothing, name))
        assert nothing.document()[name] is None
    assert (nothing.trades, nothing.return_pct, nothing.exposure_pct, nothing.fees) == (0, 0.0, 0.0, 0.0)
    winning = measure(closed_trades(5.0), np.array([1000.0, 1005.0]), QUARTER, 1000.0)
    assert winning.profit_factor == math.inf
    assert winning.document()["profit_factor"] is None
    lost = measure(closed_trades(-1500.0), np.array([1000.0, -500.0]), QUARTER, 1000.0)
    assert (lost.return_pct, lost.max_drawdown_pct) == (-150.0, 150.0)
    assert math.isnan(lost.sharpe)


def test_exposure_counts_the_candles_in_which_a_position_was_held():
    bars = candles_of([(100, 100, 100, 100)] * 10)
    _, equity = replay(signals_of([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]), bars, Rules())
    held = replay(signals_of([1, 0, -1, 0, 0, 0, 1, 0, 0, 0], [0] * 10), bars, Rules(direction="long"))[0]
    # rows 1 and 2, then 7, 8 and 9
    assert measure(held, equity, QUARTER, 10_000.0).exposure_pct == pytest.approx(50.0)


def test_a_result_tells_the_whole_story(random_walk):
    result = backtest(SmaCross(), random_walk(2, 3000), Rules(fee=0.001), symbol="BTC/USDT:USDT")
    document = json.loads(json.dumps(result.document()))
    assert {
        "strategy", "params", "symbols", "timeframe", "start", "end", "bars", "start_equity", "final_equity",
        "net_profit", "return_pct", "trades", "win_rate", "profit_factor", "max_drawdown_pct", "sharpe", "sortino",
        "calmar", "fees", "funding", "liquidations",
    } <= document.keys()  # fmt: skip
    assert (document["start"], document["timeframe"], document["bars"]) == ("2025-01-01T00:00:00Z", "15m", 3000)
    assert document["params"] == {"fast": 10, "slow": 50}
    assert document["net_profit"] == pytest.approx(document["final_equity"] - document["start_equity"])
    rows = json.loads(json.dumps(result.trade_documents()))
    assert len(rows) == document["trades"] + 1
    assert sum(row["fees"] for row in rows) == pytest.approx(document["fees"])
    assert sum(row["pnl"] for row in rows) == pytest.approx(document["net_profit"])
    assert rows[-1]["exit_reason"] == "open"
    assert {row["exit_reason"] for row in rows[:-1]} == {"signal"}
    first = rows[0]
    assert (first["symbol"], first["stop"], first["target"]) == ("BTC/USDT:USDT", None, None)
    assert first["return_pct"] == pytest.approx(100 * first["pnl"] / (first["quantity"] * first["entry_price"]))


def test_what_cannot_be_run_is_said_in_words():
    with pytest.raises(DataError, match="needs at least two candles, there are 0"):
        backtest(SmaCross(), Candles.empty(), Rules())
    with pytest.raises(UsageError, match="sizing 'fixed' needs a size above zero"):
        Rules(sizing="fixed")
    with pytest.raises(StrategyError):
        SmaCross(fast=0)


def test_recent_of_nothing():
    found = recent(signals_of([]), Candles.empty(), Rules())
    assert (found.trades, found.return_pct) == (0, 0.0)
    assert math.isnan(found.profit_factor)


FIXED = {"sizing": "fixed", "size": 10.0}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {**FIXED, "max_position": 10.0, "stop_loss_percent": 2.0, "take_profit_percent": 4.0}),
        ({"backtest": {"risk": False}}, {**FIXED, "max_position": math.inf, "stop_loss_percent": None}),
        ({"backtest": {"sizing": "all_in"}}, {"sizing": "all_in", "max_position": math.inf, "stop_loss_percent": 2.0}),
        ({"backtest": {"start_equity": 500, "slippage": 0.001}}, {"start_equity": 500.0, "slippage": 0.001}),
        ({"backtest": {"fee": 0.002}}, {"fee": 0.002}),
        ({"trading": {"sizing": {"model": "fraction"}}}, {"sizing": "fraction", "size": 0.1, "max_position": 10.0}),
        ({"trading": {"sizing": {"amount_usd": 20}, "max_position_usd": 25}}, {"size": 20.0, "max_position": 25.0}),
        ({"trading": {"direction": "long"}}, {"direction": "long"}),
        ({"trading": {"direction": "long"}, "backtest": {"direction": "short"}}, {"direction": "short"}),
    ],
)
def test_rules_follow_from_the_settings(settings, expected):
    rules = Rules.from_settings(Settings.model_validate(settings))
    assert {name: getattr(rules, name) for name in expected} == expected


def test_read_only_columns_from_files_are_welcome(random_walk):
    candles = random_walk(1, 300)
    columns = [np.array(c) for c in (candles.open, candles.high, candles.low, candles.close, candles.volume)]
    for column in columns:
        column.flags.writeable = False
    frozen = Candles(candles.time, *columns)
    assert backtest(SmaCross(), frozen, Rules()).equity[-1] == backtest(SmaCross(), candles, Rules()).equity[-1]


def test_warming_up_compiles_every_kernel_in_every_form_it_is_called_in(random_walk):
    from gobot.backtest import batch, kernel, light
    from gobot.strategy import plan
    from gobot.strategy.rolling import crossings, efficiency, rolling_deviation, rolling_mean

    warm_up()
    kernels = (
        kernel.simulate, light.simulate_light, batch.simulate_batch, plan.gather, crossings, efficiency,
        rolling_deviation, rolling_mean,
    )  # fmt: skip
    forms = [list(one.signatures) for one in kernels]
    assert all(forms)
    candles = random_walk(1, 300)[20:]
    for rules in (Rules(direction="long", sizing="fixed", size=5.0), Rules(leverage=5, stop_loss_percent=1.0)):
        backtest(SmaCross(), candles, rules)
        recent(evaluate(SmaCross(), candles), candles, rules)
        for curves in (True, False):
            sweep(SmaCross, combinations(SmaCross, fast=[3, 4]), candles, rules, curves=curves)
    assert [one.signatures for one in kernels] == forms
