"""The page as a document: complete, self-contained, harmless whatever things are called, and small."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from unpacking import unpack

from gobot.backtest import Rules, backtest
from gobot.backtest.report import Report
from gobot.backtest.report.page import page
from gobot.strategy.shipped.sma_cross import SmaCross

VOID = {"meta", "input", "br"}
ADDRESS = re.compile(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}|\burl\(|@import|<link|<img|<iframe", re.IGNORECASE)


class Reader(HTMLParser):
    """Keeps the headings, the data, and whether every tag was closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.headings, self.scripts, self.words = [], [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        kept = {"h1": self.headings, "h2": self.headings, "script": self.scripts}.get(
            self.open[-1] if self.open else ""
        )
        (self.words if kept is None else kept).append(data)

    @property
    def data(self):
        return json.loads(self.scripts[0])


def test_every_part_is_there(report_of):
    read = Reader(page(report_of(2, 4000, stop_loss_percent=2.0)))
    assert read.headings == [
        "sma_cross", "Before you believe it", "Equity and trades", "Months", "Returns of trades", "Where it came from",
        "On the way", "What luck could have done", "Against doing less", "Deepest drawdowns", "Trades", "All figures",
        "Run under",
    ]  # fmt: skip
    words = " ".join(read.words)
    for expected in (
        "BTC/USDT in 15m candles from 1 Jan 2025",
        "buy and hold",
        "random entry",
        "walk.csv",
        "stop loss",
    ):
        assert expected in words


def test_every_trade_travels_exactly(report_of):
    report = report_of(2, 4000, stop_loss_percent=2.0, take_profit_percent=4.0)
    data = Reader(page(report)).data
    columns = {name: unpack(column) for name, column in data["trades"]["columns"].items()}
    trades = report.trades
    np.testing.assert_array_equal(columns["entry"], trades.entry_ms)
    np.testing.assert_array_equal(columns["entry"] + columns["held"], trades.exit_ms)
    np.testing.assert_array_equal(columns["side"], trades.side)
    np.testing.assert_allclose(columns["entry_price"], trades.entry_price, rtol=1e-6)
    np.testing.assert_allclose(columns["exit_price"], trades.exit_price, rtol=1e-6)
    np.testing.assert_allclose(columns["pnl"], trades.pnl, atol=1e-4)
    reasons = np.array(data["trades"]["reasons"])[columns["reason"].astype(int)]
    np.testing.assert_array_equal(reasons, trades.reason)
    curve = unpack(data["equity"]["value"])
    assert (curve[0], curve[-1]) == (10_000.0, pytest.approx(report.summary["final_equity"], abs=0.01))


def test_nothing_is_asked_from_anywhere(report_of):
    html = page(report_of())
    assert ADDRESS.findall(html) == []
    assert "default-src 'none'" in html


def test_hostile_names_stay_text(random_walk):
    evil = '</script><script>alert("1")</script>'
    result = backtest(SmaCross(), random_walk(2, 1000), Rules(), symbol=evil)
    report = replace(
        Report.of(result, sources=[evil], at_ms=0),
        strategy=evil,
        about=evil,
        params={evil: evil},
        rules={evil: evil, "fee": 0.1, "slippage": 0.0},
    )
    html = page(report)
    assert "<script>alert" not in html
    read = Reader(html)
    assert read.headings[0] == evil
    assert read.data["markets"][0]["symbol"] == evil
    assert len(read.scripts) == 2


@pytest.mark.parametrize(("fast", "slow"), [(10, 50), (1, 2)])
def test_seventy_thousand_candles_fit_into_two_megabytes(random_walk, fast, slow):
    result = backtest(
        SmaCross(fast=fast, slow=slow), random_walk(1, 70_000, start=60_000.0), Rules(), symbol="BTC/USDT"
    )
    html = page(Report.of(result, sources=["walk.csv"], at_ms=0))
    assert len(html.encode()) < 2_000_000
    data = Reader(html).data
    assert data["trades"]["columns"]["pnl"]["count"] == len(result.trades)
    assert (len(result.trades) > 20_000) == (fast == 1)


def test_a_run_without_trades_has_a_page_too(report_of):
    read = Reader(page(report_of(2, 40)))
    assert "No trade was closed: there is nothing to judge." in read.words
    assert "Trades" not in read.headings
    assert read.data["trades"]["columns"]["pnl"]["count"] == 0


def test_the_same_run_gives_the_same_page(report_of):
    assert page(report_of(4, 2000)) == page(report_of(4, 2000))


def test_twenty_symbols_fit_as_well(several_of):
    html = page(several_of(20, 35_000))
    assert len(html.encode()) < 2_000_000
    read = Reader(html)
    assert [market["group"] for market in read.data["markets"]] == [9] * 20
    assert "By symbol" in read.words
    assert read.words.count("COIN7/USDT") == 2  # in the choice of the figure, and in the table
