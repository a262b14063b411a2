"""How long a verdict takes: 100 ideas before all checks, some approved and some refused; and the view they need.

Run it with ``python benchmarks/risk.py``.  The target is 5 ms for the verdicts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np

from gobot.core import Action, Book, Direction, Idea, Market, Position, Ticker, Timeframe
from gobot.market import Candles
from gobot.risk import CHECKS, Approved, RecentWindow, Risk, RiskState, RiskView, view_of
from gobot.settings.trading import TradingSettings

IDEAS, SYMBOLS, CANDLES = 100, 550, 600
QUARTER = Timeframe.parse("15m")
NOW = 1_732_975_205_000
NAMES = [f"C{number}/USDT:USDT" for number in range(SYMBOLS)]
MARKET = Market(
    symbol="",
    quantity_step=Decimal("0.001"),
    price_step=Decimal("0.01"),
    min_quantity=Decimal("0.001"),
    min_notional=Decimal(5),
    taker_fee=Decimal("0.0005"),
)


def settings(**risk: object) -> TradingSettings:
    """Settings under which positions of 500 USDT are opened on an account of 100,000."""
    return TradingSettings.model_validate(
        {
            "max_position_usd": 500,
            "initial_capital_usd": 100_000,
            "sizing": {"model": "risk"},
            "risk_manager": {"max_open_positions": 1000, "max_volume_share_pct": 50, **risk},
        }
    )


def candles_of(number: int) -> Candles:
    """A random walk that ends with the newest closed candle."""
    random = np.random.default_rng(number)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, CANDLES)))
    before = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(close, before) * 1.001, np.minimum(close, before) * 0.999
    newest = QUARTER.closed_before(NOW)
    time_ms = newest - np.arange(CANDLES)[::-1] * QUARTER.ms
    return Candles.from_columns(time_ms, before, high, low, close, np.full(CANDLES, 1000.0))


def view(rules: TradingSettings, candles: dict[str, Candles], entering: list[str]) -> RiskView:
    """An account with ten positions, and ``entering`` before it."""
    prices = {symbol: Decimal(f"{series.close[-1]:.2f}") for symbol, series in candles.items()}
    held = [
        Position(
            symbol=symbol,
            direction=Direction.SHORT,
            quantity=Decimal(1),
            entry_price=prices[symbol],
            mark_price=prices[symbol],
        )
        for symbol in NAMES[-10:]
    ]
    return view_of(
        rules,
        now_ms=NOW,
        steady_ms=NOW,
        equity=Decimal(100_000),
        available=Decimal(90_000),
        positions=held,
        entering=entering,
        candles=candles,
        tickers={
            symbol: Ticker(symbol=symbol, last=price, bid=price, ask=price + Decimal("0.01"), time_ms=NOW)
            for symbol, price in prices.items()
        },
        markets={symbol: replace(MARKET, symbol=symbol) for symbol in NAMES},
        validation={symbol: RecentWindow(trades=10, profit_factor=1.4) for symbol in entering},
        closed=(),
        books={
            symbol: Book(
                symbol=symbol,
                bids=tuple((prices[symbol] - level, Decimal(1000)) for level in range(20)),
                asks=tuple((prices[symbol] + level, Decimal(1000)) for level in range(1, 21)),
                time_ms=NOW,
            )
            for symbol in entering
        },
    )


def ideas_of(candles: dict[str, Candles], symbols: list[str]) -> list[Idea]:
    """One long idea per symbol."""
    return [
        Idea(
            symbol=symbol,
            action=Action.LONG,
            confidence=0.7,
            candle_ms=int(candles[symbol].time[-1]),
            price=float(candles[symbol].close[-1]),
            strategy="benchmark",
            branch="benchmark",
            reason="",
        )
        for symbol in symbols
    ]


def milliseconds(action: Callable[[], object], repeats: int = 30) -> tuple[float, float]:
    """Median and best processor time of an action: what else the machine does is left out."""
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        action()
        taken.append((time.process_time() - begun) * 1000)
    return statistics.median(taken), min(taken)


def main() -> None:
    """Print the figures."""
    candles = {symbol: candles_of(number) for number, symbol in enumerate(NAMES)}
    some = NAMES[:IDEAS]
    ideas = ideas_of(candles, some)
    state = RiskState(
        equity=Decimal(100_000),
        peak_equity=Decimal(100_000),
        base_equity=Decimal(100_000),
        day="2024-11-30",
        day_start_equity=Decimal(100_000),
    )
    for words, rules in (
        ("most approved", settings()),
        ("most refused", settings(max_open_positions=10, max_total_exposure_pct=1)),
    ):
        seen = view(rules, candles, some)
        verdicts = Risk(rules).review(ideas, seen, state)
        approved = sum(isinstance(verdict, Approved) for verdict in verdicts)
        median, best = milliseconds(lambda seen=seen, rules=rules: Risk(rules).review(ideas, seen, state))
        print(
            f"{IDEAS} ideas x {len(CHECKS)} checks, {words} ({approved} of {IDEAS}): "
            f"median {median:.2f} ms, best {best:.2f} ms"
        )
    rules = settings()
    for count in (IDEAS, SYMBOLS):
        median, best = milliseconds(lambda count=count: view(rules, candles, NAMES[:count]), repeats=5)
        print(f"the view for {count} entering symbols: median {median:.1f} ms, best {best:.1f} ms")


if __name__ == "__main__":
    main()
