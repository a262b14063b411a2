"""Files that cannot be used: one line, with file, line, key and a way out, and never a traceback."""

import os
import re
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gobot.core import ConfigError
from gobot.settings import load_settings

LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))

# What stands in the file, the line and key that must be named, and words of the reason.
MALFORMED = {
    "empty": ("", 1, "trading", "empty"),
    "only comments": ("# one\n# two\n", 1, "trading", "empty"),
    "only a document start": ("---\n", 1, "trading", "empty"),
    "a list": ("- trading\n- exchange\n", 1, "trading", "top level"),
    "a text": ("trading\n", 1, "trading", "top level"),
    "two documents": ("trading: {bot: x}\n---\nsim: {}\n", 2, "trading", "second document"),
    "tab": ("trading:\n\tmode: sim\n", 2, "trading.mode", "tab"),
    "open bracket": ("trading:\n  symbols: [A/B:B, C/B:B\n  bot: x\n", 2, "trading.symbols", "bracket"),
    "open brace": ("trading:\n  params: {fast: 5\n", 2, "trading.params", "bracket"),
    "open quote": ("trading:\n  bot: 'x\n  mode: sim\n", 2, "trading.bot", "quote"),
    "no colon": ("trading:\n  mode sim\n  bot: x\n", 3, "trading.bot", "colons"),
    "indentation": ("trading:\n  mode: sim\n    bot: x\n", 3, "trading.mode.bot", "indentation"),
    "dedentation": ("trading:\n    mode: sim\n  bot: x\n", 3, "trading.bot", "indentation"),
    "duplicate key": ("trading:\n  mode: sim\n  bot: x\n  mode: live\n", 4, "trading.mode", "first in line 2"),
    "duplicate section": ("trading: {bot: x}\nsim: {}\ntrading: {}\n", 3, "trading", "first in line 1"),
    "unknown key": ("trading:\n  symbol: x\n", 2, "trading.symbol", "trading.symbols"),
    "unknown section": ("trading: {}\nexchanges: {}\n", 2, "exchanges", "is exchange:"),
    "unknown deep key": (
        "trading:\n  orchestrator:\n    completion_targets:\n      daily_target: 5\n",
        4,
        "trading.orchestrator.completion_targets.daily_target",
        "trading.orchestrator.completion_targets.daily_profit_target",
    ),
    "misplaced key": ("trading:\n  max_iterations: 5\n", 2, "trading.max_iterations", "orchestrator.max_iterations"),
    "dotted key": ("trading.mode: sim\n", 1, "'trading.mode'", "line of its own"),
    "word for a number": ("trading:\n  leverage: many\n", 2, "trading.leverage", "at least 1 and at most 125"),
    "switch for a number": ("trading:\n  leverage: yes\n", 2, "trading.leverage", "a whole number"),
    "fraction for a whole": ("trading:\n  leverage: 1.5\n", 2, "trading.leverage", "a whole number"),
    "number for a text": ("trading:\n  bot: 5\n", 2, "trading.bot", "in quotes"),
    "number for a switch": ("log:\n  file: 7\n", 2, "log.file", "true or false"),
    "text for a list": ("trading:\n  symbols: BTC\n", 2, "trading.symbols", "a list"),
    "null in a list": ("trading:\n  symbols:\n    - A/B:B\n    -\n", 4, "trading.symbols[1]", "a list"),
    "twice in a list": ("trading:\n  symbols: [A/B:B, A/B:B]\n", 2, "trading.symbols", "more than once"),
    "list for a mapping": ("trading:\n  params: [1]\n", 2, "trading.params", "mapping"),
    "mapping for a value": ("trading:\n  mode: {a: b}\n", 2, "trading.mode", "paper"),
    "null for a value": ("trading:\n  mode:\n", 2, "trading.mode", "null is not allowed"),
    "null for a section": ("sim: {}\ntrading:\n", 2, "trading", "keys are wanted"),
    "value for a section": ("trading:\n  orchestrator: 50\n", 2, "trading.orchestrator", "max_iterations"),
    "list for a section": ("trading:\n  - mode: sim\n", 1, "trading", "keys are wanted"),
    "out of range": ("trading:\n  leverage: 500\n", 2, "trading.leverage", "at most 125"),
    "no choice": ("trading:\n  mode: lve\n", 2, "trading.mode", "sim, paper, testnet, live"),
    "no date": ("sim:\n  start: 2025-13-45\n", 2, "sim.start", "2025-01-01"),
    "no timeframe": ("trading:\n  timeframe: 15x\n", 2, "trading.timeframe", "such as 15m"),
    "not a number": ("trading:\n  leverage: .nan\n", 2, "trading.leverage", "a whole number"),
    "plain nan": ("trading:\n  max_position_usd: nan\n", 2, "trading.max_position_usd", "above 0"),
    "infinite": ("backtest:\n  fee: -.inf\n", 2, "backtest.fee", "below 0.1"),
    "too large a float": ("backtest:\n  fee: 1e999\n", 2, "backtest.fee", "below 0.1"),
    "huge whole": (f"trading:\n  leverage: {'9' * 6000}\n", 2, "trading.leverage", "at most 125"),
    "huge hex": (f"sim:\n  seed: 0x{'f' * 6000}\n", 2, "sim.seed", "whole number"),
    "long value": (f"trading:\n  bot: {'x' * 200_000}\n", 2, "trading.bot", "matching"),
    "long key": (f"trading:\n  {'k' * 900}: 1\n", 2, "trading.'kkk", "no such key"),
    "very long key": (f"trading:\n  {'k' * 200_000}: 1\n", 2, "trading", "broken"),
    "newline in a key": ('trading:\n  "mo\\nde": 1\n', 2, "trading.'mo\\nde'", "trading.mode"),
    "escape in a key": ('trading:\n  "\\e[31mred": 1\n', 2, "trading.'\\x1b[31mred'", "no such key"),
    "escape in a value": ('trading:\n  bot: "a\\0b"\n', 2, "trading.bot", "control character"),
    "lone surrogate": ('trading:\n  bot: "\\ud800"\n', 2, "trading.bot", "control character"),
    "impossible escape": ('trading:\n  bot: "\\UFFFFFFFF"\n', 1, "trading", "not valid YAML"),
    "number as key": ("trading:\n  1: x\n", 2, "trading.1", "no such key"),
    "null as key": ("trading:\n  ~: x\n", 2, "trading.'~'", "no such key"),
    "list as key": ("trading:\n  ? [a]\n  : b\n", 2, "trading", "name of a key"),
    "merge key": ("sim: &s {seed: 1}\ntrading:\n  <<: *s\n", 3, "trading.'<<'", "merge keys"),
    "python object": ("trading: !!python/object/apply:os.system [ls]\n", 1, "trading", "tags"),
    "own tag": ("trading:\n  bot: !mine x\n", 2, "trading.bot", "tags"),
    "binary tag": ("trading:\n  bot: !!binary aGk=\n", 2, "trading.bot", "tags"),
    "set tag": ("trading:\n  symbols: !!set {a, b}\n", 2, "trading.symbols", "tags"),
    "tag that does not fit": ("trading:\n  leverage: !!int many\n", 2, "trading.leverage", "tags"),
    "unknown alias": ("trading:\n  bot: *nobody\n", 2, "trading.bot", "alias"),
    "endless alias": ("trading:\n  params: &p\n    again: *p\n", 2, "trading.params.again", "aliases"),
    "billion laughs": (LAUGHS, None, "", "aliases"),
    "deep brackets": ("trading: " + "[" * 50_000 + "\n", 1, "trading", "24 levels"),
    "deep braces": ("trading: " + "{a: " * 20_000 + "\n", 1, "trading", "24 levels"),
    "deep lists": ("trading:\n" + "- " * 50_000 + "x\n", 2, "trading", "24 levels"),
    "many values": ("trading:\n  symbols:\n" + "    - x\n" * 30_000, None, "trading.symbols", "20000 values"),
    "percent directive": ("%FOO\ntrading: {}\n", 2, "trading", "broken"),
    "huge version": (f"%YAML {'9' * 5000}.1\n---\ntrading: {{}}\n", 1, "trading", "not valid YAML"),
    "NUL": (b"trading:\n  bot: a\0b\n", 2, "trading.bot", "control character"),
    "binary": (bytes(range(256)) * 4, 2, "trading", "control character|UTF-8"),
    "ELF": (b"\x7fELF\x02\x01\x01" + bytes(200), 1, "trading", "control character"),
    "not UTF-8": (b"trading:\n  mode: sim\n  bot: caf\xe9\n", 3, "trading.bot", "UTF-8"),
    "UTF-16": ("trading: {}\n".encode("utf-16"), 1, "trading", "UTF-16"),
    "UTF-16 without mark": ("trading: {}\n".encode("utf-16-le"), 1, "trading", "control character"),
    "10 MB": (b"trading: {}\n" + b"# filler\n" * 1_200_000, 1, "trading", "256 KiB"),
    "nearly a secret": ("exchange:\n  api_keys: hunter2\n", 2, "exchange.api_keys", "GOBOT_EXCHANGE__API_KEY"),
    "a secret": ("exchange:\n  secret: hunter2\n", 2, "exchange.secret", "GOBOT_EXCHANGE__SECRET"),
}


