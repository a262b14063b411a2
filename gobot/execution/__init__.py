"""From an approved intent to a position with a stop, through lost replies and sudden deaths."""

from gobot.execution.differences import Difference, DifferenceKind, Reconciliation
from gobot.execution.execution import Execution
from gobot.execution.outcomes import Accepted, Executed, Outcome, Refused, Unknown
from gobot.execution.quoting import Quotes

__all__ = [
    "Accepted",
    "Difference",
    "DifferenceKind",
    "Executed",
    "Execution",
    "Outcome",
    "Quotes",
    "Reconciliation",
    "Refused",
    "Unknown",
]
