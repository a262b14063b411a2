"""The command line itself: help, versions, and how each kind of error ends."""

import os
import subprocess
import sys

import pytest
import typer

from gobot import __version__
from gobot.cli import main
from gobot.cli.main import COMMANDS, Row, load_command
from gobot.core import GobotError, UsageError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("GOBOT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(capfd):
    def run(*args):
        with pytest.raises(SystemExit) as left:
            main(args)
        out, err = capfd.readouterr()
        return left.value.code, out, err

    return run


def fails():
    """Fail."""
    raise GobotError("the first line\nthe second\x1b[31m")


def interrupted():
    """Be interrupted."""
    raise KeyboardInterrupt


def prints(ctx: typer.Context):
    """Print the home directory."""
    typer.echo(ctx.find_root().obj)


@pytest.fixture
def command(monkeypatch):
    def add(function):
        monkeypatch.setitem(COMMANDS, "probe", Row(f"{__name__}:{function.__name__}", "A probe."))

    return add


def test_help_lists_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    for name, row in COMMANDS.items():
        assert name in out
        assert row.summary.split()[0] in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_is_there_and_says_what_the_list_says(name):
    command = load_command(name)
    assert command.name == name
    assert (command.help or "").strip().splitlines()[0] == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_has_an_example(run, name):
    command = load_command(name)
    names = [(name, inner) for inner in getattr(command, "commands", {})] or [(name,)]
    for words in names:
        code, out, _ = run(*words, "--help")
        assert code == 0
        assert "gobot " + " ".join(words) in out.split("Options", 1)[0].replace("Usage:", "", 1).split("\n", 3)[-1]
        assert "\\b" not in out


def test_version(run):
    assert run("--version") == (0, f"gobot {__version__}\n", "")


def test_without_a_command_help_is_shown_and_it_is_wrong_usage(run):
    code, out, err = run()
    assert code == 2
    assert "Usage: gobot" in out + err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["confg"], ["No such command", "config", "gobot --help"]),
        (["config", "shw"], ["No such command", "show", "gobot config --help"]),
        (["config", "show", "--bad"], ["No such option", "gobot config show --help"]),
        (["config", "show", "--set"], ["--set"]),
        (["config", "show", "--set", "x"], ["key=value"]),
        (["config", "show", "extra"], ["extra"]),
        (["--home", "/nowhere/at/all", "config", "show"], ["home directory"]),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(run, args, words):
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("gobot: ")
    assert all(word in err for word in words), err


def test_a_deliberate_error_is_one_plain_line(run, command):
    command(fails)
    assert run("probe") == (1, "", "gobot: the first line the second\\x1b[31m\n")


def test_an_error_brings_its_exit_code(run, command, monkeypatch):
    command(fails)
    monkeypatch.setattr(GobotError, "exit_code", UsageError.exit_code)
    assert run("probe")[0] == 2


def test_ctrl_c_is_quiet(run, command):
    command(interrupted)
    assert run("probe") == (130, "", "")


@pytest.mark.parametrize("args", [["--home", "/a", "probe"], ["probe", "--home", "/a"], ["probe", "--home=/a"]])
def test_home_may_stand_anywhere(run, command, args):
    command(prints)
    assert run(*args) == (0, "/a\n", "")


def test_home_comes_from_the_environment(run, command, monkeypatch):
    command(prints)
    monkeypatch.setenv("GOBOT_HOME", "/b")
    assert run("probe")[1] == "/b\n"
    assert run("--home", "/a", "probe")[1] == "/a\n"
    assert run("probe", "--", "--home")[0] == 2


def python(*args):
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, timeout=60, check=False)


def test_help_imports_no_heavy_library():
    code = (
        "import sys, gobot.cli\n"
        "try: gobot.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ['pydantic', 'yaml', 'numpy', 'pandas', 'numba', 'sqlalchemy', 'ccxt', 'telegram', 'orjson']\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)\n"
    )
    assert python("-c", code).stderr == "[]\n"


def test_a_reader_that_leaves_is_no_trouble(tmp_path):
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "gobot", "--home", str(tmp_path), "config", "show"],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert process.stderr == b""
    assert process.returncode == 1


def test_it_is_a_module():
    done = python("-m", "gobot", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gobot {__version__}\n", "")


def test_an_error_that_nobody_expected_is_one_line_with_its_place(monkeypatch, capsys) -> None:
    monkeypatch.setattr("gobot.settings.load_settings", lambda *_, **__: 1 / 0)
    with pytest.raises(SystemExit) as left:
        main(["config", "show"])
    assert left.value.code == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(
        "gobot: an error that nobody expected: ZeroDivisionError: division by zero (test_cli_main.py"
    )
