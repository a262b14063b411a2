"""Log lines are structured, secrets never reach them, and a log that cannot be written never stops the daemon."""

from __future__ import annotations

import logging
import resource
import subprocess
import sys

import pytest
from loguru import logger

from gobot.app.logs import set_up_logging

SECRET = "s3cr3t-k3y-value"


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "logs" / "gobot.log"
    set_up_logging(level="INFO", file=path, stderr=False, secrets=[SECRET, ""])
    yield path
    logger.remove()
    logging.basicConfig(force=True, handlers=[logging.NullHandler()])


def test_a_line_has_level_message_and_keys(log) -> None:
    logger.info("order accepted", symbol="BTC/USDT:USDT", price="1.5")
    logger.debug("not written at INFO")
    line = log.read_text().splitlines()
    assert len(line) == 1
    assert line[0].endswith("INFO     order accepted symbol=BTC/USDT:USDT price=1.5")


def test_braces_and_markup_in_values_are_harmless(log) -> None:
    logger.info("odd", value="{not} <red>a</red> {0!r}", other="{}")
    assert "value={not} <red>a</red> {0!r} other={}" in log.read_text()


def test_secrets_are_masked_everywhere(log) -> None:
    logger.info(f"key {SECRET}", header=f"X-KEY: {SECRET}")
    logging.getLogger("some.library").warning("calling https://venue/path?signature=%s", SECRET)
    with logger.catch(ValueError, message="failed"):
        int(f"bad key {SECRET}")
    text = log.read_text()
    assert SECRET not in text
    assert text.count("********") >= 4
    assert "ValueError" in text


def test_chatty_libraries_are_quiet(log) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://api/bot123:abc/getUpdates")
    logging.getLogger("ccxt").warning("worth knowing")
    assert "getUpdates" not in log.read_text()
    assert "worth knowing source=ccxt" in log.read_text()


def test_a_full_disk_loses_lines_not_the_daemon(tmp_path) -> None:
    path = tmp_path / "gobot.log"
    script = (
        "import pathlib, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from loguru import logger\n"
        "from gobot.app.logs import set_up_logging\n"
        f"set_up_logging(level='INFO', file=pathlib.Path({str(path)!r}), stderr=False)\n"
        "for number in range(1000): logger.info('line', number=number, pad='x' * 100)\n"
        "print('still here')\n"
    )

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, preexec_fn=small_files, check=False
    )
    assert done.stdout == "still here\n", done.stderr
    assert done.returncode == 0
    assert path.stat().st_size <= 20_000
