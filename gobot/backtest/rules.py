"""What a backtest assumes: fees, slippage, sizes, and the protection that the settings add."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gobot.backtest.entry import nearest_liquidation
from gobot.backtest.records import SIZINGS, KernelRules
from gobot.core import Market, UsageError
from gobot.matching import Tiers
from gobot.settings import Settings, TradingSettings

Sizing = Literal["all_in", "fixed", "fraction", "risk", "volatility", "kelly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one backtest.

    Costs: ``fee`` (taker), ``maker_fee`` and ``slippage`` are fractions; slippage is paid by everything but limit
    orders and liquidations.

    Sizes, by the model ``sizing``: ``all_in`` spends all cash on each entry, its fee included; ``fixed`` opens
    positions of ``size`` USDT; ``fraction`` of ``size`` times the equity; ``risk`` as large as loses ``size`` times the
    equity at the stop, fees included (without a stop there is no entry); ``volatility`` as large as brings the equity a
    volatility of ``size`` a year, by that of the last ``volatility_candles``; ``kelly`` by `gobot.matching.kelly_share`
    of the trades so far, ``kelly_fraction`` of it, at most ``size`` times the equity, and ``kelly_start`` times the
    equity before there are ``kelly_trades``.  All but the first never exceed
    ``max_position`` USDT.  None exceeds what the cash covers at ``leverage`` (isolated margin).

    Protection: where the strategy sets no stop or target, the percentages of the price that the entry finds (before
    slippage) apply; None means there is none.  With ``target_order`` ``limit`` the target waits as a limit order.
    ``trailing_percent``: a second stop, that far from the entry, and behind every close from then on.
    ``break_even_percent``: after a close that far in profit the stop moves to the entry.  ``max_candles``: a position
    closes at the open after that many candles.  With ``liquidation`` the venue takes a position away at its
    maintenance margin.

    An order at a limit waits for ``limit_candles`` unless a signal against it comes first.

    Limits of an account with several symbols: ``max_open_positions``, and ``max_exposure_percent`` of equity times
    leverage for the sum of all positions; None means no limit.
    """

    fee: float = 0.0005
    maker_fee: float = 0.0002
    slippage: float = 0.0
    direction: Literal["long", "short", "both"] = "both"
    sizing: Sizing = "all_in"
    size: float = 0.0
    kelly_fraction: float = 0.5
    kelly_start: float = 0.1
    kelly_trades: int = 30
    volatility_candles: int = 96
    max_position: float = math.inf
    leverage: float = 1.0
    stop_loss_percent: float | None = None
    take_profit_percent: float | None = None
    target_order: Literal["market", "limit"] = "market"
    trailing_percent: float | None = None
    break_even_percent: float | None = None
    max_candles: int | None = None
    limit_candles: int = 1
    liquidation: bool = True
    max_open_positions: int | None = None
    max_exposure_percent: float | None = None
    start_equity: float = 10_000.0

    def __post_init__(self) -> None:
        if self.sizing != "all_in" and self.size <= 0:
            raise UsageError(f"sizing {self.sizing!r} needs a size above zero, not {self.size:g}")
        if self.volatility_candles < 2:
            raise UsageError(f"a volatility needs two candles at least, not {self.volatility_candles}")
        if self.leverage < 1:
            raise UsageError(f"leverage must be 1 or more, not {self.leverage:g}")

    @classmethod
    def from_settings(cls, settings: Settings) -> Rules:
        """What ``backtest`` and ``trading`` say together.

        ``backtest.risk: off`` leaves the signals alone: no percentages, no largest position.  All-in knows no largest
        position either.
        """
        rules, trading = settings.backtest, settings.trading
        sizing, manager = trading.sizing, trading.risk_manager
        model = sizing.model if rules.sizing == "settings" else "all_in"
        sizes = {
            "all_in": 0.0,
            "fixed": float(sizing.amount_usd or trading.max_position_usd),
            "fraction": sizing.fraction,
            "risk": sizing.risk_pct / 100.0,
            "volatility": sizing.target_volatility_pct / 100.0,
            "kelly": sizing.kelly_cap,
        }
        capped = rules.risk and model != "all_in"
        return cls(
            fee=rules.fee,
            slippage=rules.slippage,
            direction=trading.direction if rules.direction == "both" else rules.direction,
            sizing=model,
            size=sizes[model],
            kelly_fraction=sizing.kelly_fraction,
            kelly_start=sizing.fraction,
            kelly_trades=sizing.kelly_min_trades,
            volatility_candles=manager.volatility_candles,
            max_position=float(trading.max_position_usd) if capped else math.inf,
            leverage=float(trading.leverage),
            stop_loss_percent=trading.stop_loss_percent if rules.risk else None,
            take_profit_percent=trading.take_profit_percent if rules.risk else None,
            trailing_percent=trading.protection.trailing_percent if rules.risk else None,
            break_even_percent=trading.protection.break_even_percent if rules.risk else None,
            max_candles=trading.protection.max_candles if rules.risk else None,
            max_open_positions=manager.max_open_positions if rules.risk else None,
            max_exposure_percent=manager.max_total_exposure_pct if rules.risk else None,
            start_equity=float(rules.start_equity),
        )

    @classmethod
    def of_idea(cls, trading: TradingSettings, *, fee: float) -> Rules:
        """The rules under which an idea is tried on the recent past."""
        return cls(
            fee=fee,
            direction=trading.direction,
            stop_loss_percent=trading.stop_loss_percent,
            take_profit_percent=trading.take_profit_percent,
            trailing_percent=trading.protection.trailing_percent,
            break_even_percent=trading.protection.break_even_percent,
            max_candles=trading.protection.max_candles,
        )

    def compiled(self, tiers: Tiers, market: Market | None = None) -> KernelRules:
        """The form in which kernels read them; without a ``market`` nothing is rounded and nothing is too small."""
        return KernelRules(
            fee=self.fee,
            maker_fee=self.maker_fee,
            slippage=self.slippage,
            longs=self.direction != "short",
            shorts=self.direction != "long",
            sizing=SIZINGS.index(self.sizing),
            size=self.size,
            kelly_fraction=self.kelly_fraction,
            kelly_start=self.kelly_start,
            kelly_trades=self.kelly_trades,
            max_position=self.max_position,
            stop_share=_share(self.stop_loss_percent),
            target_share=_share(self.take_profit_percent),
            passive_target=self.target_order == "limit",
            trailing_share=(self.trailing_percent or 0.0) / 100.0,
            break_even_share=_share(self.break_even_percent),
            max_candles=self.max_candles or 0,
            limit_candles=self.limit_candles,
            leverage=float(self.leverage),
            nearest_long=nearest_liquidation(1, self.leverage, tiers) if self.liquidation else math.nan,
            nearest_short=nearest_liquidation(-1, self.leverage, tiers) if self.liquidation else math.nan,
            quantity_step=float(market.quantity_step) if market else 0.0,
            min_quantity=float(market.min_quantity) if market else 0.0,
            min_notional=float(market.min_notional) if market else 0.0,
            price_step=float(market.price_step) if market else 0.0,
            start_equity=self.start_equity,
        )


def _share(percent: float | None) -> float:
    return math.nan if percent is None else percent / 100.0
