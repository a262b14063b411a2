"""Honesty: an examination that tries to catch a strategy looking ahead, repainting, or depending on its beginning."""

from gobot.strategy.honesty.examine import examine
from gobot.strategy.honesty.findings import Examination, Finding

__all__ = ["Examination", "Finding", "examine"]
