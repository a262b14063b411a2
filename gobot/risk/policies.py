"""What happens to an open position as candles close: where its stop moves, and when its time is up.

Pure, and the same rules as in a backtest (`gobot.matching.exits`): a trailing stop follows the best close at a
distance and never moves back; once a close is far enough in profit the stop goes to the entry; after so many candles
the position is closed at the next open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gobot.core import Direction, Market, Timeframe, exact
from gobot.settings.trading import ProtectionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position as the policies see it: ``entry`` is its mean price, ``stop`` where it is protected now."""

    direction: Direction
    entry: Decimal
    entry_ms: int
    stop: Decimal


def moved_stop(held: Held, closes: Sequence[float], settings: ProtectionSettings, market: Market) -> Decimal:
    """Where the stop of a position belongs, on the market's ticks; never farther from the price than it is.

    ``closes`` are those of every candle since the entry, that of the entry included.
    """
    sign, entry = held.direction.sign, float(held.entry)
    best = max((sign * close for close in closes), default=sign * entry) * sign
    levels = [float(held.stop)]
    if settings.trailing_percent is not None:
        start = entry if sign * (entry - best) > 0 else best
        levels.append(start * (1.0 - sign * settings.trailing_percent / 100.0))
    if settings.break_even_percent is not None:
        trigger = entry * (1.0 + sign * settings.break_even_percent / 100.0)
        if sign * (best - trigger) >= 0:
            levels.append(entry)
    nearest = max(levels, key=lambda level: sign * level)
    stop = market.round_price(exact(nearest))
    return stop if sign * (stop - held.stop) > 0 else held.stop


def initial_stop(direction: Direction, price: Decimal, stop: Decimal, settings: ProtectionSettings) -> Decimal:
    """The stop of a position that is opened at ``price``: the trailing stop's where that is nearer."""
    if settings.trailing_percent is None:
        return stop
    trailing = price * (1 - direction.sign * exact(settings.trailing_percent) / 100)
    return trailing if (trailing - stop) * direction.sign > 0 else stop


def time_is_up(held: Held, candle_ms: int, timeframe: Timeframe, settings: ProtectionSettings) -> bool:
    """Whether a position has been held for all its candles when that of ``candle_ms`` (its open) has closed."""
    if settings.max_candles is None:
        return False
    return candle_ms + timeframe.ms - timeframe.floor(held.entry_ms) >= settings.max_candles * timeframe.ms
