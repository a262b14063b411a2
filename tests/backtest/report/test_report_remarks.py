from dataclasses import replace

import numpy as np
import pytest

from gobot.backtest.report import remarks
from gobot.market import Candles


def said(report, words):
    return any(words in sentence for sentence in remarks(report))


@pytest.mark.parametrize(
    ("rows", "fast", "slow", "words"),
    [
        (60, 10, 50, "No trade was closed"),
        (400, 10, 50, "too few to conclude anything"),
        (3000, 10, 50, "82 trades are a small sample"),
        (3000, 10, 50, "31 days are one kind of market"),
        (3000, 10, 50, "A position is still open"),
    ],
)
def test_small_samples_are_said_to_be_small(report_of, rows, fast, slow, words):
    assert said(report_of(2, rows, fast=fast, slow=slow), words)


def test_a_large_sample_is_no_matter(report_of):
    report = report_of(3, 9000, fast=2, slow=5)
    assert not said(report, "sample")
    assert not said(report, "too few")
    assert not said(report, "one kind of market")


def test_costs_are_told(report_of):
    assert said(report_of(fee=0.0), "No fee was charged")
    assert said(report_of(), "No slippage was assumed")
    assert not said(report_of(slippage=0.0005), "slippage")


def test_fees_that_ate_the_profit(report_of):
    report = report_of()
    closed = report.trades.closed
    eaten = replace(closed, pnl=np.full(len(closed), -1.0), fees=np.full(len(closed), 3.0))
    assert said(replace(report, trades=eaten), "Fees turned a profit of 164.00 USDT into a loss")
    most = replace(closed, pnl=np.full(len(closed), 1.0), fees=np.full(len(closed), 3.0))
    assert said(replace(report, trades=most), "Fees took 75 % of what the trades made")


def test_a_few_trades_that_made_it_all(report_of):
    report = report_of()
    closed = report.trades.closed
    pnl = np.zeros(len(closed))
    pnl[:4] = [900.0, 500.0, 200.0, 400.0]
    assert said(replace(report, trades=replace(closed, pnl=pnl)), "The three best trades made 90 % of the profit")
    pnl[4:6] = -800.0
    assert said(replace(report, trades=replace(closed, pnl=pnl)), "the others lost money together")


def test_baselines_that_did_better(report_of):
    report = report_of()
    better = [replace(report.baselines[0], return_pct=50.0), replace(report.baselines[1], as_good=0.3)]
    assert said(replace(report, baselines=better), "Buying and holding did better: +50.0 %")
    assert said(replace(report, baselines=better), "30 % of random runs")
    worse = [replace(report.baselines[0], return_pct=-90.0), replace(report.baselines[1], as_good=0.01)]
    assert not said(replace(report, baselines=worse), "Buying and holding")
    assert not said(replace(report, baselines=worse), "random runs")


def test_small_stakes_are_not_compared_with_all_in(report_of):
    report = report_of(sizing="fixed", size=10.0)
    assert said(report, "Positions were 0.10 % of the account at most")
    assert not said(report, "Buying and holding")
    assert not said(report_of(), "Positions were")


def test_liquidations_are_told(report_of):
    report = report_of()
    assert said(replace(report, summary={**report.summary, "liquidations": 3}), "3 positions were liquidated")


def test_entries_that_limits_kept_out_are_told(report_of):
    report = report_of()
    halted = replace(report, summary={**report.summary, "refusals": {"emergency_stop": 1200, "paused": 7}})
    assert said(halted, "The emergency stop ended trading after")
    assert said(halted, "1,200 later entries were kept out")
    assert said(halted, "7 entries were kept out because the day's profit or loss had reached its limit")
    assert not said(report, "kept out")


def test_holes_are_told(report_of):
    report = report_of()
    whole = report.candles["BTC/USDT"]
    keep = np.ones(len(whole), bool)
    keep[100:103] = False
    names = ("time", "open", "high", "low", "close", "volume")
    holed = replace(report, candles={"BTC/USDT": Candles(*(getattr(whole, name)[keep] for name in names))})
    assert said(holed, "3 candles of BTC/USDT are missing or wrong: `gobot data import`")
    assert not said(report, "missing or wrong")
