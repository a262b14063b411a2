"""Who goes first when the venue's allowance is short."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """Order of service; a lower number always goes before a higher one."""

    CRITICAL = 0
    """Protective stops, cancelling and closing."""
    HIGH = 1
    """Entry orders."""
    NORMAL = 2
    """Account, prices and reconciliation."""
    LOW = 3
    """History."""
