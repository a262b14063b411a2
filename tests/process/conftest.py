"""The real daemon as a child process in a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest


class Home:
    """A home directory and the gobot that lives in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / "state"
        self.children: list[subprocess.Popen[str]] = []

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "gobot", "--home", str(self.path), *arguments]

    def gobot(self, *arguments: str, **keywords) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=120, check=False, **keywords
        )

    def json(self, *arguments: str):
        """The JSON document that a command prints."""
        done = self.gobot(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return orjson.loads(done.stdout)

    def run(self, *arguments: str, **keywords) -> subprocess.CompletedProcess[str]:
        """A whole run of the daemon at full speed."""
        return self.gobot("run", "--plain", "--speed", "max", *arguments, **keywords)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A daemon in the background; returns once it answers."""
        child = subprocess.Popen(
            self.command("run", "--plain", *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.children.append(child)
        self.until(lambda: (self.state / "control.sock").exists() and self.json("status").get("cycle", 0) > 0, child)
        return child

    def until(self, condition, child: subprocess.Popen[str] | None = None, seconds: float = 60.0) -> None:
        """Wait for ``condition``; fails when the child ends first or the time is over."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert child is None or child.poll() is None, child.stdout.read() if child and child.stdout else ""
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)  # another process is at work: there is no clock to inject

    def write(self, name: str, text: str) -> Path:
        """A file of the home directory."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    for name in [name for name in os.environ if name.startswith("GOBOT_")]:
        del os.environ[name]
    one = Home(tmp_path)
    yield one
    for child in one.children:
        if child.poll() is None:
            child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()
