import math

import numpy as np
import pytest

from gobot.backtest import Leg, Rules, backtest, portfolio
from gobot.backtest.report import Report, shares
from gobot.backtest.report.luck import SHARES, luck
from gobot.backtest.report.page import page
from gobot.backtest.report.table import trades_csv
from gobot.settings import TradingSettings
from gobot.strategy.shipped.rsi_reversion import RsiReversion
from gobot.strategy.shipped.sma_cross import SmaCross


def test_excursions_hold_the_result_between_them(report_of):
    trades = report_of(7, 4000, fee=0.0, stop_loss_percent=1.0, take_profit_percent=2.0).trades
    assert (trades.worst >= 0).all()
    assert (trades.best >= 0).all()
    assert (trades.gain <= trades.best + 1e-9).all()
    assert (trades.gain >= -trades.worst - 1e-9).all()
    assert (trades.closed.worst <= 100.0).all()


def test_shares_add_up_to_the_whole(report_of):
    report = report_of(5, 5000, stop_loss_percent=2.0, take_profit_percent=3.0)
    found = shares(report.trades, report.symbols)
    for kind in ("side", "exit"):
        own = [share for share in found if share.kind == kind]
        assert sum(share.trades for share in own) == report.summary["trades"]
        assert sum(share.pnl for share in own) == pytest.approx(report.trades.closed.pnl.sum())
        assert [share.pnl for share in own] == sorted((share.pnl for share in own), reverse=True)
    assert {share.name for share in found} == {"long", "short", "signal", "stop", "target"}
    assert not any(share.kind == "symbol" for share in found)


def test_what_each_symbol_and_each_strategy_brought(random_walk):
    legs = [
        Leg(strategy=SmaCross(), candles=random_walk(2, 2500), symbol="A/USDT"),
        Leg(strategy=RsiReversion(), candles=random_walk(3, 2500), symbol="B/USDT"),
    ]
    result = portfolio(legs, Rules(sizing="fraction", size=0.4))
    report = Report.of(result, sources=["a.csv", "b.csv"], at_ms=0)
    assert (report.strategy, report.symbols) == ("sma_cross, rsi_reversion", ["A/USDT", "B/USDT"])
    assert report.params["A/USDT fast"] == 10
    found = shares(report.trades, report.symbols, report.strategies)
    by = {(share.kind, share.name): share for share in found}
    assert by["strategy", "sma_cross"].trades == by["symbol", "A/USDT"].trades
    assert by["symbol", "B/USDT"].pnl == pytest.approx(
        sum(
            row["pnl"] for row in result.trade_documents() if row["symbol"] == "B/USDT" and row["exit_reason"] != "open"
        )
    )
    assert "By strategy" in page(report)


def test_refusals_and_their_limits_are_on_the_page(random_walk):
    leg = Leg(strategy=SmaCross(), candles=random_walk(2, 2500), symbol="A/USDT")
    report = Report.of(portfolio([leg], Rules(), risk=TradingSettings()), sources=["a.csv"], at_ms=0)
    assert sum(report.summary["refusals"].values()) > 0
    assert report.rules["max_drawdown_pct"] == 20
    html = page(report)
    assert "What risk refused" in html
    assert "max consecutive losses" in html


def test_luck_is_a_draw_of_the_same_trades(report_of):
    report = report_of(2, 6000)
    found = luck(report.trades, 10_000.0)
    closed = report.trades.closed
    assert found.own[-1] == pytest.approx(10_000 + closed.pnl.sum())
    assert found.trades[-1] == len(closed)
    assert found.bands.shape == (len(SHARES), len(found.trades))
    assert (np.diff(found.bands, axis=0) >= 0).all()
    assert found.bands[:, 0] == pytest.approx(10_000.0)
    # The middle of all draws ends near what the mean of the trades would have made.
    growth = np.log(1 + closed.pnl.sum() / 10_000)
    spread = np.log(found.bands[3, -1] / found.bands[1, -1])
    assert abs(math.log(found.bands[2, -1] / 10_000) - growth) < spread / 2
    assert 0 <= found.loss <= 1
    assert 0 < found.bad_drawdown < 100


def test_no_luck_for_few_trades(report_of):
    assert luck(report_of(2, 300).trades, 10_000.0) is None


def test_csv_has_a_line_per_trade_and_a_heading_without_any():
    rows = [{"symbol": "BTC/USDT", "pnl": 1.5, "stop": None}, {"symbol": "a,b", "pnl": -2.0, "stop": 3.0}]
    assert trades_csv(rows) == 'symbol,pnl,stop\nBTC/USDT,1.5,\n"a,b",-2.0,3.0\n'


def test_the_heading_is_the_same_without_trades(random_walk):
    some = backtest(SmaCross(), random_walk(2, 300), Rules()).trade_documents()
    assert trades_csv([]) == trades_csv(some).splitlines()[0] + "\n"
