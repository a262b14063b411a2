"""The port to every market and what stands behind it.

The exchanges themselves are imported from their own modules, such as `gobot.exchange.sim`, for each brings heavy
libraries with it.
"""

from gobot.exchange.gate import Gate, OpenGate
from gobot.exchange.port import Exchange
from gobot.exchange.priority import Priority

__all__ = ["Exchange", "Gate", "OpenGate", "Priority"]
