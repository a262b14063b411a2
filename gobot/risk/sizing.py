"""How large a position is and where it is protected: pure arithmetic, shared by live trading and backtests."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, localcontext

from gobot.core import ZERO, Direction, Market, exact, plain
from gobot.risk.policies import initial_stop
from gobot.settings.trading import TradingSettings

_ONE = Decimal(1)
_HUNDRED = Decimal(100)
_DUST = Decimal("1e-9")
# Where the market states no step: more digits than any venue takes, and fewer than a `Decimal` carries, so that what
# was rounded down stays affordable in every later sum.
_SIZE = Context(prec=16, rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A position's size: ``quantity`` in base units, on the market's step, and which limit decided it."""

    quantity: Decimal
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Where a position is closed again, on the market's ticks; ``target`` may be None, the stop never is."""

    stop: Decimal
    target: Decimal | None


def exposure_limit(settings: TradingSettings, equity: Decimal, leverage: int) -> Decimal:
    """The largest sum of position values that the settings allow on ``equity``, USDT."""
    return max(ZERO, exact(settings.risk_manager.max_total_exposure_pct) / _HUNDRED * equity * leverage)


def size_position(
    settings: TradingSettings,
    market: Market,
    *,
    price: Decimal,
    fill: Decimal,
    equity: Decimal,
    available: Decimal,
    exposure: Decimal,
    leverage: int,
    share: Decimal = _ONE,
) -> Size:
    """The size of a new position at ``price``: what the sizing model wants, under every cap, rounded down.

    ``fill`` is what the order is expected to pay, spread and slippage included.  ``available`` is free margin and
    ``exposure`` the value of what is open, USDT; the entry fee is paid out of the margin too.  ``share`` makes what
    the model wants smaller (a probe).  The quantity may be 0 or below the venue's minimum: `Market.too_small` tells,
    and such a position is not opened.
    """
    sizing = settings.sizing
    if sizing.model == "fixed":
        wanted = settings.max_position_usd if sizing.amount_usd is None else sizing.amount_usd
    else:
        wanted = exact(sizing.fraction) * equity
    with localcontext(rounding=ROUND_DOWN):
        quantities = {
            "the size wanted": wanted * share / price,
            "max_position_usd": settings.max_position_usd * share / price,
            "the exposure still allowed": _left(exposure_limit(settings, equity, leverage) - exposure, equity) / price,
            "the margin available": _left(available, equity) * leverage / (1 + market.taker_fee * leverage) / fill,
        }
        decided_by = min(quantities, key=lambda name: quantities[name])
        quantity = _SIZE.plus(max(ZERO, quantities[decided_by]))
        return Size(quantity=market.round_quantity(quantity), decided_by=decided_by)


def _left(amount: Decimal, equity: Decimal) -> Decimal:
    """``amount``, or nothing where that is only what rounding has left over: no position is opened with it."""
    return amount if amount > _DUST * equity else ZERO


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
    stop_distance = exact(settings.stop_loss_percent) / _HUNDRED * direction.sign
    wanted = price * (1 - stop_distance) if stop is None else exact(stop)
    aim = None if target is None else exact(target)
    if aim is None and settings.take_profit_percent is not None:
        aim = price * (1 + exact(settings.take_profit_percent) / _HUNDRED * direction.sign)
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
