"""What was found about a strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, whether it was passed, what was seen in words, and what to mend when it was not."""

    check: str
    passed: bool
    seen: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All findings about one strategy, in the order in which they were made.

    A check that the others stand on (that it runs at all) ends the examination when it fails.
    """

    strategy: str
    file: str
    params: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing has to be mended."""
        return all(finding.passed for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "strategy": self.strategy,
            "file": self.file,
            "params": self.params,
            "passed": self.passed,
            "checks": [
                {"check": found.check, "passed": found.passed, "seen": found.seen, "mend": found.mend}
                for found in self.findings
            ],
        }
