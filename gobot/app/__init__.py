"""The only place that wires objects together from settings."""

from gobot.app.run import run
from gobot.app.wiring import Daemon, RunOptions

__all__ = ["Daemon", "RunOptions", "run"]
