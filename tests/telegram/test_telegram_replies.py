"""Answers in words."""

from dataclasses import replace
from decimal import Decimal

from gobot.telegram import replies
from gobot.telegram.text import MESSAGE_LIMIT


def test_status(daemon):
    assert replies.status(daemon.snapshot()) == (
        "<b>gobot, sim mode</b>: idle\n"
        "sma_cross-1f on 12 symbols, 15m candles\n"
        "Cycle 8, 3 of 50 in this run, next at 00:15:00 UTC\n"
        "Equity 101.50 USDT, today +1.50 USDT, drawdown 0.50 %\n"
        "1 open position, breaker closed\n"
        "At 2025-01-01 00:00 UTC"
    )


def test_status_says_what_is_wrong(daemon):
    daemon.show(breaker="open", breaker_reason="3 failures", paused="by <me>", last_error="no data", max_iterations=0)
    text = replies.status(daemon.snapshot())
    assert "breaker open (3 failures)\nPaused: by &lt;me&gt;\nLast error: no data\n" in text
    assert "Cycle 8, 3 in this run," in text


def test_positions(daemon):
    assert replies.positions(daemon.snapshot()) == (
        "<b>1 open position: +0.64 USDT</b>\n"
        "<b>LONG BTC/USDT:USDT</b> +0.64 USDT (+1.00 %)\n"
        "0.001 from 64,000, now 64,640\n"
        "stop 62,720, target 66,560, since 2025-01-01 00:00 UTC"
    )


def test_a_short_wins_when_the_price_falls_and_a_missing_stop_stands_out(daemon):
    (position,) = daemon.snapshot().positions
    short = replace(position, direction="short", mark_price=Decimal(63360), stop=None, target=None, opened_ms=0)
    daemon.show(positions=(short,))
    assert replies.positions(daemon.snapshot()).endswith("(+1.00 %)\n0.001 from 64,000, now 63,360\n<b>no stop</b>")


def test_no_positions(daemon):
    daemon.show(positions=())
    assert replies.positions(daemon.snapshot()) == "No open positions."


def test_hundreds_of_positions_fit(daemon):
    daemon.show(positions=daemon.snapshot().positions * 550)
    text = replies.positions(daemon.snapshot())
    assert len(text) <= MESSAGE_LIMIT
    assert text.endswith("more positions")


def test_balance(daemon):
    assert replies.balance(daemon.snapshot()) == (
        "Equity 101.50 USDT\nFree margin 37.50 USDT\nIn positions 64.64 USDT (1 position)"
    )


def test_profit(daemon):
    assert replies.profit(daemon.snapshot()) == (
        "Today +1.50 USDT\n"
        "Realised +0.86 USDT in 4 closed trades, 3 won (75%)\n"
        "Unrealised +0.64 USDT in 1 open position\n"
        "Drawdown 0.50 % below the peak"
    )


def test_trades_come_newest_first(daemon):
    assert replies.trades(daemon.recent_trades(5)) == (
        "<b>Last 2 closed trades: +0.86 USDT</b>\n"
        "LONG BTC/USDT:USDT +0.98 USDT (+4.10 %), target, 2025-01-01 00:30 UTC\n"
        "SHORT ETH/USDT:USDT -0.12 USDT (-1.20 %), stop, 2025-01-01 00:15 UTC"
    )
    assert replies.trades([]) == "No closed trades yet."


def test_risk(daemon):
    assert replies.risk(daemon.snapshot(), daemon.risk_document()) == (
        "<b>Breaker closed</b>\nbreaker, state: closed\nbreaker, failures: 0\nmax open positions: 10\nblocked: none"
    )
