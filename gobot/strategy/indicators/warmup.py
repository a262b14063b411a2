"""How soon an indicator forgets where the data began.

Recursive indicators (everything of Wilder's, everything exponential) never quite do.  These functions say after how
many candles it no longer matters; a chain of them takes the sum.  What depends on its window only needs that window.
Trailing lines (`supertrend`, `parabolic_sar`) forget when they flip: a few hundred candles are enough as a rule, and
``gobot strategy check`` tells whether they are.
"""

from __future__ import annotations

import math

# What is left of the beginning when an indicator counts as settled.
_FORGOTTEN = 1e-9


def wilder_warmup(period: int) -> int:
    """Candles that a smoothing of Wilder's takes (`rsi`, `atr`, `rma`; twice for `adx`)."""
    return period + _memory(1.0 / period)


def ema_warmup(period: int) -> int:
    """Candles that an exponential average takes (`ema`, the slow one of `macd`; three times for `tema`, `trix`)."""
    return period + _memory(2.0 / (period + 1.0))


def _memory(alpha: float) -> int:
    return math.ceil(math.log(_FORGOTTEN) / math.log1p(-alpha)) if alpha < 1 else 0
