"""A server on loopback that speaks Binance's protocol: what gobot rehearses and is tested on."""

from gobot.sandbox.clock import FastClock
from gobot.sandbox.limits import Ceilings
from gobot.sandbox.server import Sandbox

__all__ = ["Ceilings", "FastClock", "Sandbox"]
