"""``gobot strategy``."""

import json
import os

import pytest

from gobot.cli import main
from gobot.strategy import SHIPPED


@pytest.fixture
def run(capfd, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("GOBOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GOBOT_HOME", str(tmp_path))

    def run(*args):
        with pytest.raises(SystemExit) as left:
            main(["strategy", *args])
        out, err = capfd.readouterr()
        return left.value.code, out, err

    return run


def test_a_new_strategy_runs_and_passes_its_own_check(run, tmp_path):
    path = tmp_path / "strategies" / "dip_buyer.py"
    assert run("new", "dip_buyer") == (0, f"wrote {path}; try: gobot strategy check dip_buyer\n", "")
    assert "class DipBuyer(Strategy):" in path.read_text()
    code, out, err = run("check", "dip_buyer")
    assert (code, err) == (0, "")
    assert "look-ahead   pass" in out
    assert out.endswith("dip_buyer: honest as far as can be seen\n")
    code, out, _ = run("check", str(path), "--json", "-p", "period=9")
    document = json.loads(out)
    assert (code, document["passed"], document["strategy"], document["file"]) == (0, True, "dip_buyer", "dip_buyer.py")
    assert document["params"]["period"] == 9
    assert {"check", "passed", "seen", "mend"} == set(document["checks"][0])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Dip", "'Dip' cannot name a strategy: use small letters, digits and _, such as dip_buyer"),
        ("dip-buyer", "'dip-buyer' cannot name a strategy"),
        ("../dip", "'../dip' cannot name a strategy"),
        ("class", "'class' cannot name a strategy"),
        ("param", "'param' cannot name a strategy"),
        ("sma_cross", "sma_cross is a strategy that gobot ships: give yours another name"),
        ("mine", "mine.py has a strategy mine already: edit it, or give another name"),
        ("hidden", "mine.py has a strategy hidden already: edit it, or give another name"),
    ],
)
def test_bad_and_taken_names_are_refused(run, tmp_path, name, sentence):
    strategies = tmp_path / "strategies"
    strategies.mkdir()
    (strategies / "mine.py").write_text("class Hidden(object):\n    name = 'hidden'\n")
    code, out, err = run("new", name)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert [path.name for path in strategies.iterdir()] == ["mine.py"]


def test_the_list_has_everybody(run, tmp_path):
    run("new", "dip_buyer")
    (tmp_path / "strategies" / "broken.py").write_text("class Oops(:\n")
    code, out, err = run("list")
    assert code == 0
    assert "sma_cross            gobot  fast 10 (1..500), slow 50 (2..1000)" in out
    assert "dip_buyer            you    trend 100 (10..500)" in out
    assert err == f"gobot: {tmp_path / 'strategies' / 'broken.py'}, line 1: invalid syntax\n"
    _, out, _ = run("list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert rows.keys() == {*SHIPPED, "dip_buyer"}
    assert rows["sma_cross"]["params"][0] == {
        "name": "fast",
        "type": "int",
        "default": 10,
        "low": 1,
        "high": 500,
        "step": 1,
        "choices": [],
        "description": "Candles of the fast average.",
    }
    assert rows["sma_cross"]["constraints"] == ["fast < slow"]
    assert rows["multi_stoch_rsi"]["timeframes"] == ["30m", "1h"]
    assert (rows["dip_buyer"]["shipped"], rows["template"]["shipped"]) == (False, True)


def test_a_cheat_is_told_where_to_mend(run, tmp_path, random_walk):
    run("new", "cheat")
    path = tmp_path / "strategies" / "cheat.py"
    path.write_text(
        path.read_text().replace('frame["close"] > frame["mean"]', 'frame["close"].shift(-1) > frame["mean"]')
    )
    data = tmp_path / "BTCUSDT_15m.csv"
    random_walk(3, 1500).frame().to_csv(data)
    code, out, err = run("check", str(path), "--data", str(data))
    assert (code, err) == (1, "")
    assert "look-ahead   FAIL" in out
    assert "runs         pass    on 3 markets" in out
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "shift(-1) >" in text)
    assert f"mend look-ahead: line {line}: shift(-1) reads later candles" in out
    assert out.endswith("cheat: not to be trusted yet\n")


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (("check", "nobody"), 1, "no strategy 'nobody'"),
        (("check", "nowhere.py"), 1, "nowhere.py cannot be read"),
        (("check", "sma_cross", "-p", "fast"), 2, "-p fast is not understood: write -p NAME=VALUE, such as -p fast=10"),
        (("check", "sma_cross", "-p", "fast=99"), 1, "fast < slow must hold, but fast is 99 and slow is 50"),
    ],
)
def test_wrong_usage_is_one_sentence(run, args, code, sentence):
    left, out, err = run(*args)
    assert (left, out) == (code, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_data_too_short_to_tell_anything(run, tmp_path, random_walk):
    data = tmp_path / "BTCUSDT_15m.csv"
    random_walk(3, 200).frame().to_csv(data)
    code, out, err = run("check", "sma_cross", "--data", str(data))
    assert (code, out) == (1, "")
    assert "BTCUSDT_15m.csv holds 200 candles, a check of sma_cross needs 251" in err
