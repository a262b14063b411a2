"""What is written about the settings follows from the models."""

from pathlib import Path

import pytest

from gobot.settings import Settings, load_settings
from gobot.settings.keys import KEYS, dotted, nearest
from gobot.settings.reference import commented_file, refreshed

PAGE = Path(__file__).parents[2] / "docs/configuration.md"


def test_the_commented_file_loads_back_to_the_defaults(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/gobot.yaml").write_text(commented_file(), encoding="utf-8")
    loaded = load_settings(tmp_path, environment={})
    assert loaded.settings == Settings()
    unset = {key.name for key in KEYS.values()} - loaded.explicit
    # Naming symbols, even the default one, would take the place of the synthetic market.
    assert unset == {"trading.symbols", "exchange.api_key", "exchange.secret", "telegram.token"}


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_every_key_is_explained(key):
    assert key.description, key.name
    assert key.allowed
    assert key.description in " ".join(line.strip(" #") for line in commented_file().splitlines())


def test_the_documented_table_is_current():
    page = PAGE.read_text(encoding="utf-8")
    assert page == refreshed(page), "run: python -m gobot.settings.reference docs/configuration.md"


def test_allowed_values_are_in_words():
    allowed = {key.name: key.allowed for key in KEYS.values()}
    assert allowed["trading.mode"] == "one of sim, paper, testnet, live"
    assert allowed["trading.leverage"] == "a whole number, at least 1 and at most 125"
    assert allowed["trading.sizing.amount_usd"] == "a number, above 0 and at most 1000000000000, or null"
    assert allowed["trading.orchestrator.completion_targets.max_daily_loss"] == "a number, below 0"
    assert allowed["telegram.chat_ids"] == "a list of whole numbers"
    assert allowed["backtest.risk"] == "true or false"


@pytest.mark.parametrize(
    ("unknown", "known"),
    [
        (("trading", "max_iteration"), "trading.orchestrator.max_iterations"),
        (("max_drawdown",), "trading.risk_manager.max_drawdown_pct"),
        (("trading", "riskmanager"), "trading.risk_manager"),
        (("tradings",), "trading"),
        (("backtest", "fees"), "backtest.fee"),
        (("sim", "fees"), "sim.fee"),
        (("exchange", "api_keys"), "exchange.api_key"),
        (("trading.mode",), "trading.mode"),
    ],
)
def test_the_nearest_key_is_the_one_that_was_meant(unknown, known):
    assert dotted(nearest(unknown)) == known
