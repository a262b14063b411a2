"""Before the first order: whether the key may trade, and whether the account works the way gobot counts on.

One position per symbol, isolated margin, the leverage of the settings.  What differs is set, and believed only after
the venue has been asked again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gobot.core import ConfigError, OutcomeUnknown, VenueError, VenueRefused
from gobot.exchange.ccxt_writing import written
from gobot.exchange.quirks import Permissions, Quirks


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How a symbol is margined."""

    isolated: bool
    leverage: int


class CcxtAccount:
    """The account's settings at the venue ``name``; ``ask`` makes one reading call (raises `VenueUnavailable`)."""

    def __init__(
        self, name: str, client: Any, quirks: Quirks, ask: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
    ) -> None:
        self._name = name
        self._client = client
        self._quirks = quirks
        self._ask = ask

    async def permissions(self) -> Permissions | None:
        """What the key may do; None where the venue does not tell."""
        told: Permissions | None = await self._ask(lambda: self._quirks.permissions(self._client))
        return told

    async def require_key(self, *, allow_withdrawal: bool) -> None:
        """Raise `ConfigError` for a key that may not trade, or that may withdraw where that is not allowed."""
        told = await self.permissions()
        if told is None:
            return
        if not told.trade:
            raise ConfigError(f"the API key may not trade: allow futures trading for it at {self._name}")
        if told.withdraw and not allow_withdrawal:
            raise ConfigError(
                f"the API key may withdraw money: take that permission from it at {self._name}, "
                "or set exchange.allow_withdrawal_key: true"
            )

    async def is_one_way(self) -> bool:
        """Whether the account holds one position per symbol."""
        told: bool = await self._ask(lambda: self._quirks.is_one_way(self._client))
        return told

    async def require_one_way(self) -> None:
        """Have the account hold one position per symbol.  Raises `ConfigError` where that cannot be set."""
        if await self.is_one_way():
            return
        with suppress(VenueRefused, OutcomeUnknown):
            # Refused while something is open; the next look tells.
            await written(self._name, self._quirks, lambda: self._quirks.set_one_way(self._client))
        if not await self.is_one_way():
            raise ConfigError(
                f"the account at {self._name} is in hedge mode and cannot leave it while positions or orders are "
                "open: close them and set the position mode to one-way"
            )

    async def margins(self, symbols: Sequence[str]) -> Mapping[str, Margin]:
        """How symbols are margined; those the venue does not tell of are missing."""
        told = await self._ask(lambda: self._quirks.margin(self._client, symbols))
        return {symbol: Margin(isolated=isolated, leverage=leverage) for symbol, (isolated, leverage) in told.items()}

    async def set_margin(self, symbol: str, leverage: int) -> None:
        """Isolated margin and ``leverage`` for ``symbol``, verified.  Raises `VenueError`."""
        wanted = Margin(isolated=True, leverage=leverage)
        if (await self.margins([symbol])).get(symbol) == wanted:
            return
        await written(self._name, self._quirks, lambda: self._quirks.isolate(self._client, symbol, leverage))
        if (found := (await self.margins([symbol])).get(symbol)) != wanted:
            raise OutcomeUnknown(
                f"{symbol} should have isolated margin and leverage {leverage}, but {self._name} says {found}"
            )

    async def set_margins(self, symbols: Sequence[str], leverage: int) -> dict[str, str]:
        """The same for many symbols, asking about all at once; what went wrong, by symbol."""
        wanted = Margin(isolated=True, leverage=leverage)
        problems: dict[str, str] = {}
        before = await self.margins(symbols)
        for symbol in symbols:
            if before.get(symbol) == wanted:
                continue
            try:
                await self.set_margin(symbol, leverage)
            except (VenueRefused, OutcomeUnknown) as error:
                problems[symbol] = str(error)
            except VenueError as error:
                problems[symbol] = f"it could not be verified: {error}"
        return problems
