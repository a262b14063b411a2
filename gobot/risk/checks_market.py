"""Checks on the symbol and the idea.  Each returns the sentence that refuses, or None."""

from __future__ import annotations

from gobot.core import Timeframe, plain
from gobot.risk.case import Case, Check, MissingDataError
from gobot.risk.sizing import wrong_side


def direction_allowed(case: Case) -> str | None:
    """The settings may allow only one direction."""
    allowed = case.settings.direction
    return None if allowed in ("both", case.direction) else f"The settings allow only {allowed} positions."


def market_active(case: Case) -> str | None:
    """The venue must be trading the symbol."""
    return None if case.market.active else f"The venue does not trade {case.symbol} at the moment."


def quarantine(case: Case) -> str | None:
    """A symbol that could not be reconciled is left alone."""
    if case.symbol not in case.view.quarantined:
        return None
    return f"{case.symbol} is quarantined: its position and orders could not be reconciled with the venue."


def pending_order(case: Case) -> str | None:
    """While an order's outcome is unknown, nothing is added to it."""
    if case.symbol not in case.view.pending:
        return None
    return f"The outcome of an earlier order on {case.symbol} is not known yet."


def fresh_candles(case: Case) -> str | None:
    """Candles must be recent and without gaps, and the idea formed on the newest of them."""
    candles, timeframe = case.candles, Timeframe.parse(case.settings.timeframe)
    age = (case.view.now_ms - min(candles.newest_ms, case.idea.candle_ms)) / timeframe.ms
    if candles.gaps > case.rules.max_missing_candles:
        return f"{candles.gaps} candles of {case.symbol} are missing or wrong."
    if age < 1:
        return f"The newest {timeframe} candle of {case.symbol} has not closed: it opened {age:.2f} candles ago."
    limit = case.rules.max_candle_age
    if age <= limit:
        return None
    return f"The newest {timeframe} candle of {case.symbol} opened {age:.2f} candles ago, more than {limit:g}."


def fresh_price(case: Case) -> str | None:
    """The price must not be older than the candles may be."""
    timeframe = Timeframe.parse(case.settings.timeframe)
    age, limit = (case.view.now_ms - case.ticker.time_ms) / timeframe.ms, case.rules.max_candle_age
    return None if age <= limit else f"The price of {case.symbol} is {age:.2f} candles old, more than {limit:g}."


def spread(case: Case) -> str | None:
    """Buying and selling prices must be close together."""
    ticker, limit = case.ticker, case.rules.max_spread_pct
    if not 0 < ticker.bid <= ticker.ask:
        raise MissingDataError(f"{case.symbol} has no usable quote: bid {plain(ticker.bid)}, ask {plain(ticker.ask)}.")
    percent = float(ticker.spread * 100)
    return None if percent <= limit else f"The spread of {case.symbol}, {percent:.3f} %, exceeds {limit:g} %."


def recent_window(case: Case) -> str | None:
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


def protective_stop(case: Case) -> str | None:
    """Stop and target must lie on their sides of the price."""
    return wrong_side(case.protection, case.direction, case.price)


def position_size(case: Case) -> str | None:
    """What the caps leave must be as large as the venue's minimum; it is never rounded up."""
    size = case.size
    too_small = case.market.too_small(size.quantity, case.price)
    return None if too_small is None else f"{too_small}; {size.decided_by} decides the size."


MARKET_CHECKS = (
    Check("direction", "trading.direction", direction_allowed),
    Check("market_active", "", market_active),
    Check("quarantine", "", quarantine),
    Check("pending_order", "", pending_order),
    Check("fresh_candles", "trading.risk_manager.max_candle_age", fresh_candles),
    Check("fresh_price", "trading.risk_manager.max_candle_age", fresh_price),
    Check("spread", "trading.risk_manager.max_spread_pct", spread),
    Check("recent_window", "trading.validation.min_profit_factor", recent_window),
    Check("protective_stop", "trading.stop_loss_percent", protective_stop),
    Check("position_size", "trading.max_position_usd", position_size),
)
