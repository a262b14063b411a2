"""Cycles and runs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ledger_cases import BTC, CANDLE, ETH, decision, dump

from gobot.ledger import CyclePhase, Ledger
from gobot.ledger import cycles as cycle_rows

AT = CANDLE + 900_000


def test_a_cycle_goes_through_its_steps(ledger: Ledger):
    assert (ledger.last_cycle(), ledger.cycle(1), ledger.decided(1)) == (0, None, False)

    ledger.begin_cycle(1, CANDLE, AT)
    assert ledger.cycle(1).phase is CyclePhase.STARTED
    ledger.decide(1, CANDLE, AT + 1, [], [decision()])
    assert (ledger.cycle(1).phase, ledger.decided(1)) == (CyclePhase.DECIDED, True)
    ledger.finish_cycle(1, at_ms=AT + 2, equity=Decimal("10000.5"))

    row = ledger.cycle(1)
    assert (row.phase, row.candle_ms) == (CyclePhase.FINISHED, CANDLE)
    assert (row.started_ms, row.decided_ms, row.finished_ms) == (AT, AT + 1, AT + 2)
    assert (row.equity, ledger.last_cycle(), ledger.cycles()) == (Decimal("10000.5"), 1, [row])


def test_every_step_may_be_repeated(ledger: Ledger):
    def steps(at: int) -> None:
        ledger.begin_cycle(1, CANDLE, at)
        ledger.decide(1, CANDLE, at, [], [decision()])
        ledger.finish_cycle(1, at_ms=at, equity=Decimal(100))

    steps(AT)
    before = dump(ledger)
    steps(AT + 5)

    assert dump(ledger) == before


def test_decisions_come_back_with_their_reasons(ledger: Ledger):
    refused = decision(ETH, "refused", reasons=("spread 0.9 % is above 0.5 %", "5 losses in a row"), regime="bull")
    ledger.decide(1, CANDLE, AT, [], [decision("SOL", "hold"), decision(BTC), refused])

    row = ledger.cycle(1)
    assert row.decisions == (decision(BTC), refused, decision("SOL", "hold"))
    assert (row.ideas, row.refusals) == (2, 1)


def test_decisions_are_bounded_in_number_and_length(ledger: Ledger):
    ledger.decide(1, CANDLE, AT, [], [decision(reason="x" * 5000, reasons=("y" * 5000,)) for _ in range(5000)])

    row = ledger.cycle(1)
    assert row.ideas == 5000
    assert len(row.decisions) == cycle_rows.MAX_DECISIONS
    assert (len(row.decisions[0].reason), len(row.decisions[0].reasons[0])) == (300, 300)


def test_old_decisions_are_forgotten_but_not_the_figures(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cycle_rows, "KEEP_DECISIONS", 3)
    for cycle in range(1, 6):
        ledger.decide(cycle, CANDLE, AT, [], [decision(), decision(ETH, "refused")])
        ledger.finish_cycle(cycle, at_ms=AT + cycle, equity=Decimal(cycle))

    assert [len(row.decisions) for row in ledger.cycles()] == [0, 0, 2, 2, 2]
    assert [(row.ideas, row.refusals) for row in ledger.cycles()] == [(2, 1)] * 5
    assert ledger.equity_curve() == [(AT + cycle, cycle) for cycle in range(1, 6)]


def test_a_cycle_without_equity_is_no_point_of_the_curve(ledger: Ledger):
    ledger.decide(1, CANDLE, AT, [], [])
    ledger.finish_cycle(1, at_ms=AT, equity=None)

    assert ledger.equity_curve() == []


def test_the_newest_cycles_oldest_first(ledger: Ledger):
    for cycle in (1, 2, 3):
        ledger.begin_cycle(cycle, CANDLE, AT)

    assert [row.cycle for row in ledger.cycles(limit=2)] == [2, 3]


def test_runs_keep_their_first_reason(ledger: Ledger):
    words = {"mode": "sim", "version": "1.2", "strategy": "sma_cross", "branch": "sma_cross-1"}
    first = ledger.start_run(**words, at_ms=AT)
    second = ledger.start_run(**words, at_ms=AT + 1)

    ledger.end_run(second, "iterations used up", AT + 2)
    ledger.end_run(second, "another", AT + 3)

    rows = ledger.runs()
    assert [(row.id, row.ended_ms, row.reason) for row in rows] == [
        (first, None, None),
        (second, AT + 2, "iterations used up"),
    ]
    assert rows[0].branch == "sma_cross-1"
