"""Client order ids that follow from the decision, so that the same decision always names the same order."""

from __future__ import annotations

import hashlib
from base64 import b32encode


def client_order_id(bot: str, candle_ms: int, symbol: str, leg: str, attempt: int = 1) -> str:
    """The id of one order: who decided (``bot``), on which candle, for which symbol and which ``leg``.

    At most 28 characters of ``[a-z0-9-]``, within the 36 that Binance allows.  ``attempt`` is raised only after
    an earlier attempt was *proved* refused or gone.
    """
    digest = hashlib.blake2b(f"{bot}|{candle_ms}|{symbol}|{leg}|{attempt}".encode(), digest_size=10).digest()
    return f"gb-{leg[:8]}-{b32encode(digest).decode().lower()}"
