"""A venue without a server, and what must be true of its books whatever happened."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from sandbox_client import BTC

from gobot.core import ZERO, ManualClock, Side, Timeframe
from gobot.exchange.history_feed import HistoryFeed
from gobot.market import Candles
from gobot.sandbox import Sandbox
from gobot.sandbox.journal import Journal
from gobot.sandbox.trade_pages import TradePages

START = 1_767_225_600_000


def a_venue(seed: int) -> tuple[Sandbox, TradePages, ManualClock]:
    """A sandbox that is not served, on a hundred wild minutes."""
    chance = np.random.RandomState(seed)
    close = 30_000 * np.exp(np.cumsum(chance.normal(0, 0.01, 400)))
    open_ = np.concatenate([[30_000], close[:-1]])
    high, low = np.maximum(open_, close) * 1.004, np.minimum(open_, close) * 0.996
    times = START - 100 * 60_000 + 60_000 * np.arange(400)
    feed = HistoryFeed({BTC: Candles.from_columns(times, open_, high, low, close, close)}, step=Timeframe(60_000))
    clock = ManualClock(START)
    sandbox = Sandbox(feed=feed, clock=clock, deposit=2_000)
    return sandbox, TradePages(sandbox.engine, Journal(), lambda: False), clock


def check_books(sandbox: Sandbox) -> None:
    """Wallet = deposits + realised + funding − fees; position = sum of fills; orders = their fills."""
    engine, book = sandbox.engine, sandbox.engine.book
    incomes = dict.fromkeys(("TRANSFER", "REALIZED_PNL", "COMMISSION", "FUNDING_FEE"), ZERO)
    for one in book.incomes:
        incomes[one.kind] += one.amount
    # Mean prices may have no end; a cent has one.
    assert abs(engine.venue.state.wallet - sum(incomes.values())) < Decimal("1e-12")
    assert incomes["COMMISSION"] == -sum((trade.fee for trade in book.trades), ZERO)
    assert incomes["REALIZED_PNL"] == sum((trade.realised for trade in book.trades), ZERO)

    signed = sum((t.quantity * (1 if t.side is Side.BUY else -1) for t in book.trades), ZERO)
    holding = engine.venue.state.holdings.get(BTC)
    assert signed == (ZERO if holding is None else holding.quantity * holding.direction.sign)

    for number, order in book.orders.items():
        fills = [trade for trade in book.trades if trade.order_id == number]
        assert order.filled == sum((fill.quantity for fill in fills), ZERO)
    balance = engine.venue.balance(engine.mark)
    assert balance.wallet >= 0
    if holding is not None:
        assert balance.equity == balance.wallet + holding.profit(engine.mark(BTC), holding.quantity)
