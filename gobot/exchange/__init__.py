"""The port to every market and what stands behind it.

The exchanges themselves are imported from their own modules, such as `gobot.exchange.sim`, for each brings heavy
libraries with it.
"""

from gobot.exchange.gate import Gate, OpenGate
from gobot.exchange.limiter import LimitsStore, RateLimiter, RequestTooHeavy
from gobot.exchange.limiter_endpoints import EndpointUnavailable
from gobot.exchange.limiter_journal import Incident, IncidentKind
from gobot.exchange.limiter_permit import Permit
from gobot.exchange.limiter_snapshot import LimiterSnapshot
from gobot.exchange.port import Exchange, Hints, NoHints
from gobot.exchange.priority import Priority

__all__ = [
    "EndpointUnavailable",
    "Exchange",
    "Gate",
    "Hints",
    "Incident",
    "IncidentKind",
    "LimiterSnapshot",
    "LimitsStore",
    "NoHints",
    "OpenGate",
    "Permit",
    "Priority",
    "RateLimiter",
    "RequestTooHeavy",
]
