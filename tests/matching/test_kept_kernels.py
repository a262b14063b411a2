"""Compiled kernels on disk: found again, never taken for another's, compiled anew where they are damaged."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gobot
from gobot.matching.compiled import compiled
from gobot.matching.kept import _fingerprint, _forget_all_but

PROGRAM = """
import sys
from gobot.matching import liquidation_price, tiers_of
from gobot.matching.compiled import compiled
from gobot.matching.kept import directory
from numba.core.event import Listener, install_listener

class Count(Listener):
    compiled = 0
    def on_start(self, event): self.compiled += 1
    def on_end(self, event): pass

count = Count()
with install_listener("numba:compile", count):
    sys.stdin.readline()
    price = liquidation_price(1, 0.02, 50_000.0, 100.0, tiers_of("BTC/USDT:USDT"))
print(round(price, 2), count.compiled > 0, directory())
"""


def start(cache, **environment):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def answer(process):
    out, _ = process.communicate("go\n", timeout=120)
    price, compiled, directory = out.split()
    assert (process.returncode, price) == (0, "45180.72")
    return compiled == "True", directory


def test_what_was_compiled_is_found_again_and_what_is_damaged_is_not_used(tmp_path):
    compiled, directory = answer(start(tmp_path))
    assert compiled
    assert Path(directory).parent == tmp_path
    assert answer(start(tmp_path)) == (False, directory)
    for cut in (".nbc", ".nbi"):
        (kept,) = Path(directory).glob(f"liquidation.liquidation_price-*{cut}")
        kept.write_bytes(kept.read_bytes()[:100])
        assert answer(start(tmp_path))[0]
        assert not answer(start(tmp_path))[0]


def test_two_processes_that_compile_at_once_get_what_they_asked_for(tmp_path):
    both = [start(tmp_path), start(tmp_path)]
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [answer(process)[0] for process in both]
    assert True in answers
    assert not answer(start(tmp_path))[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_where_nothing_can_be_kept_everything_still_works(tmp_path):
    tmp_path.chmod(0o500)
    assert answer(start(tmp_path / "cache")) == (True, "None")


def test_a_cache_that_cannot_be_a_directory_is_none(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert answer(start(file)) == (True, "None")


def test_without_a_setting_the_users_cache_directory_is_used(tmp_path):
    _, directory = answer(start("", XDG_CACHE_HOME=str(tmp_path)))
    assert Path(directory).parent == tmp_path / "gobot" / "kernels"


def test_a_function_without_a_file_is_compiled_and_not_kept():
    names = {}
    exec("def twice(x):\n    return 2.0 * x", names)  # as a notebook does
    assert compiled(names["twice"])(2.0) == 4.0


def test_any_change_of_what_goes_into_kernels_is_another_directory(tmp_path):
    rooms = [tmp_path / room for room in ("matching", "strategy", "backtest")]
    for room in rooms:
        room.mkdir()
        (room / "bars.py").write_text("fee = 1")
    before = _fingerprint(tmp_path)
    assert _fingerprint(tmp_path) == before
    (rooms[0] / "bars.py").write_text("fee = 2")
    assert _fingerprint(tmp_path) != before
    assert len(_fingerprint(Path(gobot.__file__).parent)) == 16


def test_only_the_newest_few_directories_stay(tmp_path):
    for age in range(5):
        folder = tmp_path / str(age)
        folder.mkdir()
        (folder / "lock").touch()
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "mine").mkdir()
    _forget_all_but(2, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "mine"]
