"""The command line: ``gobot GROUP COMMAND``."""

from gobot.cli.main import main

__all__ = ["main"]
