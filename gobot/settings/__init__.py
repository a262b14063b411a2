"""Typed settings from YAML, environment and credentials."""

from gobot.settings.model import Settings

__all__ = ["Settings"]
