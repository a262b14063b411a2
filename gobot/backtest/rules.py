"""What a backtest assumes: fees, slippage, sizes, and the protection that the settings add."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gobot.core import UsageError
from gobot.settings import Settings

Sizing = Literal["all_in", "fixed", "fraction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one backtest, for one account without leverage.

    ``fee`` (taker) and ``slippage`` are fractions.  Sizing ``all_in`` spends all cash on each entry, its fee included;
    ``fixed`` opens positions of ``size`` USDT; ``fraction`` of ``size`` times the equity; never more than
    ``max_position`` USDT nor than the cash covers.  Where the strategy sets no stop or target, the percentages of the
    price that the entry finds (before slippage) apply; None means there is none.
    """

    fee: float = 0.0005
    slippage: float = 0.0
    direction: Literal["long", "short", "both"] = "both"
    sizing: Sizing = "all_in"
    size: float = 0.0
    max_position: float = math.inf
    stop_loss_percent: float | None = None
    take_profit_percent: float | None = None
    start_equity: float = 10_000.0

    def __post_init__(self) -> None:
        if self.sizing != "all_in" and self.size <= 0:
            raise UsageError(f"sizing {self.sizing!r} needs a size above zero, not {self.size:g}")

    @classmethod
    def from_settings(cls, settings: Settings) -> Rules:
        """What ``backtest`` and ``trading`` say together.

        ``backtest.risk: off`` leaves the signals alone: no percentages, no largest position.  All-in knows no largest
        position either.
        """
        rules, trading = settings.backtest, settings.trading
        model = trading.sizing.model if rules.sizing == "settings" else "all_in"
        amount = float(trading.sizing.amount_usd or trading.max_position_usd)
        capped = rules.risk and model != "all_in"
        return cls(
            fee=rules.fee,
            slippage=rules.slippage,
            direction=trading.direction if rules.direction == "both" else rules.direction,
            sizing=model,
            size={"all_in": 0.0, "fixed": amount, "fraction": trading.sizing.fraction}[model],
            max_position=float(trading.max_position_usd) if capped else math.inf,
            stop_loss_percent=trading.stop_loss_percent if rules.risk else None,
            take_profit_percent=trading.take_profit_percent if rules.risk else None,
            start_equity=float(rules.start_equity),
        )
