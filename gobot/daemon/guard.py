"""The guard: what is open is looked at every few seconds, whatever the cycle is doing.

Ledger and venue are made equal, closed trades are counted, equity is held against the limits, and when a limit is
broken the emergency protocol runs, again and again, until the account is verified flat or protected.
"""

from __future__ import annotations

import asyncio

from loguru import logger

from gobot.daemon.desk import LATCHED
from gobot.daemon.events import ErrorHappened
from gobot.daemon.house import House
from gobot.daemon.picture import Picture
from gobot.daemon.report import tell_changes, tell_outcomes
from gobot.execution import Difference, Executed, Reconciliation
from gobot.risk import EquityMarked, Risk, TradeClosed


class Guard:
    """Looks at the account and acts on what it sees.

    ``turn`` is held by whoever changes the venue: a cycle's orders, this guard, or the operator.
    """

    def __init__(self, house: House, picture: Picture, turn: asyncio.Lock) -> None:
        self._house = house
        self._picture = picture
        self._turn = turn
        self._counted_to = 0
        self._told: frozenset[Difference] = frozenset()

    async def look(self, risk: Risk, at_ms: int) -> Reconciliation:
        """One look; what it finds is booked, counted, told and acted upon.

        Raises `VenueUnavailable` when the venue cannot be asked: then nothing is known, and nothing is assumed.
        """
        house = self._house
        async with self._turn:
            reconciliation = await house.execution.reconcile()
            self.count_trades(risk, at_ms)
            # A difference that lasts is told once, not with every look.
            fresh = [difference for difference in reconciliation.differences if difference not in self._told]
            self._told = frozenset(reconciliation.differences)
            tell_changes(house.announcer, reconciliation.changes, fresh, at_ms)
            await self._see_account(risk, at_ms)
            if house.desk.label == LATCHED:
                await self._emergency(risk, at_ms)
        return reconciliation

    def count_trades(self, risk: Risk, at_ms: int) -> None:
        """Let risk and the picture count the trades that have closed since the last call."""
        closed = self._house.ledger.closed_trades(after_closing=self._counted_to)
        if not closed:
            return
        self._counted_to = max(trade.closing or 0 for trade in closed)
        self._picture.count(closed)
        events = [
            TradeClosed(
                at_ms=trade.exit_ms or at_ms,
                trade_id=trade.id,
                symbol=trade.symbol,
                cycle=trade.cycle or 0,
                pnl=trade.pnl,
            )
            for trade in closed
        ]
        self._house.desk.fold(risk, events)

    async def close(self, risk: Risk, at_ms: int, symbol: str | None, reason: str) -> Executed:
        """Close the position in ``symbol`` at market, or all of them, and look at what came of it.

        Raises `UsageError` when there is none in ``symbol``, `VenueUnavailable` when the venue cannot be asked.
        """
        async with self._turn:
            executed = await self._close(risk, at_ms, symbol, reason)
            await self._see_account(risk, at_ms)
        return executed

    async def _close(self, risk: Risk, at_ms: int, symbol: str | None, reason: str) -> Executed:
        execution = self._house.execution
        executed = await (execution.close_all(reason) if symbol is None else execution.close(symbol, reason))
        self.count_trades(risk, at_ms)
        tell_changes(self._house.announcer, executed.changes, (), at_ms)
        tell_outcomes(self._house.announcer, executed.outcomes, at_ms=at_ms)
        return executed

    async def _see_account(self, risk: Risk, at_ms: int) -> None:
        house = self._house
        balance = await house.exchange.balance()
        positions = await house.exchange.positions()
        self._picture.see_account(balance, positions, house.ledger.open_trades())
        house.desk.fold(risk, [EquityMarked(at_ms=at_ms, equity=balance.equity)])

    async def _emergency(self, risk: Risk, at_ms: int) -> None:
        """Entries cancelled, positions closed (or left to their stops); repeated by every look until verified."""
        house = self._house
        await house.execution.cancel_entries()
        if risk.settings.risk_manager.emergency == "keep_protected" or not self._picture.positions:
            return
        logger.critical("emergency: closing all positions", positions=len(self._picture.positions))
        await self._close(risk, at_ms, None, "emergency")
        await self._see_account(risk, at_ms)
        if self._picture.positions:
            left = ", ".join(position.symbol for position in self._picture.positions)
            house.announcer.publish(
                ErrorHappened(at_ms=at_ms, where="emergency", message=f"still open, closing again: {left}")
            )
