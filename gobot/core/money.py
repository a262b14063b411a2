"""Exact arithmetic for prices, quantities and money: `Decimal`, rounded to the venue's steps.

Floats appear only in indicators and kernels; `exact` is the one door from there to here.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

ZERO = Decimal(0)
# Enough for any price or quantity a venue quotes, short enough to stay readable in the ledger.
_EXACT_DIGITS = 15


def exact(value: float | str | Decimal) -> Decimal:
    """``value`` as a `Decimal`; a float is taken at its 15 significant digits, so 0.1 becomes 0.1."""
    if isinstance(value, float):
        return Decimal(f"{value:.{_EXACT_DIGITS}g}")
    return Decimal(value)


def round_down(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of ``step`` nearest to zero from ``value``: sizes are never rounded up.  Step 0: unchanged."""
    return value if step <= 0 else (value / step).to_integral_value(ROUND_DOWN) * step


def round_nearest(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of ``step`` nearest to ``value``: for prices.  Step 0: unchanged."""
    return value if step <= 0 else (value / step).to_integral_value(ROUND_HALF_EVEN) * step


def plain(value: Decimal) -> str:
    """``value`` without exponent or trailing zeros: how numbers are written to the ledger and shown."""
    if value == 0:
        return "0"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
