"""Whatever is done to a store, crashes included, it equals a dictionary."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from store_cases import BITCOIN, M1, START, added, candles_of, equal, half_of, intercept, model_of

from gobot.core import ManualClock
from gobot.market import CandleStore

LAST = 120
minutes = st.integers(0, LAST)
given = st.dictionaries(minutes, st.integers(0, 3), max_size=40)
ways = st.sampled_from(["add", "rewrite"])
crashes = st.none() | st.tuples(st.integers(1, 12), st.floats(0, 1))


class Crash(BaseException):
    """The end of the process."""


class StoreMachine(RuleBasedStateMachine):
    """Additions of every kind to one series; a crash ends the process at a system call, the next one goes on."""

    def __init__(self):
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.patch = pytest.MonkeyPatch()
        # Small enough that folding and several groups of rows are common.
        self.patch.setattr("gobot.market.store.JOURNAL_ROWS", 12)
        self.patch.setattr("gobot.market.parquet_file._GROUP_ROWS", 16)
        self.patch.setattr("gobot.market.parquet_file._BATCH_GROUPS", 2)
        self.model = {}

    def teardown(self):
        self.patch.undo()
        shutil.rmtree(self.directory)

    @initialize(file_format=st.sampled_from(["parquet", "csv"]), keep=st.none() | st.integers(1, 60))
    def begin(self, file_format, keep):
        self.file_format, self.keep = file_format, keep
        self.reopen()

    @rule()
    def reopen(self):
        self.store = CandleStore(
            self.directory / "candles",
            clock=ManualClock(START + (LAST - 5) * M1.ms),
            file_format=self.file_format,
            keep=self.keep,
        )

    @rule(count=st.integers(1, 15), gap=st.integers(0, 3), crash=crashes)
    def append(self, count, gap, crash):
        first = max(self.model, default=0) + 1 + gap
        rows = dict.fromkeys(range(first, min(first + count, LAST)), 0)
        self.run([rows], "add", replace=False, crash=crash)

    @rule(rows=given, way=ways, replace=st.booleans(), crash=crashes)
    def add(self, rows, way, replace, crash):
        self.run([rows], way, replace=replace, crash=crash)

    @rule(parts=st.lists(given, max_size=3), replace=st.booleans(), crash=crashes)
    def rewrite(self, parts, replace, crash):
        self.run(parts, "rewrite", replace=replace, crash=crash)

    @invariant()
    def it_equals_the_model(self):
        if not hasattr(self, "store"):
            return
        whole = candles_of(self.model)
        assert equal(self.store.read(BITCOIN), whole)
        assert self.store.times(BITCOIN).tolist() == whole.time.tolist()
        assert self.store.newest_ms(BITCOIN) == (int(whole.time[-1]) if len(whole) else None)
        for count in (1, 7, 30):
            assert equal(self.store.last(BITCOIN, count), whole.last(count))
        bounds = START + 20 * M1.ms, START + 60 * M1.ms
        assert equal(self.store.read(BITCOIN, *bounds), whole.between(*bounds))

    def run(self, parts, way, *, replace, crash):
        """Add ``parts`` one after the other; with a crash, again after it."""
        before, steps = self.model, [self.model]
        closed = [{minute: part[minute] for minute in part if minute < LAST - 5} for part in parts]
        for part in closed:
            steps.append(added(steps[-1], part, replace=replace, keep=self.keep))
        if crash is not None and self.crashes(parts, way, replace, *crash):
            found = model_of(self.store.read(BITCOIN))
            # All of it or nothing, or as much of an append as was written.
            assert found in (before, steps[-1]) or (way == "add" and self.is_begun(before, closed[0], found))
            self.reopen()
        self.do(parts, way, replace)
        self.model = steps[-1]

    def is_begun(self, before, rows, found):
        kept = sorted(rows.items())[-self.keep if self.keep else None :]
        written = [dict(kept[:count]) for count in range(len(kept))]
        return any(found == added(before, part, keep=self.keep) for part in written)

    def do(self, parts, way, replace):
        if way == "add":
            self.store.add(BITCOIN, candles_of(parts[0]), replace=replace)
            return
        with self.store.rewriting(BITCOIN) as draft:
            for part in parts:
                draft.add(candles_of(part), replace=replace)

    def crashes(self, parts, way, replace, call, share):
        """Do it, but die at the system call of that number; False if there were fewer."""
        import os

        calls = 0

        def die(name, args):
            nonlocal calls
            calls += 1
            if calls == call and name == "pwrite":
                half_of(args, pwrite, share)
            if calls >= call:
                raise Crash

        pwrite = os.pwrite
        with pytest.MonkeyPatch.context() as patch:
            intercept(patch.setattr, die)
            try:
                self.do(parts, way, replace)
            except Crash:
                return True
        self.reopen()
        return False


StoreMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestStore = StoreMachine.TestCase
