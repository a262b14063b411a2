"""Learning: the patterns in closed trades, and the branch they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from loguru import logger

from gobot.core import utc_day
from gobot.ledger import Trade
from gobot.memory import Branch, JsonFile, Pattern, TradeFacts, archive_branch, consolidate, discover
from gobot.settings import PerformanceMonitorSettings

# The newest trades that patterns are looked for in: older ones speak of another market.
TRADES_STUDIED = 2_000


def read_patterns(file: JsonFile) -> list[Pattern]:
    """What is known, newest evidence first; nothing when there is no document yet."""
    document = file.read() or {}
    return [Pattern.from_document(entry) for entry in document.get("patterns", [])]


def study(
    file: JsonFile,
    known: Sequence[Pattern],
    trades: Sequence[Trade],
    settings: PerformanceMonitorSettings,
    *,
    at_ms: int,
) -> list[Pattern]:
    """Look for patterns in ``trades`` (the newest `TRADES_STUDIED`), write them down and return all that is known."""
    found = discover(
        [_facts(trade) for trade in trades],
        now_ms=at_ms,
        min_sample=settings.min_pattern_sample,
        significance=settings.pattern_significance,
    )
    patterns = consolidate(known, found, at_ms)
    file.write({"trades_studied": len(trades), "patterns": [pattern.document() for pattern in patterns]})
    return patterns


def _facts(trade: Trade) -> TradeFacts:
    return TradeFacts(
        symbol=trade.symbol,
        entry_ms=trade.entry_ms,
        exit_ms=trade.exit_ms or trade.entry_ms,
        pnl=float(trade.pnl),
        strategy=trade.strategy,
        confidence=trade.confidence or 0.0,
    )


def enter_branch(
    file: JsonFile,
    archive: Path | None,
    branch: Branch,
    documents: Callable[[int], Mapping[str, Any]],
    *,
    at_ms: int,
) -> str | None:
    """Make ``branch`` the present one; returns what changed in words, None when it was so already.

    The branch before it is archived under ``archive`` (None: it is not archived) with ``documents(since_ms)``, the
    documents of everything since it was entered.
    """
    stored = file.read()
    before = None if stored is None else Branch.from_document(stored)
    change = None if before is None else branch.change_from(before)
    if before is not None and change is None:
        return None
    if before is not None and stored is not None and archive is not None:
        closing = {**documents(stored["since_ms"]), "branch": stored}
        path = archive_branch(archive, before.name, utc_day(at_ms), closing)
        logger.info("branch archived", branch=before.name, path=str(path))
    file.write({**branch.document(), "since_ms": at_ms})
    return change or "first branch"
