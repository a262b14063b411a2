"""What the orchestrator is given: every other room, already wired."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gobot.core import Clock
from gobot.daemon.desk import RiskDesk
from gobot.daemon.events import Announcer
from gobot.exchange import Exchange, Hints, NoHints
from gobot.execution import Execution
from gobot.ledger import Ledger
from gobot.memory import JsonFile
from gobot.settings import SettingsWatch, TradingSettings
from gobot.strategy import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What has to be done before trading with an account.

    ``prepare`` makes the account fit and says which symbols cannot be traded, with the reason; ``self_test`` proves
    that the venue holds protection.  Both raise `GobotError`.
    """

    prepare: Callable[[], Awaitable[Mapping[str, str]]]
    self_test: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The collaborators of one daemon.

    ``symbols`` are the ones that are traded; ``load_strategy`` makes the strategy that the settings name;
    ``limiter_status`` describes the venue allowance; ``max_iterations`` overrides the settings' limit of this run;
    ``hints`` says when to look at the account out of turn.
    """

    clock: Clock
    exchange: Exchange
    ledger: Ledger
    execution: Execution
    desk: RiskDesk
    announcer: Announcer
    progress_file: JsonFile
    patterns_file: JsonFile
    branch_file: JsonFile
    archive: Path
    symbols: tuple[str, ...]
    watch: SettingsWatch
    load_strategy: Callable[[TradingSettings], Strategy]
    limiter_status: Callable[[], Mapping[str, Any]]
    max_iterations: int | None = None
    speed: float = 1.0
    readiness: Readiness | None = None
    hints: Hints = field(default_factory=NoHints)
