"""A healthy account and market in which every check passes; tests change one thing at a time."""

from dataclasses import replace
from decimal import Decimal

from gobot.core import Action, Direction, Idea, Market, Position, Ticker
from gobot.risk import Behaviour, CandleHealth, RecentWindow, RiskState, RiskView
from gobot.settings.trading import TradingSettings

BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
CANDLE = 900_000
NOW = 1_732_974_300_000 + CANDLE + 5_000  # 5 s after the close of the 13:45 candle of 2024-11-30
NEWEST = 1_732_974_300_000
PRICES = {BTC: Decimal(50_000), ETH: Decimal(2_000)}

SETTINGS = TradingSettings.model_validate(
    {"symbols": [BTC, ETH], "initial_capital_usd": "10000", "max_position_usd": "2000"}
)
STATE = RiskState(
    equity=Decimal(10_000),
    peak_equity=Decimal(10_000),
    base_equity=Decimal(10_000),
    day="2024-11-30",
    day_start_equity=Decimal(10_000),
)
VIEW = RiskView(
    now_ms=NOW,
    steady_ms=NOW,
    equity=Decimal(10_000),
    available=Decimal(10_000),
    markets={
        symbol: Market(
            symbol=symbol,
            quantity_step=Decimal("0.001"),
            price_step=Decimal("0.1"),
            min_quantity=Decimal("0.001"),
            min_notional=Decimal(5),
            taker_fee=Decimal("0.0005"),
        )
        for symbol in PRICES
    },
    tickers={
        symbol: Ticker(symbol=symbol, last=price, bid=price, ask=price * Decimal("1.0001"), time_ms=NOW)
        for symbol, price in PRICES.items()
    },
    candles={symbol: CandleHealth(newest_ms=NEWEST) for symbol in PRICES},
    validation={symbol: RecentWindow(trades=10, profit_factor=1.5) for symbol in PRICES},
    behaviour={symbol: Behaviour(atr_percentile=60.0, volatility_pct=80.0, traded=5e6) for symbol in PRICES},
    correlations={(BTC, ETH): 0.3},
    clock_skew_ms=12,
)


def idea(action=Action.LONG, symbol=BTC, **changes) -> Idea:
    values = {
        "symbol": symbol,
        "action": Action(action),
        "confidence": 0.7,
        "candle_ms": NEWEST,
        "price": float(PRICES[symbol]),
        "strategy": "sma_cross",
        "branch": "sma_cross-1",
        "reason": "crossed",
    }
    return Idea(**(values | changes))


def position(symbol=BTC, direction=Direction.LONG, quantity="0.02", **changes) -> Position:
    values = {"entry_price": PRICES[symbol], "mark_price": PRICES[symbol]}
    return Position(symbol=symbol, direction=Direction(direction), quantity=Decimal(quantity), **(values | changes))


def settings(**changes) -> TradingSettings:
    """SETTINGS with sections changed: ``settings(risk_manager={"max_drawdown_pct": 5})``."""
    document = SETTINGS.model_dump()
    for key, value in changes.items():
        document[key] = document[key] | value if isinstance(value, dict) else value
    return TradingSettings.model_validate(document)


def view_with(
    symbol=BTC, *, ticker=None, market=None, candles=None, validation=None, behaviour=None, **changes
) -> RiskView:
    """VIEW with fields of one symbol's ticker, market, … changed, and other fields replaced whole."""
    parts = {
        "tickers": ticker,
        "markets": market,
        "candles": candles,
        "validation": validation,
        "behaviour": behaviour,
    }
    for name, part in parts.items():
        if part is not None:
            table = dict(getattr(VIEW, name))
            changes[name] = table | {symbol: replace(table[symbol], **part)}
    return replace(VIEW, **changes)
