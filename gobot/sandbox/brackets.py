"""Maintenance tiers in Binance's form."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from gobot.core import Market, exact
from gobot.matching import Tiers, tiers_of

_NO_END = 9_223_372_036_854_775_807


def brackets_of(market: Market, tiers: Tiers) -> list[dict[str, Any]]:
    """The tiers as leverageBracket tells them: where two neighbours meet, one ends and the next begins."""
    rows = [(float(rate), float(amount)) for rate, amount in tiers]
    edges = [
        round((amount - before_amount) / (rate - before_rate))
        for (before_rate, before_amount), (rate, amount) in pairwise(rows)
    ]
    floors, caps = [0, *edges], [*edges, _NO_END]
    return [
        {
            "bracket": number,
            "initialLeverage": market.max_leverage if number == 1 else max(1, int(0.5 / rate)),
            "notionalCap": cap,
            "notionalFloor": floor,
            "maintMarginRatio": rate,
            "cum": amount,
        }
        for number, ((rate, amount), floor, cap) in enumerate(zip(rows, floors, caps, strict=True), 1)
    ]


def maintenance(symbol: str, value: Decimal) -> Decimal:
    """The margin that a position of ``value`` USDT must keep."""
    return max(exact(float(rate)) * value - exact(float(amount)) for rate, amount in tiers_of(symbol))


def largest_value(market: Market, leverage: int) -> Decimal:
    """The largest position (USDT) that may have this leverage."""
    rows = brackets_of(market, tiers_of(market.symbol))
    caps = [row["notionalCap"] for row in rows if row["initialLeverage"] >= leverage]
    return Decimal(max(caps, default=0))