def write(home, content):
    path = home / "config/gobot.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def check(message, line, key, words):
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) < 800
    assert re.match(rf"config/gobot\.yaml:{line or '[0-9]+'}: {re.escape(key)}", message), message
    assert re.search(words, message), message
    assert "hunter2" not in message


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused_in_one_line(tmp_path, name):
    content, line, key, words = MALFORMED[name]
    write(tmp_path, content)
    began = time.perf_counter()
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, environment={})
    assert time.perf_counter() - began < 5
    check(str(caught.value), line, key, words)


@pytest.mark.parametrize(
    "name",
    ["empty", "tab", "open bracket", "unknown deep key", "duplicate key", "python object", "billion laughs", "10 MB",
     "deep brackets", "binary", "escape in a key", "out of range", "a secret", "not UTF-8"],
)  # fmt: skip
def test_the_command_line_says_it_in_one_line(tmp_path, name):
    content, line, key, words = MALFORMED[name]
    write(tmp_path, content)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOBOT_")}
    done = subprocess.run(
        [sys.executable, "-m", "gobot", "config", "show"],
        env=environment | {"GOBOT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("gobot: ")
    check(done.stderr.removeprefix("gobot: ").rstrip("\n"), line, key, words)


def test_a_directory_in_place_of_the_file(tmp_path):
    (tmp_path / "config/gobot.yaml").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"config/gobot.yaml:1: trading: .*directory"):
        load_settings(tmp_path, environment={})


def test_a_link_to_nowhere(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/gobot.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"config/gobot.yaml:1: trading: .*No such file"):
        load_settings(tmp_path, environment={})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path):
    write(tmp_path, "trading: {}\n")
    (tmp_path / "config/gobot.yaml").chmod(0)
    with pytest.raises(ConfigError, match=r"config/gobot.yaml:1: trading: .*Permission denied"):
        load_settings(tmp_path, environment={})


