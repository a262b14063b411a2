import math

import numpy as np
import pytest

from gobot.backtest.report import shares
from gobot.backtest.report.luck import SHARES, luck
from gobot.backtest.report.table import trades_csv


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
    assert trades_csv([]).startswith("symbol,direction,quantity,entry_time")
