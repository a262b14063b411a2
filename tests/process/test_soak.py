"""Memory stays flat: the last quarter of a long run uses no more than the first.

CI runs a slice; ``make soak`` runs the whole of 5,000 cycles.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from pathlib import Path

import pytest

CYCLES = int(os.environ.get("GOBOT_SOAK_CYCLES", "800"))


@pytest.mark.slow
def test_memory_stays_flat(home) -> None:
    child = subprocess.Popen(
        home.command("run", "--plain", "--speed", "max", "--cycles", str(CYCLES), "--set", "log.level=WARNING"),
        stderr=subprocess.DEVNULL,
    )
    home.children.append(child)
    status = Path(f"/proc/{child.pid}/status")
    resident: list[int] = []

    def ended() -> bool:
        lines = [line for line in status.read_text().splitlines() if line.startswith("VmRSS")]
        if lines:
            resident.append(int(lines[0].split()[1]))
        return child.poll() is not None

    home.until(ended, seconds=1800)
    assert child.returncode == 0
    assert home.json("status")["cycle"] == CYCLES
    # Loading libraries and releasing their code again is no part of the long run.
    settled = resident[len(resident) // 10 :]
    quarter = len(settled) // 4
    first, last = statistics.median(settled[:quarter]), statistics.median(settled[-quarter:])
    assert last <= first * 1.05, (
        f"resident {first / 1000:.1f} MB in the first quarter, {last / 1000:.1f} MB in the last"
    )