def test_all_problems_are_counted_and_the_first_is_told(tmp_path):
    write(tmp_path, "trading:\n  leverage: 0\n  nonsense: 1\n  mode: x\nlogs: {}\n")
    with pytest.raises(ConfigError, match=r"^config/gobot.yaml:2: trading.leverage: .* \(and 3 more\)$"):
        load_settings(tmp_path, environment={})


TOKENS = st.sampled_from(
    ["trading", "mode", "symbols", "sim", "params", "1", "1.5", "on", "~", "é", "0x", "_", "\ufeff", "\x85", "\u2028",
     ":", ": ", "\n", "\n  ", "\t", "\r", "[", "]", "{", "}", ",", "-", "- ", "? ", "&a", "*a", "!!str", "!x", "<<",
     "|", ">", "'", '"', "\\", "\\U", "#", "%", "---", "..."]
)  # fmt: skip
TEXTS = st.lists(TOKENS, max_size=40).map(lambda parts: "".join(parts).encode())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(st.binary(max_size=300), st.lists(TOKENS, max_size=40).map(lambda parts: "".join(parts).encode()))
)
def test_no_content_raises_anything_but_a_config_error(tmp_path, content):
    write(tmp_path, content)
    try:
        load_settings(tmp_path, environment={})
    except ConfigError as error:
        message = str(error)
        assert re.match(r"config/gobot\.yaml:\d+: \S", message), message
        assert message.isprintable()


NAMES = st.sampled_from(
    ["GOBOT_TRADING__MODE", "GOBOT_TRADING__PARAMS__X", "GOBOT_SIM__SEED", "GOBOT_TRADING__SYMBOLS"]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.one_of(NAMES, st.text(max_size=20)).map("GOBOT_".__add__), value=st.text(max_size=40))
def test_no_variable_raises_anything_but_a_config_error(tmp_path, name, value):
    try:
        load_settings(tmp_path, environment={name: value})
    except ConfigError as error:
        assert str(error).isprintable()
