"""How large a position is: pure arithmetic, shared by live trading and backtests.

A model says what is wanted; caps, free margin and the venue's steps say what of it may be had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, localcontext

from gobot.core import ZERO, Direction, Market, exact
from gobot.risk.kelly import kelly_share
from gobot.risk.limits import exposure_limit, share_of
from gobot.risk.view import RecentTrade, RiskView
from gobot.settings.trading import AdaptSettings, SizingSettings, TradingSettings

_ONE = Decimal(1)
_DUST = Decimal("1e-9")
# Where the market states no step: more digits than any venue takes, and fewer than a `Decimal` carries, so that what
# was rounded down stays affordable in every later sum.
_SIZE = Context(prec=16, rounding=ROUND_DOWN)
WANTED = "the size wanted"
"""What decides a size that nothing cuts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A position's size: ``quantity`` in base units, on the market's step, and what decided it, in words."""

    quantity: Decimal
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What a new position may draw on: the account in USDT.

    ``available`` is free margin; ``exposure`` is the value of everything open, ``in_symbol`` and ``in_direction`` the
    part of it in the position's symbol and in its direction.  ``trades`` are the newest that have ended.
    """

    equity: Decimal
    available: Decimal
    leverage: int = 1
    exposure: Decimal = ZERO
    in_symbol: Decimal = ZERO
    in_direction: Decimal = ZERO
    trades: Sequence[RecentTrade] = ()

    @classmethod
    def of(cls, view: RiskView, symbol: str, direction: Direction) -> Purse:
        """What ``view`` has for a position in ``symbol``."""
        position = view.position(symbol)
        return cls(
            equity=view.equity,
            available=view.available,
            leverage=view.leverage,
            exposure=view.exposure,
            in_symbol=ZERO if position is None else position.notional,
            in_direction=view.exposure_to(direction),
            trades=view.recent_trades,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The entry that a size is wanted for, prices in quote per base.

    ``price`` is what was known when it was decided, ``fill`` what the order is expected to pay, spread and slippage
    included.  ``volatility_pct`` is the symbol's of a year; only the model of that name needs it.
    """

    price: Decimal
    fill: Decimal
    stop: Decimal
    volatility_pct: float | None = None


def size_position(
    settings: TradingSettings, market: Market, purse: Purse, entry: Entry, *, share: Decimal = _ONE
) -> Size:
    """The size of a new position: what the sizing model wants, under every cap, rounded down.

    The entry fee is paid out of the margin too.  ``share`` makes what the model wants smaller (a probe).  The quantity
    may be 0 or below the venue's minimum: `Market.too_small` tells, and such a position is not opened.
    """
    rules, price = settings.risk_manager, entry.price
    model, wanted = wanted_value(settings, market, purse, entry)
    margin = _left(purse.available, purse.equity)
    factor = share * adapted(settings.sizing.adapt, purse.trades)

    def room(percent: float, taken: Decimal) -> Decimal:
        return _left(exposure_limit(percent, purse.equity, purse.leverage) - taken, purse.equity) / price

    with localcontext(rounding=ROUND_DOWN):
        quantities = {
            model: wanted * factor / price,
            "max_position_usd": settings.max_position_usd * share / price,
            "max_symbol_exposure_pct": room(rules.max_symbol_exposure_pct, purse.in_symbol),
            "max_direction_exposure_pct": room(rules.max_direction_exposure_pct, purse.in_direction),
            "max_total_exposure_pct": room(rules.max_total_exposure_pct, purse.exposure),
            "the margin available": margin * purse.leverage / (1 + market.taker_fee * purse.leverage) / entry.fill,
        }
        decided_by = min(quantities, key=quantities.__getitem__)
        quantity = _SIZE.plus(max(ZERO, quantities[decided_by]))
        return Size(quantity=market.round_quantity(quantity), decided_by=decided_by)


def _left(amount: Decimal, equity: Decimal) -> Decimal:
    """``amount``, or nothing where that is only what rounding has left over: no position is opened with it."""
    return amount if amount > _DUST * equity else ZERO


def wanted_value(settings: TradingSettings, market: Market, purse: Purse, entry: Entry) -> tuple[str, Decimal]:
    """What the sizing model wants, before any cap: why, in words, and the value at ``entry.price``, USDT.

    * fixed: an amount.
    * fraction: a share of the equity.
    * risk: what loses ``risk_pct`` of the equity between fill and stop, the fees of both ways included.
    * volatility: what brings the equity ``target_volatility_pct`` a year; nothing while volatility is not known.
    * kelly: the share that `gobot.risk.kelly.kelly_share` finds in the newest trades.
    """
    sizing = settings.sizing
    match sizing.model:
        case "fixed":
            amount = sizing.amount_usd
            return WANTED, settings.max_position_usd if amount is None else amount
        case "fraction":
            return WANTED, exact(sizing.fraction) * purse.equity
        case "risk":
            loss = abs(entry.fill - entry.stop) + market.taker_fee * (entry.fill + entry.stop)
            quantity = share_of(sizing.risk_pct) * purse.equity / loss if loss > 0 else ZERO
            return WANTED, quantity * entry.price
        case "volatility":
            volatility = exact(entry.volatility_pct or 0.0)
            share = exact(sizing.target_volatility_pct) / volatility if volatility > 0 else ZERO
            return WANTED, share * purse.equity
        case "kelly":
            words, fraction = kelly_wanted(sizing, purse.trades)
            return words, exact(fraction) * purse.equity


def kelly_wanted(sizing: SizingSettings, trades: Sequence[RecentTrade]) -> tuple[str, float]:
    """The share of equity that the model kelly wants after ``trades`` (those that won or lost), and that in words."""
    returns = [float(trade.pnl / trade.value) for trade in trades if trade.value > 0 and trade.pnl]
    if len(returns) < sizing.kelly_min_trades:
        words = f"the fraction, while {len(returns)} of {sizing.kelly_min_trades} trades are known,"
        return words, min(sizing.fraction, sizing.kelly_cap)
    share = kelly_share(returns, fraction=sizing.kelly_fraction, cap=sizing.kelly_cap)
    return f"the Kelly share of {share:.3f}", share


def adapted(rules: AdaptSettings, trades: Sequence[RecentTrade]) -> Decimal:
    """What sizes are multiplied with after ``trades``: more when more of the newest were won, less when fewer."""
    if not rules.enabled:
        return _ONE
    newest = sorted(trades, key=lambda trade: trade.closed_ms)[-rules.lookback :]
    ahead = sum((trade.pnl > 0) - (trade.pnl < 0) for trade in newest)
    return min(exact(rules.largest), max(exact(rules.smallest), 1 + ahead * exact(rules.step)))
