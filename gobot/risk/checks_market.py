"""Checks on the symbol, its data and the idea.

Each has a function that returns the sentence that refuses, or None, and one that tells how far from that it is.
"""

from __future__ import annotations

from functools import cache

from gobot.core import Timeframe, plain
from gobot.risk.case import Case, Check, MissingDataError
from gobot.risk.protection import wrong_side


def _direction_allowed(case: Case) -> str | None:
    """The settings may allow only one direction."""
    allowed = case.settings.direction
    return None if allowed in ("both", case.direction) else f"The settings allow only {allowed} positions."


def _market_active(case: Case) -> str | None:
    """The venue must be trading the symbol."""
    return None if case.market.active else f"The venue does not trade {case.symbol} at the moment."


def _quarantine(case: Case) -> str | None:
    """A symbol that could not be reconciled is left alone."""
    if case.symbol not in case.view.quarantined:
        return None
    return f"{case.symbol} is quarantined: its position and orders could not be reconciled with the venue."


def _pending_order(case: Case) -> str | None:
    """While an order's outcome is unknown, nothing is added to it."""
    if case.symbol not in case.view.pending:
        return None
    return f"The outcome of an earlier order on {case.symbol} is not known yet."


_timeframe = cache(Timeframe.parse)


def _candle_age(case: Case) -> float:
    opened_ms = min(case.candles.newest_ms, case.idea.candle_ms)
    return (case.view.now_ms - opened_ms) / _timeframe(case.settings.timeframe).ms


def _fresh_candles(case: Case) -> str | None:
    """Candles must be recent and without gaps, and the idea formed on the newest of them."""
    age, limit, timeframe = _candle_age(case), case.rules.max_candle_age, case.settings.timeframe
    if case.candles.gaps > case.rules.max_missing_candles:
        return f"{case.candles.gaps} candles of {case.symbol} are missing or wrong."
    if age < 1:
        return f"The newest {timeframe} candle of {case.symbol} has not closed: it opened {age:.2f} candles ago."
    if age <= limit:
        return None
    return f"The newest {timeframe} candle of {case.symbol} opened {age:.2f} candles ago, more than {limit:g}."


def _candle_figures(case: Case) -> str:
    return f"opened {_candle_age(case):.2f} of {case.rules.max_candle_age:g} candles ago, {case.candles.gaps} missing"


def _price_age(case: Case) -> float:
    return (case.view.now_ms - case.ticker.time_ms) / _timeframe(case.settings.timeframe).ms


def _fresh_price(case: Case) -> str | None:
    """The price must not be older than the candles may be."""
    age, limit = _price_age(case), case.rules.max_candle_age
    return None if age <= limit else f"The price of {case.symbol} is {age:.2f} candles old, more than {limit:g}."


def _price_figures(case: Case) -> str:
    return f"{_price_age(case):.2f} of {case.rules.max_candle_age:g} candles old"


def _spread_percent(case: Case) -> float:
    ticker = case.ticker
    if not 0 < ticker.bid <= ticker.ask:
        raise MissingDataError(f"{case.symbol} has no usable quote: bid {plain(ticker.bid)}, ask {plain(ticker.ask)}.")
    return float(ticker.spread * 100)


def _spread(case: Case) -> str | None:
    """Buying and selling prices must be close together."""
    percent, limit = _spread_percent(case), case.rules.max_spread_pct
    return None if percent <= limit else f"The spread of {case.symbol}, {percent:.3f} %, exceeds {limit:g} %."


def _spread_figures(case: Case) -> str:
    return f"{_spread_percent(case):.3f} % of {case.rules.max_spread_pct:g} %"


def _recent_window(case: Case) -> str | None:
    """The strategy must not have done badly on the symbol's recent past.  Too few trades are no verdict."""
    rules = case.settings.validation
    if not rules.enabled:
        return None
    found = case.validation
    if found.trades < rules.min_trades or found.profit_factor >= rules.min_profit_factor:
        return None
    return (
        f"The last {rules.window} candles of {case.symbol} would have brought a profit factor of "
        f"{found.profit_factor:.2f} over {found.trades} trades, below {rules.min_profit_factor:g}."
    )


def _window_figures(case: Case) -> str:
    rules = case.settings.validation
    if not rules.enabled:
        return "off"
    found = case.validation
    if found.trades < rules.min_trades:
        return f"{found.trades} trades, of which {rules.min_trades} are needed for a verdict"
    return f"profit factor {found.profit_factor:.2f} over {found.trades} trades, at least {rules.min_profit_factor:g}"


def _protective_stop(case: Case) -> str | None:
    """Stop and target must lie on their sides of the price."""
    return wrong_side(case.protection, case.direction, case.price)


def _stop_figures(case: Case) -> str:
    stop, target = case.protection.stop, case.protection.target
    return f"stop {plain(stop)}, target {'none' if target is None else plain(target)} at {plain(case.price)}"


def _position_size(case: Case) -> str | None:
    """What the caps leave must be as large as the venue's minimum; it is never rounded up."""
    size = case.size
    too_small = case.market.too_small(size.quantity, case.price)
    return None if too_small is None else f"{too_small}; {size.decided_by} decides the size."


def _size_figures(case: Case) -> str:
    return f"{plain(case.size.quantity)}, {case.value:,.2f} USDT: {case.size.decided_by} decides"


_RULES = "trading.risk_manager"

MARKET_CHECKS = (
    Check("direction", "trading.direction", _direction_allowed, lambda case: case.settings.direction),
    Check("market_active", "", _market_active, lambda _: "traded"),
    Check("quarantine", "", _quarantine, lambda _: "reconciled"),
    Check("pending_order", "", _pending_order, lambda _: "none"),
    Check("fresh_candles", f"{_RULES}.max_candle_age", _fresh_candles, _candle_figures),
    Check("fresh_price", f"{_RULES}.max_candle_age", _fresh_price, _price_figures),
    Check("spread", f"{_RULES}.max_spread_pct", _spread, _spread_figures),
    Check("recent_window", "trading.validation.min_profit_factor", _recent_window, _window_figures),
    Check("protective_stop", "trading.stop_loss_percent", _protective_stop, _stop_figures),
    Check("position_size", "trading.max_position_usd", _position_size, _size_figures),
)
