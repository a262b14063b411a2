"""What became of a download."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gobot.core import iso
from gobot.market.gaps import Span
from gobot.market.series import Series


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of one series, counted while it is fetched.

    ``added`` candles are new, ``differing`` ones were stored with other values and stayed as they were, ``unusable``
    ones are no candles.  ``files`` and ``pages`` came from the archive and the API.  ``lacking`` spans are still
    missing, ``error`` is the sentence about what kept them from coming.
    """

    series: Series
    added: int = 0
    differing: int = 0
    unusable: int = 0
    files: int = 0
    pages: int = 0
    lacking: list[Span] = field(default_factory=list)
    error: str = ""

    def document(self) -> dict[str, Any]:
        """The outcome for JSON, times in ISO 8601."""
        return {
            "venue": self.series.venue,
            "market": self.series.market,
            "symbol": self.series.symbol,
            "timeframe": str(self.series.timeframe),
            "added": self.added,
            "differing": self.differing,
            "unusable": self.unusable,
            "files": self.files,
            "pages": self.pages,
            "lacking": [{"start": iso(span.start_ms), "end": iso(span.end_ms)} for span in self.lacking],
            "error": self.error or None,
        }
