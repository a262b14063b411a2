"""What follows from the settings and may change between two cycles: risk limits, strategy, branch."""

from __future__ import annotations

from typing import Any

from loguru import logger

from gobot.core import ConfigError, StrategyError
from gobot.daemon.events import SettingsChanged, SettingsRejected
from gobot.daemon.house import House
from gobot.memory import Branch
from gobot.risk import Risk
from gobot.settings import Change, Loaded, Reloaded, TradingSettings, settings_document
from gobot.strategy import Strategy


class Tuning:
    """The settings in force and what was made of them.  An edit is taken up whole or not at all."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._adopt(house.watch.current, house.load_strategy(house.watch.current.settings.trading))

    def _adopt(self, loaded: Loaded, strategy: Strategy) -> None:
        self._loaded = loaded
        self.risk = Risk(loaded.settings.trading)
        self.strategy = strategy
        self.branch = Branch(strategy.name, strategy.params)

    @property
    def trading(self) -> TradingSettings:
        """The trading section in force."""
        return self._loaded.settings.trading

    def document(self) -> dict[str, Any]:
        """The settings in force as ``gobot config show --json`` prints them, for the archive."""
        return settings_document(self._loaded)

    def refresh(self, at_ms: int) -> None:
        """Look for an edit of the settings file; what it changes, or why it is refused, is logged and told once."""
        found = self._house.watch.poll()
        if found is None:
            return
        if isinstance(found, ConfigError):
            self._reject(str(found), at_ms)
            return
        try:
            strategy = self._house.load_strategy(found.loaded.settings.trading)
        except StrategyError as error:
            self._reject(str(error), at_ms)
            return
        self._adopt(found.loaded, strategy)
        lines = _lines(found)
        logger.info("settings changed", changes="; ".join(lines))
        self._house.announcer.publish(SettingsChanged(at_ms=at_ms, changes=lines))

    def _reject(self, message: str, at_ms: int) -> None:
        logger.warning("settings edit refused, nothing changed", error=message)
        self._house.announcer.publish(SettingsRejected(at_ms=at_ms, message=message))


def _lines(found: Reloaded) -> tuple[str, ...]:
    def line(change: Change) -> str:
        return f"{change.key}: {change.old} → {change.new}"

    return (*map(line, found.changes), *(f"{line(change)} (at the next start)" for change in found.restart))
