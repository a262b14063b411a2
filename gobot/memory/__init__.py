"""What gobot remembers beside money: small JSON documents, patterns in closed trades, branches and their archive."""

from gobot.memory.branch import ArchivedBranch, Branch, archive_branch, archived_branches
from gobot.memory.jsonfile import Damage, JsonFile
from gobot.memory.patterns import FEATURES, Feature, Pattern, TradeFacts, consolidate, discover

__all__ = [
    "FEATURES",
    "ArchivedBranch",
    "Branch",
    "Damage",
    "Feature",
    "JsonFile",
    "Pattern",
    "TradeFacts",
    "archive_branch",
    "archived_branches",
    "consolidate",
    "discover",
]
