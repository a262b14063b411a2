"""Faults of every kind, sudden deaths and humans, again and again: in the end ledger and venue agree to the cent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from run_seed import run_seeds

RUNS = int(os.environ.get("GOBOT_CAMPAIGN_RUNS", "5"))
_BATCH = 5


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(-(-RUNS // _BATCH)))
async def test_ledger_and_venue_agree_whatever_happens(tmp_path: Path, batch: int) -> None:
    seeds = range(batch * _BATCH, min((batch + 1) * _BATCH, RUNS))

    found = await run_seeds(seeds, tmp_path, at_once=_BATCH)

    wrong = [
        f"seed {seed}: {'; '.join(sentences)}\n"
        f"  again: python tests/campaign/run_seed.py {seed}; what it left behind is in {tmp_path / str(seed)}"
        for seed, sentences in found.items()
        if sentences
    ]
    assert not wrong, "\n".join(wrong)
