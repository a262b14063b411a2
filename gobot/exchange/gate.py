"""Where calls to a venue wait for their turn: what an exchange needs to know of the limiter."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

from gobot.exchange.priority import Priority


class Gate(Protocol):
    """Lets calls through when the venue's allowance permits, the most important first; the limiter is one."""

    def slot(self, priority: Priority, endpoint: str, weight: int | None = None) -> AbstractAsyncContextManager[object]:
        """Entered when the call may be made, left when it was answered.

        ``endpoint`` is the venue's own name (``GET /fapi/v1/klines``), ``weight`` what it costs where the caller
        knows better than the tariff.
        """


class OpenGate:
    """Lets everything through at once: for venues without limits."""

    def slot(
        self,
        priority: Priority,  # noqa: ARG002 - the Protocol's parameters
        endpoint: str,  # noqa: ARG002
        weight: int | None = None,  # noqa: ARG002
    ) -> AbstractAsyncContextManager[object]:
        """A slot that is free at once."""
        return nullcontext()
