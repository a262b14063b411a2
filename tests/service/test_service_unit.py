"""What systemd itself says about the unit that is shipped."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gobot.settings.keys import KEYS

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "gobot.service"

pytestmark = [
    pytest.mark.systemd,
    pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: run .ci/services"),
]


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_verify_has_nothing_to_say():
    result = analyze("verify", str(UNIT))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_exposure_is_low():
    result = analyze("security", "--offline=true", "--no-pager", str(UNIT))
    assert result.returncode == 0, result.stderr
    exposure = re.search(r"Overall exposure level for gobot\.service: (\d+\.\d+)", result.stdout)
    assert exposure is not None, result.stdout
    assert float(exposure[1]) <= 2.0


def test_numba_may_compile_and_keep_what_it_compiled():
    unit = UNIT.read_text()
    assert "MemoryDenyWriteExecute=" not in unit
    assert "Environment=NUMBA_CACHE_DIR=%C/gobot" in unit
    assert "CacheDirectory=gobot" in unit


def test_every_secret_is_a_credential():
    parser = configparser.RawConfigParser(strict=False)
    parser.read(UNIT)
    assert not parser.has_option("Service", "EnvironmentFile")
    found = re.findall(r"^LoadCredential=(\S+)$", UNIT.read_text(), re.MULTILINE)
    assert found == ["GOBOT_EXCHANGE__API_KEY", "GOBOT_EXCHANGE__SECRET", "GOBOT_TELEGRAM__TOKEN"]


def test_the_settings_know_every_variable_of_the_unit():
    found = re.findall(r"^(?:Environment|LoadCredential)=(GOBOT_[A-Z_]+)", UNIT.read_text(), re.MULTILINE)
    assert set(found) - {key.variable for key in KEYS.values()} == {"GOBOT_HOME"}
