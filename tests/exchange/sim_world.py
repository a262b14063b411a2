"""A small world for tests of the simulated venue: hand-written candles, a clock, and short ways to write orders."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from gobot.core import ManualClock, Market, OrderReport, OrderRequest, OrderType, Side, Timeframe
from gobot.exchange.history_feed import HistoryFeed
from gobot.exchange.sim import SimExchange
from gobot.market import Candles, FundingRates

M15 = Timeframe.parse("15m")
START = 1_735_689_600_000
SYMBOL = "SOL/USDT:USDT"
DELAY = 5_000

Bar = tuple[float, float, float, float]


def candles(bars: Sequence[Bar | None]) -> Candles:
    """Candles of 15 minutes from `START` on; None is a gap."""
    kept = [(START + k * M15.ms, *bar, 1.0) for k, bar in enumerate(bars) if bar is not None]
    return Candles.from_columns(*np.array(kept).T)


class World:
    """One venue over hand-written candles.  ``at`` moves to a few seconds into a candle, as a cycle does."""

    def __init__(
        self,
        bars: Sequence[Bar | None],
        store: Path,
        *,
        others: dict[str, Sequence[Bar | None]] | None = None,
        equity: str = "100000",
        fee: str = "0",
        maker_fee: str = "0",
        slippage: float = 0.0,
        leverage: int = 1,
        market: Market | None = None,
        funding: Sequence[tuple[int, float]] = (),
    ) -> None:
        series = {symbol: candles(given) for symbol, given in {SYMBOL: bars, **(others or {})}.items()}
        rates = (
            {SYMBOL: FundingRates(*(np.array(column) for column in zip(*funding, strict=True)))} if funding else None
        )
        self.bars = bars
        self.clock = ManualClock(START)
        self._open = lambda: SimExchange(
            HistoryFeed(
                series,
                recorded=dict.fromkeys(series, M15),
                markets=None if market is None else {SYMBOL: market},
                funding=rates,
            ),
            self.clock,
            store,
            start_equity=Decimal(equity),
            fee=Decimal(fee),
            maker_fee=Decimal(maker_fee),
            slippage=slippage,
        )
        self.venue = self._open()
        if leverage != 1:
            self.run(self.venue.set_leverage(SYMBOL, leverage))

    @staticmethod
    def run(call):
        """The result of one call to the venue, which never really waits: no event loop is needed."""
        try:
            call.send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("the venue waited for something")

    def at(self, candle: int) -> None:
        """Move to `DELAY` after the open of a candle."""
        self.clock.move_to(START + candle * M15.ms + DELAY)

    def close_of(self, candle: int) -> None:
        """Move to the close of a candle."""
        self.clock.move_to(START + (candle + 1) * M15.ms)

    def restart(self) -> None:
        """Kill the venue and start it again on the same file."""
        self.run(self.venue.close())
        self.clock = ManualClock(START)
        self.venue = self._open()
        self.clock.move_to(self.venue.venue_time)

    def send(self, request: OrderRequest) -> OrderReport:
        """Send one order."""
        return self.run(self.venue.create(request))

    def order(self, client_id: str) -> OrderReport | None:
        """One order by client id."""
        return self.run(self.venue.order(SYMBOL, client_id))

    def fills(self):
        """Every fill so far."""
        return self.run(self.venue.fills(since_ms=0))

    def position(self):
        """The position, None when flat."""
        return next(iter(self.run(self.venue.positions())), None)

    def balance(self):
        """The account."""
        return self.run(self.venue.balance())


def order(client_id: str, side: str, kind: str, quantity: object = 0, **rest: object) -> OrderRequest:
    """An order, written shortly: prices as numbers, ``closes``/``reduce`` for the two ways to only close."""
    prices = {name: Decimal(str(rest.pop(name))) for name in ("price", "trigger", "callback") if name in rest}
    return OrderRequest(
        client_id=client_id,
        symbol=str(rest.pop("symbol", SYMBOL)),
        side=Side(side),
        type=OrderType(kind),
        quantity=Decimal(str(quantity)),
        closes_position=bool(rest.pop("closes", False)),
        reduce_only=bool(rest.pop("reduce", False)),
        post_only=bool(rest.pop("post", False)),
        **prices,
    )
