"""What goes wrong, and when: rules that strike the n-th call of an endpoint, or calls by chance with a seed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any

import yaml

from gobot.core import ConfigError

ANSWERS = ("error", "unknown", "reset", "slow", "truncated", "html", "empty", "limit", "ban")
"""Kinds that change the answer to the call that they strike."""
EFFECTS = ("drop", "silence", "skew", "partial", "hidden")
"""Kinds that change something else: the streams, the clock, what the order meets."""
_EXECUTED = ("yes", "no", "late")
_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A rule.

    ``endpoint`` is a pattern such as ``POST /fapi/v1/order`` or ``GET *``.  It strikes the calls of the numbers
    ``calls`` (counted from 1 among those that match), every ``every``-th, or with ``probability``; at most ``times``
    times.  ``kind`` is one of

    * ``error``: ``status`` and ``code`` (503, -1001); ``unknown``: 408 with -1007; ``reset``: the connection breaks;
      ``slow``: the answer takes ``seconds``; ``truncated``, ``html``, ``empty``: a body that is no JSON, status 200;
      ``limit``: 429 that asks for ``seconds`` of silence; ``ban``: 418 and a ban of ``seconds``.  For these
      ``executed`` says whether the request takes effect: ``yes``, ``no``, or ``late``, ``seconds`` after the answer;
    * ``drop``: all streams break; ``silence``: they say nothing for ``seconds``; ``skew``: the venue's clock is
      ``seconds`` ahead (below 0: behind) from now on; ``partial``: only ``fraction`` of the order finds somebody to
      trade with, for ``seconds``; ``hidden``: the order is not shown to queries for ``seconds``.

    Seconds are the venue's, except for ``slow``, where the client's patience is meant.
    """

    kind: str
    endpoint: str = "*"
    calls: tuple[int, ...] = ()
    every: int = 0
    probability: float = 0.0
    times: int = 1_000_000
    executed: str = "no"
    status: int = 503
    code: int = -1001
    seconds: float = 2.0
    fraction: float = 0.5

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise ConfigError(f"fault {self.kind} on {self.endpoint}: {problem}")

    def _problem(self) -> str:
        if self.kind not in (*ANSWERS, *EFFECTS):
            return f"kind must be one of {', '.join((*ANSWERS, *EFFECTS))}"
        if self.executed not in _EXECUTED:
            return f"executed must be one of {', '.join(_EXECUTED)}, not {self.executed!r}"
        if not (self.calls or self.every or self.probability):
            return "say when it strikes: calls, every or probability"
        if not 0 <= self.probability <= 1 or not 0 < self.fraction <= 1:
            return "probability and fraction lie between 0 and 1"
        return ""

    @property
    def answers(self) -> bool:
        """Whether it changes the answer."""
        return self.kind in ANSWERS


@dataclass(slots=True)
class _Rule:
    """A fault and how far it has come."""

    fault: Fault
    chance: Random
    seen: int = 0
    struck: int = 0

    def strikes(self, endpoint: str) -> bool:
        """Count a call and tell whether it is struck."""
        fault = self.fault
        if not fnmatchcase(endpoint, fault.endpoint):
            return False
        self.seen += 1
        by_chance = fault.probability > 0 and self.chance.random() < fault.probability
        due = self.seen in fault.calls or (fault.every > 0 and self.seen % fault.every == 0) or by_chance
        if not due or self.struck >= fault.times:
            return False
        self.struck += 1
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault that happened."""

    at_ms: int
    endpoint: str
    kind: str
    executed: str


@dataclass(slots=True)
class FaultPlan:
    """All rules.  Each has a random source of its own, so its strikes depend on the seed and on its calls alone."""

    seed: int = 7
    _rules: list[_Rule] = field(default_factory=list)
    strikes: deque[Strike] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _added: int = 0

    def add(self, faults: Iterable[Fault]) -> None:
        """More rules, behind the others."""
        for fault in faults:
            self._added += 1
            self._rules.append(_Rule(fault, Random(f"{self.seed}/{self._added}")))  # noqa: S311 - it must repeat

    def clear(self) -> None:
        """No rules from now on."""
        self._rules.clear()

    def pick(self, endpoint: str, at_ms: int) -> list[Fault]:
        """The faults that strike this call."""
        struck = [rule.fault for rule in self._rules if rule.strikes(endpoint)]
        for fault in struck:
            self.strikes.append(Strike(at_ms=at_ms, endpoint=endpoint, kind=fault.kind, executed=fault.executed))
        return struck

    def document(self) -> dict[str, Any]:
        """For the inspection page."""
        rules = [{**asdict(rule.fault), "seen": rule.seen, "struck": rule.struck} for rule in self._rules]
        return {"seed": self.seed, "rules": rules, "strikes": [asdict(strike) for strike in self.strikes]}


_NAMES = {one.name for one in fields(Fault)}


def parse_faults(rows: Sequence[Mapping[str, Any]] | Any, source: str) -> list[Fault]:
    """Rules from a document.  Raises `ConfigError` that names ``source`` and the rule."""
    if not isinstance(rows, list):
        raise ConfigError(f"{source}: expected a list of faults, each with kind, endpoint and when it strikes")
    return [_parse(row, f"{source}, fault {number}") for number, row in enumerate(rows, 1)]


def read_faults(path: Path) -> tuple[int | None, list[Fault]]:
    """The seed, if there is one, and the rules of a YAML file.  Raises `ConfigError`."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if isinstance(document, list):
        return None, parse_faults(document, str(path))
    if not isinstance(document, dict) or not {"faults"} <= document.keys() <= {"faults", "seed"}:
        raise ConfigError(f"{path}: expected the keys faults and, if wanted, seed")
    return document.get("seed"), parse_faults(document["faults"], str(path))


def _parse(row: Any, place: str) -> Fault:
    if not isinstance(row, dict) or "kind" not in row:
        raise ConfigError(f"{place}: expected a mapping with kind, such as {{kind: reset, calls: [1]}}")
    unknown = sorted(set(row) - _NAMES)
    if unknown:
        raise ConfigError(f"{place}: unknown key {unknown[0]!r}; known are {', '.join(sorted(_NAMES))}")
    values = dict(row)
    if isinstance(values.get("executed"), bool):
        # YAML reads a bare yes and no as booleans.
        values["executed"] = "yes" if values["executed"] else "no"
    if "calls" in values:
        values["calls"] = tuple(values["calls"]) if isinstance(values["calls"], list) else (values["calls"],)
    try:
        return Fault(**values)
    except (ConfigError, TypeError) as error:
        raise ConfigError(f"{place}: {error}") from error
