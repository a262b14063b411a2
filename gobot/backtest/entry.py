"""Opening a position in the kernels: how large, where protected, and when not at all."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gobot.backtest.records import ALL_IN, FIXED, FRACTION, RISK, VOLATILITY, KernelRules
from gobot.matching.compiled import inlined
from gobot.matching.exits import Levels, Moves
from gobot.matching.liquidation import Tiers, liquidation_price
from gobot.matching.sizing import risk_value, volatility_value

# A quantity this close below a step, relative, is on it: what is missing is rounding.
_ON_STEP = 1e-9


class Purse(NamedTuple):
    """What an entry may draw on, USDT.

    ``available`` is free margin, ``room`` the value that exposure caps still allow.  ``volatility`` is the symbol's of
    a year, ``kelly`` the share of equity by the Kelly criterion; both matter to the models of that name only.
    """

    equity: float
    available: float
    room: float
    volatility: float
    kelly: float


class Position(NamedTuple):
    """A position as it was opened; a ``quantity`` of 0 is none."""

    quantity: float
    price: float
    fee: float
    levels: Levels
    moves: Moves


@inlined
def opened(
    sign: int,
    price: float,
    fill: float,
    fee_rate: float,
    stop: float,
    target: float,
    purse: Purse,
    rules: KernelRules,
) -> Position:
    """The position that a fill at ``fill`` opens; ``price`` is what was known when it was decided, before slippage."""
    stop, target = protected(sign, price, stop, target, rules)
    quantity = 0.0
    if not reached(sign, price, stop, target):
        quantity = sized(price, fill, fee_rate, stop, purse, rules)
    return position_of(sign, quantity, fill, fee_rate, stop, target, rules)


@inlined
def protected(sign: int, price: float, stop: float, target: float, rules: KernelRules) -> tuple[float, float]:
    """Stop and target on the market's ticks; the settings' percentages where the strategy sets none."""
    if math.isnan(stop):
        stop = price * (1.0 - sign * rules.stop_share)
    if math.isnan(target):
        target = price * (1.0 + sign * rules.target_share)
    if rules.price_step > 0:
        stop = np.rint(stop / rules.price_step) * rules.price_step
        target = np.rint(target / rules.price_step) * rules.price_step
    return stop, target


@inlined
def reached(sign: int, price: float, stop: float, target: float) -> bool:
    """Whether stop or target could not be armed any more: as in live trading there is no entry then."""
    return sign * (price - stop) <= 0 or sign * (target - price) <= 0 or stop <= 0 or target <= 0


@inlined
def sized(price: float, fill: float, fee_rate: float, stop: float, purse: Purse, rules: KernelRules) -> float:
    """Quantity that the sizing model wants, under every cap, rounded down; 0 where that is below the minimum."""
    quantity = affordable(fill, fee_rate, purse.available, rules)
    value = purse.room
    if rules.sizing != ALL_IN:
        value = min(_wanted(price, fill, fee_rate, stop, purse, rules), rules.max_position, value)
    if value < math.inf:
        quantity = min(quantity, value / price)
    if rules.quantity_step > 0:
        quantity = math.floor(quantity / rules.quantity_step * (1.0 + _ON_STEP)) * rules.quantity_step
    if not quantity > 0 or quantity < rules.min_quantity or quantity * price < rules.min_notional:
        return 0.0
    return quantity


@inlined
def affordable(fill: float, fee_rate: float, available: float, rules: KernelRules) -> float:
    """The quantity whose margin and fee take all that is available."""
    return available * (rules.leverage / (fill * (1.0 + fee_rate * rules.leverage)))


@inlined
def position_of(
    sign: int, quantity: float, fill: float, fee_rate: float, stop: float, target: float, rules: KernelRules
) -> Position:
    """A position as it was opened, with everything that waits for it."""
    distance = rules.trailing_share
    trailing = fill * (1.0 - sign * distance) if distance > 0 else math.nan
    # No liquidation price lies nearer to the entry than this one, which needs no quantity and no look at the tiers:
    # nearly all positions end without reaching even that.
    nearest = fill * (rules.nearest_long if sign > 0 else rules.nearest_short)
    levels = Levels(stop, trailing, target, nearest, math.nan, rules.passive_target)
    moves = Moves(distance, fill * (1.0 + sign * rules.break_even_share), fill)
    return Position(quantity, fill, quantity * fill * fee_rate, levels, moves)


@inlined
def _wanted(price: float, fill: float, fee_rate: float, stop: float, purse: Purse, rules: KernelRules) -> float:
    """Value that the sizing model wants, USDT."""
    if rules.sizing == FIXED:
        return rules.size
    if rules.sizing == FRACTION:
        return rules.size * purse.equity
    if rules.sizing == RISK:
        return risk_value(purse.equity, rules.size, fill, stop, fee_rate, rules.fee) / fill * price
    if rules.sizing == VOLATILITY:
        return volatility_value(purse.equity, rules.size, purse.volatility)
    return purse.kelly * purse.equity


@inlined
def liquidated(sign: int, position: Position, rules: KernelRules, tiers: Tiers) -> Levels:
    """The levels of a position with its true liquidation price."""
    margin = position.quantity * position.price / rules.leverage
    level = liquidation_price(sign, position.quantity, position.price, margin, tiers)
    levels, bankruptcy = position.levels, position.price * (1.0 - sign / rules.leverage)
    if level <= 0:
        level = math.nan
    return Levels(levels.stop, levels.trailing, levels.target, level, bankruptcy, levels.passive)


def nearest_liquidation(sign: int, leverage: float, tiers: Tiers) -> float:
    """The highest that the liquidation price of a long of any size can be, or the lowest of a short, by its entry.

    NaN where there is none: a long without leverage.
    """
    if sign > 0 and leverage <= 1:
        return math.nan
    return float((1.0 - sign / leverage) / (1.0 - sign * tiers[-1, 0]))
