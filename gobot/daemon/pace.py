"""How often the guard looks at the account: the poll is the truth, the user stream says when it may wait."""

from __future__ import annotations

from gobot.core import Clock
from gobot.exchange import Hints

# The longest wait between looks at a venue that does not answer.
_LONGEST_S = 30.0


class Pace:
    """Says whether a look is due, each time the guard's turn comes, every ``every`` seconds.

    Every turn while the stream is silent or something is in question; once in ``relaxed`` seconds while the stream is
    alive, for it would have told; less and less often while the venue does not answer.
    """

    def __init__(self, clock: Clock, hints: Hints, *, every: float, relaxed: float) -> None:
        self._clock = clock
        self._hints = hints
        self._every = every
        self._relaxed = relaxed
        self._failures = 0
        self._calm = False
        self._looked: float | None = None

    def is_due(self) -> bool:
        """Whether to look in this turn."""
        if self._looked is None:
            return True
        # A turn that comes a little early is still that turn.
        return self._clock.monotonic() - self._looked > self._wait() - self._every / 2

    def note(self, *, answered: bool, calm: bool) -> None:
        """A look was made; ``calm`` says that it left no question open."""
        self._looked = self._clock.monotonic()
        self._calm = calm
        self._failures = 0 if answered else self._failures + 1

    def _wait(self) -> float:
        if self._failures:
            return min(self._every * 2.0 ** min(self._failures - 1, 16), max(_LONGEST_S, self._every))
        relaxed = self._calm and self._hints.alive
        return max(self._relaxed, self._every) if relaxed else self._every
