"""The user stream through ccxt.pro, as a hint that it is time to look.

Nothing is taken from what the stream says: whatever it says, the account is asked.  So it does no harm when it drops,
is silent, repeats itself or is wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from loguru import logger

from gobot.core import Clock
from gobot.exchange.ccxt_client import reason_of
from gobot.market.retry import Backoff

_BACKOFF = Backoff(first=1.0, most=60.0)


class CcxtHints:
    """Listens with a streaming ``client``, which somebody else closes, from `open` to `close`.

    Requests that the stream needs pass the client's limiter like all others.
    """

    def __init__(self, client: Any, clock: Clock, random: Random) -> None:
        self._client = client
        self._clock = clock
        self._random = random
        self._happened = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        handle: Callable[[Any, Any], Any] = client.handle_message

        def heard(connection: Any, message: Any) -> Any:
            # Every message of the account's own stream, those that ccxt has no method for included.
            self._happened.set()
            return handle(connection, message)

        client.handle_message = heard

    def __repr__(self) -> str:
        return f"<CcxtHints of {self._client.id}, {'alive' if self.alive else 'silent'}>"

    @property
    def alive(self) -> bool:
        """Whether the stream is connected."""
        return self._task is not None and any(not connection.closed() for connection in self._client.clients.values())

    async def wait(self) -> None:
        """Return once something has happened since the last call; at once if it has already."""
        await self._happened.wait()
        self._happened.clear()

    async def open(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                await self._client.watch_orders()
                failures = 0
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the account is polled whatever happens here
                failures += 1
                if failures == 1:
                    logger.warning("user stream lost", venue=self._client.id, reason=reason_of(error, self._client.id))
                # What was missed meanwhile is worth a look.
                self._happened.set()
                await self._clock.sleep(_BACKOFF.pause(failures, self._random))
