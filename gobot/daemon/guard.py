"""The guard: what is open is looked at every few seconds, whatever the cycle is doing.

Ledger and venue are made equal, closed trades are counted, equity is held against the limits, and when a limit is
broken the emergency protocol runs, again and again, until the account is verified flat or protected.
"""

from __future__ import annotations

import asyncio

from loguru import logger

from gobot.core import Balance, StateError, VenueUnavailable
from gobot.daemon.desk import LATCHED
from gobot.daemon.events import ErrorHappened, FundsMoved, ReconciliationFound
from gobot.daemon.funds import Movement
from gobot.daemon.house import House
from gobot.daemon.last_resort import close_without_ledger
from gobot.daemon.picture import Picture
from gobot.daemon.report import tell_changes, tell_outcomes
from gobot.execution import Difference, DifferenceKind, Executed, Reconciliation
from gobot.risk import EquityMarked, Risk, TradeClosed
from gobot.risk import FundsMoved as FundsPaid

# While these last, the wallet may differ for reasons that a fill will explain.
_UNEXPLAINED = (DifferenceKind.POSITION_MISSING, DifferenceKind.POSITION_UNEQUAL, DifferenceKind.FILLS_MISSING)


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
        self._halted: set[str] = set()
        self.is_calm = False
        """Whether the last look left nothing in question."""

    async def look(self, risk: Risk, at_ms: int) -> Reconciliation:
        """One look; what it finds is booked, counted, told and acted upon.

        Raises `VenueUnavailable` when the venue cannot be asked: then nothing is known, and nothing is assumed;
        `StateError` when nothing can be written, after what an emergency demands was done all the same.
        """
        async with self._turn:
            try:
                return await self._look(risk, at_ms)
            except StateError:
                await self._without_memory(risk, at_ms)
                raise

    async def _look(self, risk: Risk, at_ms: int) -> Reconciliation:
        house = self._house
        reconciliation = await house.execution.reconcile()
        self._picture.quarantined = reconciliation.quarantined
        self.count_trades(risk, at_ms)
        # A difference that lasts is told once, not with every look.
        fresh = [difference for difference in reconciliation.differences if difference not in self._told]
        self._told = frozenset(reconciliation.differences)
        tell_changes(house.announcer, reconciliation.changes, fresh, at_ms)
        await self._see_account(risk, at_ms, may_judge_funds=_is_settled(reconciliation))
        await self._see_markets(at_ms)
        latched = house.desk.label == LATCHED
        self.is_calm = not (latched or reconciliation.is_open)
        if latched:
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
                exit_reason=trade.exit_reason or "",
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

    async def _see_account(self, risk: Risk, at_ms: int, *, may_judge_funds: bool = False) -> None:
        """Hold equity against the limits; while money seems to have been moved, not before that is certain."""
        house = self._house
        balance = await house.exchange.balance()
        positions = await house.exchange.positions()
        trades = house.ledger.open_trades()
        self._picture.see_account(balance, positions, trades)
        if may_judge_funds:
            explained = sum((trade.pnl for trade in trades), self._picture.realized)
            movement = house.desk.see_funds(balance.wallet, explained)
            if movement is not None and not movement.certain:
                return
            if movement is not None:
                self._take_movement(risk, at_ms, movement, balance)
        house.desk.fold(risk, [EquityMarked(at_ms=at_ms, equity=balance.equity)])

    def _take_movement(self, risk: Risk, at_ms: int, movement: Movement, balance: Balance) -> None:
        wish = risk.settings.external.funds
        logger.warning("money was moved", amount=f"{movement.amount:.2f}", wallet=f"{balance.wallet:.2f}")
        if wish == "adopt":
            self._house.desk.fold(risk, [FundsPaid(at_ms=at_ms, amount=movement.amount)])
        if wish != "ignore":
            self._house.announcer.publish(FundsMoved(at_ms=at_ms, amount=movement.amount, wallet=balance.wallet))

    async def _see_markets(self, at_ms: int) -> None:
        """Tell of symbols that the venue has ceased to trade, each once."""
        house = self._house
        try:
            markets = await house.exchange.markets()
        except VenueUnavailable:
            return
        held = {position.symbol for position in self._picture.positions}
        halted = {symbol for symbol in {*house.symbols, *held} if symbol not in markets or not markets[symbol].active}
        for symbol in sorted(halted - self._halted):
            rest = "; the position in it stays under its stop as long as the venue keeps one" if symbol in held else ""
            sentence = f"{house.exchange.name} does not trade {symbol} any more: no entries{rest}"
            logger.warning("symbol not traded", symbol=symbol, held=symbol in held)
            house.announcer.publish(ReconciliationFound(at_ms=at_ms, differences=(sentence,)))
        self._halted = halted

    async def _without_memory(self, risk: Risk, at_ms: int) -> None:
        """The disk refuses: hold equity against the limits once more, and close what they want closed."""
        house, settings = self._house, risk.settings
        try:
            equity = (await house.exchange.balance()).equity
        except VenueUnavailable as error:
            logger.critical("neither disk nor venue answers", error=str(error))
            return
        house.desk.weigh(risk, EquityMarked(at_ms=at_ms, equity=equity))
        if house.desk.label != LATCHED or settings.risk_manager.emergency == "keep_protected":
            return
        own = {trade.symbol for trade in house.ledger.open_trades() if not trade.is_external}
        left = await close_without_ledger(house.exchange, house.clock, bot=settings.bot, symbols=own)
        words = f"still open: {', '.join(left)}" if left else "every position is closed"
        message = f"nothing can be written to disk, and {house.desk.reason}; {words}"
        house.announcer.publish(ErrorHappened(at_ms=at_ms, where="emergency", message=message))

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


def _is_settled(reconciliation: Reconciliation) -> bool:
    """Whether everything that has happened to the wallet is booked."""
    open_ends = any(difference.kind in _UNEXPLAINED for difference in reconciliation.differences)
    return not (open_ends or reconciliation.unknown)
