"""What has to be known of a venue before its first request: what calls cost, and how it announces its limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gobot.exchange.limits import Cost, Limit, Tariff
from gobot.exchange.limits_binance import BINANCE_FUTURES, announced_limits, request_weight


def _no_weight(endpoint: str, parameters: Mapping[str, str]) -> int | None:  # noqa: ARG001 - the field's signature
    return None


def _no_limits(announced: Iterable[Mapping[str, Any]]) -> tuple[Limit, ...]:  # noqa: ARG001 - the field's signature
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of one venue.

    ``weight`` gives what a request (endpoint, query parameters) costs where the tariff does not know it exactly;
    ``announced`` reads the ``rateLimits`` in an answer, and raises KeyError, TypeError or ValueError for nonsense.
    """

    tariff: Tariff
    weight: Callable[[str, Mapping[str, str]], int | None] = _no_weight
    announced: Callable[[Iterable[Mapping[str, Any]]], tuple[Limit, ...]] = _no_limits


_KNOWN = {"binanceusdm": Terms(tariff=BINANCE_FUTURES, weight=request_weight, announced=announced_limits)}
# Nothing is known of the others: every request counts one, and the settings' limits are all that holds.
_OTHERS = Terms(tariff=Tariff(worst=Cost(1)))


def terms_of(venue: str) -> Terms:
    """The terms of the venue with that ccxt id."""
    return _KNOWN.get(venue, _OTHERS)
