"""``gobot rehearse`` as a user sees it."""

from __future__ import annotations

import json

import pytest

from gobot.cli import main


@pytest.fixture
def rehearse(tmp_path, random_walk, capsys):
    """Run the command on 160 candles in a home of its own; returns the exit code and what was printed."""
    data = tmp_path / "BTCUSDT_15m.parquet"
    random_walk(4, 160).frame().reset_index(names="time").to_parquet(data)
    home = tmp_path / "home"
    home.mkdir()
    params = ("-p", "fast=3", "-p", "slow=9")

    def run(*words: str):
        with pytest.raises(SystemExit) as left:
            main(["--home", str(home), "rehearse", "sma_cross", "--data", str(data), *params, *words])
        return left.value.code, capsys.readouterr()

    run.home = home
    return run


def test_equal_trades_leave_with_0_and_touch_nothing(rehearse):
    code, printed = rehearse("--set", "backtest.risk=off", "--json")
    document = json.loads(printed.out)
    assert code == 0
    assert (document["equal"], document["complete"], document["differences"]) == (True, True, [])
    assert document["compared"] >= 5
    assert document["backtest"]["trades"] == document["daemon"]["trades"]
    assert document["daemon"]["errors"] == []
    assert list(rehearse.home.iterdir()) == []


def test_a_table_for_people(rehearse):
    code, printed = rehearse("--set", "backtest.risk=off", "--cycles", "60")
    assert code == 0
    assert "trades are those of the backtest." in printed.out
    assert "60 cycles in" in printed.out
    assert printed.err == ""


def test_differences_leave_with_1_and_are_told(rehearse, monkeypatch):
    from gobot.app import rehearsal as room

    made = room.rehearsal_settings

    def dearer(*given):
        loaded = made(*given)
        loaded.settings.sim.__dict__["slippage"] = 0.001
        return loaded

    monkeypatch.setattr(room, "rehearsal_settings", dearer)
    code, printed = rehearse("--set", "backtest.risk=off", "--cycles", "60")
    assert code == 1
    assert "entry price" in printed.out
    assert "it was filled at another price." in printed.out


def test_the_state_can_be_kept(rehearse, tmp_path):
    kept = tmp_path / "kept"
    assert rehearse("--set", "backtest.risk=off", "--cycles", "40", "--keep", str(kept))[0] == 0
    assert (kept / "state" / "gobot.db").exists()
    code, printed = rehearse("--keep", str(kept))
    assert code == 2
    assert "is not empty" in printed.err
