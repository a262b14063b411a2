"""The limiter's law as naive arithmetic over a log: slow, obvious, and sharing no code with the limiter."""

import math
from dataclasses import dataclass, field

CRITICAL, HIGH, NORMAL, LOW = range(4)
PARTS_OF_HIGH = {HIGH: 1.0, NORMAL: 0.95, LOW: 0.85}


@dataclass(eq=False)
class Asked:
    """One request's story.  Times in seconds; None for what never happened."""

    priority: int
    costs: dict  # limit name → amount
    entered: float
    sent: float | None = None
    arrived: float | None = None
    ended: float | None = None
    left: float | None = None  # cancelled while waiting


@dataclass
class Log:
    """Requests with the order in which things happened to them."""

    events: list = field(default_factory=list)  # (what, time, request)

    def note(self, what, at, request):
        self.events.append((what, at, request))


@dataclass
class Law:
    """``limits`` are (name, seconds, ceiling)."""

    limits: list
    reserve: float
    patience: float

    def ceiling(self, ceiling, priority, amount=0):
        part = 1.0 if priority == CRITICAL else (1.0 - self.reserve) * PARTS_OF_HIGH[priority]
        most = max(1, math.floor(ceiling * part + 1e-9))
        return most if amount <= most or priority <= HIGH else self.ceiling(ceiling, HIGH)

    def check(self, log):
        """Raise AssertionError at the first break of the law."""
        self.check_windows([asked for what, _, asked in log.events if what == "sent" and asked.left is None])
        waiting, sent = [], []
        passed_since = {}  # priority → when a higher one first passed those who wait in it
        head_since = {}
        turn_at = -math.inf  # when a turn was last being waited for
        for what, now, asked in log.events:
            if any(now - since >= self.patience - 1e-6 for since in passed_since.values()):
                turn_at = now
            if what == "entered":
                waiting.append(asked)
            elif what == "left" and asked in waiting:
                waiting.remove(asked)
            elif what == "left":  # let through and cancelled in the same moment: never sent
                sent.remove(asked)
            elif what == "sent":
                turn = self.check_order(asked, waiting, passed_since, now)
                self.check_reserve(asked, sent, now, turn)
                self.check_haste(asked, sent, max(head_since.get(id(asked), now), turn_at), now)
                waiting.remove(asked)
                sent.append(asked)
                passed_since.pop(asked.priority, None)
                for other in waiting:
                    if other.priority > asked.priority and other.left != now:
                        passed_since.setdefault(other.priority, now)
            present = {other.priority for other in waiting}
            passed_since = {priority: since for priority, since in passed_since.items() if priority in present}
            top = next((other for other in waiting if other.priority == min(present)), None)
            head_since = {id(top): head_since.get(id(top), now)} if top else {}

    def check_windows(self, requests):
        """No window of any limit holds more than its ceiling as the venue counts, wherever the window begins."""
        for name, seconds, ceiling in self.limits:
            arrivals = sorted((asked.arrived, asked.costs[name]) for asked in requests if asked.costs[name])
            for start, _ in arrivals:
                held = sum(amount for at, amount in arrivals if start <= at < start + seconds)
                assert held <= ceiling, f"{name}: {held} of {ceiling} in the window from {start}"

    def check_order(self, asked, waiting, passed_since, now):
        """Who goes is the oldest of the highest priority, or has the turn of one passed over; True for that."""
        # Who leaves at this very moment is in nobody's way.
        waiting = [other for other in waiting if other is asked or other.left != now]
        older = next(other for other in waiting if other.priority == asked.priority)
        assert older is asked, f"at {now} {asked} passed {older}"
        turn = now - passed_since.get(asked.priority, math.inf) >= self.patience - 1e-6
        higher = [other for other in waiting if other.priority < asked.priority]
        if higher:
            assert turn, f"at {now} {asked} passed {higher[0]}"
            assert all(other.priority != CRITICAL for other in higher), f"at {now} {asked} passed a critical one"
        return turn

    def check_reserve(self, asked, sent, now, turn):
        """Nobody takes more than its priority may fill."""
        standing = HIGH if turn else asked.priority
        for name, seconds, ceiling in self.limits:
            if amount := asked.costs[name]:
                used = self.used(sent, name, seconds, now)
                most = self.ceiling(ceiling, standing, amount)
                assert used + amount <= most, f"{name}: {used} + {amount} of {most} at {now} by {asked}"

    def check_haste(self, asked, sent, first, now):
        """Nobody waits at the head of the line without a reason: a slice of a window earlier there was no room."""
        if now - first < 1e-9:
            return
        for name, seconds, ceiling in self.limits:
            grace = seconds / 60 + 0.003
            before = now - grace
            if before <= first:
                return  # too short a wait to tell
            used = self.used(sent, name, seconds, before)
            amount = asked.costs[name]
            if amount and used + amount > self.ceiling(ceiling, asked.priority, amount):
                return
        raise AssertionError(f"{asked} waited from {first} to {now} for nothing")

    def used(self, sent, name, seconds, now):
        return sum(
            other.costs[name]
            for other in sent
            if other.sent <= now and (other.ended is None or other.ended > now - seconds)
        )
