"""Trades as CSV, for spreadsheets and other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

_COLUMNS = (
    "symbol", "strategy", "direction", "quantity", "entry_time", "entry_price", "exit_time", "exit_price", "stop",
    "target", "fees", "funding", "pnl", "return_pct", "mae_pct", "mfe_pct", "candles", "exit_reason",
)  # fmt: skip


def trades_csv(trades: Sequence[Mapping[str, Any]]) -> str:
    """A heading and a line for each of the documents of a result's trades; what is not known is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(trades[0]) if trades else list(_COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(trades)
    return text.getvalue()
