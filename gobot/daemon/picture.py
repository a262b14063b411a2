"""What the daemon last saw of the account, and the snapshot that is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from gobot.core import ZERO, Balance, Position
from gobot.daemon.house import House
from gobot.daemon.progress import Progress
from gobot.daemon.snapshot import OpenPosition, Snapshot
from gobot.daemon.tuning import Tuning
from gobot.ledger import Decision, Trade

_DECISIONS_SHOWN = 12


class Picture:
    """The account as last read, the open trades behind it, the day's start and the last decisions."""

    def __init__(self) -> None:
        self.balance = Balance(equity=ZERO, wallet=ZERO, available=ZERO)
        self.positions: tuple[OpenPosition, ...] = ()
        self.decisions: tuple[Decision, ...] = ()
        self.recovery: tuple[str, ...] = ()
        self.quarantined: Mapping[str, str] = {}
        self.closed_trades = 0
        self.wins = 0
        self.realized = ZERO

    def see_account(self, balance: Balance, positions: Sequence[Position], trades: Sequence[Trade]) -> None:
        """Take in a fresh look at the account, joined with the ledger's open trades."""
        by_symbol = {trade.symbol: trade for trade in trades}
        self.balance = balance
        self.positions = tuple(
            _joined(position, by_symbol.get(position.symbol))
            for position in sorted(positions, key=lambda position: position.symbol)
        )

    def count(self, trades: Sequence[Trade]) -> None:
        """Count closed trades that were not counted before."""
        self.closed_trades += len(trades)
        self.wins += sum(trade.pnl > 0 for trade in trades)
        self.realized += sum((trade.pnl for trade in trades), ZERO)

    def remember(self, decisions: Sequence[Decision]) -> None:
        """Keep the newest decisions first, those that held not at all."""
        fresh = tuple(decision for decision in decisions if decision.verdict != "hold")
        self.decisions = (fresh + self.decisions)[:_DECISIONS_SHOWN]

    def day_pnl(self, day_start: Decimal | None) -> Decimal:
        """Change of equity since the UTC day began, USDT."""
        return ZERO if day_start is None else self.balance.equity - day_start


def _joined(position: Position, trade: Trade | None) -> OpenPosition:
    return OpenPosition.of(
        position,
        stop=trade.stop if trade else None,
        target=trade.target if trade else None,
        opened_ms=trade.entry_ms if trade else 0,
    )


def snapshot_of(
    house: House, tuning: Tuning, progress: Progress, picture: Picture, *, next_cycle_ms: int, loop_lag_ms: float
) -> Snapshot:
    """Everything at a glance, from memory: no venue and no disk is asked."""
    risk = house.desk.state
    return Snapshot(
        at_ms=house.clock.now_ms(),
        mode=progress.mode,
        branch=tuning.branch.name,
        strategy=tuning.strategy.name,
        timeframe=tuning.trading.timeframe,
        symbols=len(house.symbols),
        cycle=progress.cycle,
        iteration=progress.iteration,
        max_iterations=progress.max_iterations,
        phase=progress.phase,
        next_cycle_ms=max(next_cycle_ms, progress.retry_after_ms),
        equity=picture.balance.equity,
        available=picture.balance.available,
        day_pnl=picture.day_pnl(risk.day_start_equity),
        drawdown_pct=risk.drawdown_pct or 0.0,
        breaker=house.desk.label,
        breaker_reason=house.desk.reason,
        paused=progress.paused,
        exit_reason=progress.exit_reason,
        last_error=progress.last_error,
        hindsight=progress.hindsight,
        recovery=picture.recovery,
        quarantined=picture.quarantined,
        positions=picture.positions,
        decisions=picture.decisions,
        closed_trades=picture.closed_trades,
        wins=picture.wins,
        realized=picture.realized,
        limiter=house.limiter_status(),
        loop_lag_ms=loop_lag_ms,
        speed=house.speed,
    )
