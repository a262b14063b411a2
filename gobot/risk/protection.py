"""Where a position is closed again: stop and target, on their sides of the price and on the market's ticks."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gobot.core import Direction, Market, exact, plain
from gobot.risk.limits import share_of
from gobot.risk.policies import initial_stop
from gobot.settings.trading import TradingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Where a position is closed again, on the market's ticks; ``target`` may be None, the stop never is."""

    stop: Decimal
    target: Decimal | None


def protect(
    settings: TradingSettings,
    market: Market,
    direction: Direction,
    *,
    price: Decimal,
    stop: float | None = None,
    target: float | None = None,
) -> Protection:
    """Stop and target of a position entered at ``price``, rounded to ticks.

    ``stop`` and ``target`` are the strategy's prices; where it sets none, the settings' percentages of ``price``
    apply, and there is no target where they state none either.  Whether they lie on the right side of the price is
    for `wrong_side` to say.
    """
    stop_distance = share_of(settings.stop_loss_percent) * direction.sign
    wanted = price * (1 - stop_distance) if stop is None else exact(stop)
    aim = None if target is None else exact(target)
    if aim is None and settings.take_profit_percent is not None:
        aim = price * (1 + share_of(settings.take_profit_percent) * direction.sign)
    return Protection(
        stop=market.round_price(initial_stop(direction, price, wanted, settings.protection)),
        target=None if aim is None else market.round_price(aim),
    )


def wrong_side(protection: Protection, direction: Direction, price: Decimal) -> str | None:
    """Why this protection would close the position at once or never, or None."""
    stop, target, sign = protection.stop, protection.target, direction.sign
    if not all(level.is_finite() for level in (stop, target) if level is not None):
        words = " and ".join(f"{name} {plain(level)}" for name, level in (("Stop", stop), ("target", target)) if level)
        return f"{words} must be prices."
    below, above = ("below", "above") if sign > 0 else ("above", "below")
    if (price - stop) * sign <= 0 or stop <= 0:
        return f"The stop of a {direction} position must lie {below} its price: {plain(stop)} at {plain(price)}."
    if target is not None and ((target - price) * sign <= 0 or target <= 0):
        return f"The target of a {direction} position must lie {above} its price: {plain(target)} at {plain(price)}."
    return None
