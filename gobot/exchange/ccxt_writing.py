"""Asking a venue to do something, once, and telling apart what is known of the outcome.

A refusal needs proof: a call that never left this host, or an answer whose code says that nothing was done.  All
else, whether time-out, reset, 5xx, a page of HTML, cut JSON or an order without an id, leaves the outcome unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gobot.core import GobotError, OutcomeUnknown, Refusal, VenueRefused
from gobot.exchange.ccxt_client import Call, reason_of, writing
from gobot.exchange.quirks import Quirks

Answer = TypeVar("Answer")

NOT_SENT = "not-sent"
"""The code of a refusal that is ours: the request never left."""


async def written(venue: str, quirks: Quirks, call: Callable[[], Awaitable[Answer]]) -> Answer:
    """What a writing ``call`` of a client returns.  Raises `VenueRefused` or `OutcomeUnknown`, never anything else."""
    with writing() as calls:
        try:
            return await call()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise _verdict(venue, quirks, calls, error) from error


def _verdict(venue: str, quirks: Quirks, calls: list[Call], error: Exception) -> GobotError:
    sent = [call for call in calls if call.sent]
    said = str(error) if isinstance(error, GobotError) else reason_of(error, venue)
    if not sent:
        return VenueRefused(f"nothing was sent to {venue}: {said}", code=NOT_SENT)
    last = sent[-1]
    code = quirks.code(last.document)
    if len(sent) == 1 and quirks.proves_refusal(last.status, code):
        cause = quirks.causes.get(code, Refusal.OTHER)
        return VenueRefused(f"{venue} refuses: {said}", code=code or str(last.status), cause=cause)
    answer = f"status {last.status}" if last.status else "no answer"
    return OutcomeUnknown(f"{venue} was asked and what it did is not known ({answer}): {said}")
