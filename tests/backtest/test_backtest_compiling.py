"""What users are told while they wait for the compiler."""

import os
import subprocess
import sys

import pytest

PROGRAM = "from gobot.backtest.compiling import what_takes_long; print(what_takes_long())"


@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        ("kernels", "compiling the kernels for this machine, once; that takes some seconds"),
        ("file", "nothing can be kept in {}: set NUMBA_CACHE_DIR to a directory that can be written"),
    ],
)
def test_whether_it_was_the_last_time(tmp_path, cache, expected):
    (tmp_path / "file").touch()
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / cache)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True)
    assert expected.format(tmp_path / cache) in done.stdout
