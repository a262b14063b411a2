"""Where settings come from, which source wins, and what never leaves: secrets."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from gobot.core import ConfigError
from gobot.settings import Override, Settings, flat, load_settings, parse_scalar, parse_set, require_credentials
from gobot.settings.keys import KEYS

REQUIRED = """\
trading:
  initial_capital_usd: 100
  max_position_usd: 10
  stop_loss_percent: 2.0
  take_profit_percent: 4.0
  orchestrator:
    max_iterations: 50
    loop_interval: 900
    completion_targets:
      daily_profit_target: 50
      max_daily_loss: -100
  risk_manager:
    max_consecutive_losses: 5
    max_drawdown_pct: 20
    circuit_breaker_threshold: 3
    recovery_timeout_minutes: 30
  rate_limiter:
    requests_per_minute: 1200
    requests_per_hour: 100000
    backoff_multiplier: 2.0
  performance_monitor:
    archive_on_strategy_change: true
    pattern_discovery: true
    track_learnings: true
"""


def write(home, text):
    path = home / "config/gobot.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def load(home, text="", *, environment=None, **options):
    if text:
        write(home, text)
    return load_settings(home, environment=environment or {}, **options)


def refusal(home, text="", **options):
    with pytest.raises(ConfigError) as caught:
        load(home, text, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_without_a_file_everything_has_its_default(tmp_path):
    loaded = load(tmp_path)
    assert loaded.settings == Settings()
    assert loaded.path is None
    assert not loaded.explicit
    assert set(loaded.sources.values()) == {"default"}


def test_the_required_file_loads_unchanged(tmp_path):
    loaded = load(tmp_path, REQUIRED)
    assert loaded.settings == Settings()
    assert loaded.path == tmp_path / "config/gobot.yaml"
    assert loaded.sources["trading.initial_capital_usd"] == "config/gobot.yaml:2"
    assert loaded.sources["trading.performance_monitor.track_learnings"] == "config/gobot.yaml:24"
    assert "trading.orchestrator.max_iterations" in loaded.explicit
    assert "trading.symbols" not in loaded.explicit


def test_the_shipped_file_loads():
    root = Path(__file__).parents[2]
    loaded = load_settings(root, config=root / "config/gobot.yaml", environment={})
    assert loaded.settings.trading.mode == "sim"
    assert len(loaded.settings.trading.symbols) == 12
    assert loaded.settings.trading.sizing.amount_usd == Decimal(2000)
    required = load_settings(root, environment={}).explicit
    assert {"trading.rate_limiter.backoff_multiplier", "trading.performance_monitor.track_learnings"} <= required


def test_later_sources_win(tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    write(tmp_path, "trading: {bot: file, leverage: 2, strategy: file, direction: long, max_position_usd: 1}\n")
    (tmp_path / ".env").write_text(
        "# mine\n\nGOBOT_TRADING__LEVERAGE=3\nexport GOBOT_TRADING__STRATEGY='dotenv'\nOTHER=x\n"
        "GOBOT_TRADING__DIRECTION=short\nGOBOT_TRADING__MAX_POSITION_USD=2\n"
    )
    environment = {
        "GOBOT_TRADING__STRATEGY": "variable",
        "GOBOT_TRADING__DIRECTION": "both",
        "GOBOT_TRADING__MAX_POSITION_USD": "3",
        "GOBOT_HOME": "/elsewhere",
        "HOME": "/root",
        "CREDENTIALS_DIRECTORY": str(credentials),
    }
    (credentials / "GOBOT_TRADING__DIRECTION").write_text("long\n")
    (credentials / "gobot-trading-max-position-usd").write_text("4")
    (credentials / "other").write_text("x")
    loaded = load(tmp_path, environment=environment, overrides=[parse_set("trading.max_position_usd=5")])
    trading = loaded.settings.trading
    assert (trading.bot, trading.leverage, trading.strategy) == ("file", 3, "variable")
    assert (trading.direction, trading.max_position_usd) == ("long", Decimal(5))
    assert loaded.sources["trading.bot"] == "config/gobot.yaml:1"
    assert loaded.sources["trading.leverage"] == ".env:3"
    assert loaded.sources["trading.strategy"] == "GOBOT_TRADING__STRATEGY"
    assert loaded.sources["trading.direction"] == "credential GOBOT_TRADING__DIRECTION"
    assert loaded.sources["trading.max_position_usd"] == "--set"


def test_options_of_commands_win_over_set(tmp_path):
    overrides = [parse_set("trading.mode=paper"), Override("trading.mode", "testnet", "--mode")]
    loaded = load(tmp_path, overrides=overrides)
    assert loaded.settings.trading.mode == "testnet"
    assert loaded.sources["trading.mode"] == "--mode"


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("trading.symbols=BTC/USDT:USDT", "trading.symbols", ["BTC/USDT:USDT"]),
        ("trading.symbols=[A/B:B, C/B:B]", "trading.symbols", ["A/B:B", "C/B:B"]),
        ("telegram.chat_ids=1,-2", "telegram.chat_ids", [1, -2]),
        ("backtest.risk=off", "backtest.risk", False),
        ("backtest.fee=0.001", "backtest.fee", 0.001),
        ("trading.initial_capital_usd=10_000", "trading.initial_capital_usd", Decimal(10_000)),
        ("trading.bot=007", "trading.bot", "007"),
        ("trading.params.fast=10", "trading.params.fast", 10),
        ("trading.params.band=1e-3", "trading.params.band", 0.001),
        ("trading.params={fast: 3}", "trading.params.fast", 3),
        ("trading.sizing.amount_usd=null", "trading.sizing.amount_usd", None),
        ("sim.start=2024-06-01", "sim.start", "2024-06-01"),
        ("database.url=sqlite:///x=y.db", "database.url", "sqlite:///x=y.db"),
    ],
)
def test_set_reads_a_text_as_its_key_wants_it(tmp_path, text, key, value):
    loaded = load(tmp_path, overrides=[parse_set(text)])
    assert flat(loaded.settings)[key] == value
    assert loaded.sources[key] == "--set"
    variable = KEYS[tuple(key.split("."))].variable if not key.startswith("trading.params.") else None
    if variable:
        assert flat(load(tmp_path, environment={variable: text.partition("=")[2]}).settings)[key] == value


def test_parameters_of_all_sources_come_together(tmp_path):
    environment = {"GOBOT_TRADING__PARAMS__FAST": "20"}
    loaded = load(tmp_path, "trading:\n  params:\n    fast: 10\n    slow: 50\n", environment=environment)
    assert loaded.settings.trading.params == {"fast": 20, "slow": 50}
    assert loaded.sources["trading.params.fast"] == "GOBOT_TRADING__PARAMS__FAST"
    assert loaded.sources["trading.params.slow"] == "config/gobot.yaml:4"
    replaced = load(tmp_path, environment=environment, overrides=[parse_set("trading.params={}")])
    assert replaced.settings.trading.params == {}


def test_yaml_values_are_what_they_look_like(tmp_path):
    text = """\
trading:
  orchestrator: {daily_summary: 10:05, max_iterations: 010}
  params: {a: on, b: no, c: 0x1F, d: 1e-3, e: 2025-01-01, f: ~, g: [1, 2.5], h: "5"}
sim: {start: 2025-02-03}
backtest: {risk: on}
"""
    settings = load(tmp_path, text).settings
    assert settings.trading.orchestrator.daily_summary == "10:05"
    assert settings.trading.orchestrator.max_iterations == 10
    expected = {"a": True, "b": False, "c": 31, "d": 0.001, "e": "2025-01-01", "f": None, "g": [1, 2.5], "h": "5"}
    assert settings.trading.params == expected
    assert settings.sim.start == "2025-02-03"
    assert settings.backtest.risk is True


def test_a_few_aliases_are_fine(tmp_path):
    text = "trading:\n  initial_capital_usd: &amount 500\n  max_position_usd: *amount\n"
    assert load(tmp_path, text).settings.trading.max_position_usd == Decimal(500)


def test_a_byte_order_mark_is_accepted(tmp_path):
    assert load(tmp_path, "\ufefftrading: {bot: x}\n").settings.trading.bot == "x"


def test_config_names_another_file(tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("trading: {bot: x}\n")
    write(tmp_path, "trading: {bot: home}\n")
    loaded = load(tmp_path, config=other)
    assert loaded.settings.trading.bot == "x"
    assert loaded.sources["trading.bot"] == "other.yaml:1"
    assert "nowhere.yaml:1: trading: the file cannot be read" in refusal(tmp_path, config=tmp_path / "nowhere.yaml")


def test_paths_are_absolute_below_home(tmp_path):
    loaded = load(tmp_path, "paths: {state: data, archive: /srv/archive}\n")
    assert loaded.paths.state == tmp_path / "data"
    assert loaded.paths.archive == Path("/srv/archive")
    assert loaded.database_url == f"sqlite:///{tmp_path}/data/gobot.db"
    assert load(tmp_path, "database: {url: 'postgresql://db/x'}\n").database_url == "postgresql://db/x"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"GOBOT_TRADING__MOD": "x"}, ["GOBOT_TRADING__MOD:", "nearest known one is GOBOT_TRADING__MODE"]),
        ({"GOBOT_EXCHANGE_SECRET": "hunter2"}, ["nearest known one is GOBOT_EXCHANGE__SECRET"]),
        ({"GOBOT_TRADING": '{"mode": "live"}'}, ["GOBOT_TRADING:", "no such variable"]),
        ({"GOBOT_TRADING__LEVERAGE": "many"}, ["GOBOT_TRADING__LEVERAGE:", "trading.leverage", "at most 125"]),
        ({"GOBOT_TRADING__LEVERAGE": ""}, ["GOBOT_TRADING__LEVERAGE:", "whole number"]),
        ({"GOBOT_TRADING__LEVERAGE": "true"}, ["GOBOT_TRADING__LEVERAGE:", "whole number"]),
        ({"GOBOT_TELEGRAM__CHAT_IDS": "1,x"}, ["telegram.chat_ids[1]", "list of whole numbers"]),
        ({"GOBOT_TRADING__MAX_POSITION_USD": "nan"}, ["trading.max_position_usd", "above 0"]),
        ({"GOBOT_TRADING__MAX_POSITION_USD": "1e-999999"}, ["trading.max_position_usd", "above 0"]),
        ({"CREDENTIALS_DIRECTORY": "/nowhere/at/all"}, ["CREDENTIALS_DIRECTORY", "cannot be read"]),
    ],
)
def test_a_bad_variable_is_named(tmp_path, environment, words):
    message = refusal(tmp_path, environment=environment)
    assert all(word in message for word in words), message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GOBOT_TRADING__MODES=x\n", [".env:1", "GOBOT_TRADING__MODES", "GOBOT_TRADING__MODE:"]),
        (b"\n\nGOBOT_EXCHANGE__SECRET='hunter2\n", [".env:3", "not understood"]),
        (b"GOBOT_TRADING__MODE\n", [".env:1", "not understood"]),
        (b"A=b\nGOBOT_TRADING__MODE=lve\n", [".env:2: trading.mode", "paper"]),
        (b"A=\xff\n", [".env", "UTF-8"]),
    ],
)
def test_a_bad_dotenv_file_names_its_line(tmp_path, content, words):
    (tmp_path / ".env").write_bytes(content)
    message = refusal(tmp_path)
    assert all(word in message for word in words), message
    assert "hunter2" not in message


@pytest.mark.parametrize("text", ["", "=5", "trading.mode"])
def test_set_wants_a_key_and_a_value(text):
    with pytest.raises(ConfigError, match="key=value"):
        parse_set(text)


def test_set_of_an_unknown_key_names_the_nearest(tmp_path):
    message = refusal(tmp_path, overrides=[parse_set("trading.max_iterations=5")])
    assert "trading.orchestrator.max_iterations" in message
    assert refusal(tmp_path, overrides=[parse_set("trading.mode.x=5")])
    assert refusal(tmp_path, overrides=[parse_set("trading=5")])


SECRETS = ["exchange.api_key", "exchange.secret", "telegram.token"]


@pytest.mark.parametrize("key", SECRETS)
@pytest.mark.parametrize("value", ["hunter2", "[hunter2]", "{hunter2: hunter2}", '"hunter2', "*hunter2", "!hunter2 x"])
def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path, key, value):
    section, name = key.split(".")
    message = refusal(tmp_path, f"{section}:\n  {name}: {value}\n")
    assert message.startswith(f"config/gobot.yaml:2: {key}: ")
    assert "hunter2" not in message


@pytest.mark.parametrize("key", SECRETS)
def test_a_secret_is_taken_from_the_environment_and_shown_nowhere(tmp_path, key):
    variable = KEYS[tuple(key.split("."))].variable
    loaded = load(tmp_path, environment={variable: " 0123hunter2\n"})
    secret = flat(loaded.settings)[key]
    assert isinstance(secret, SecretStr)
    assert secret.get_secret_value() == "0123hunter2"
    assert "hunter2" not in repr(loaded) + str(loaded.settings) + loaded.settings.model_dump_json()
    assert variable in refusal(tmp_path, overrides=[parse_set(f"{key}=hunter2")])
    assert "hunter2" not in refusal(tmp_path, overrides=[parse_set(f"{key}=hunter2")])
    assert "hunter2" not in refusal(tmp_path, environment={variable: "hunter2", "GOBOT_TRADING__MODE": "x"})


def test_a_secret_of_the_wrong_type_is_not_echoed(tmp_path):
    message = refusal(tmp_path, overrides=[Override("trading.mode", "x", "--mode")])
    assert "'x'" in message
    key = KEYS["exchange", "secret"]
    assert key.shown("hunter2") == "********"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ftp://me:hunter2@host", "ftp://me:********@host"),
        ("ftp://me:hun/ter2@hunter2@host/x", "ftp://me:********@host/x"),
        ("ftp://host/x?user=me&password=hunter2&ssl=1", "ftp://host/x?user=me&password=********&ssl=1"),
        ("ftp://host:8080/x", "ftp://host:8080/x"),
    ],
)
def test_the_password_of_a_url_is_not_echoed(tmp_path, url, shown):
    message = refusal(tmp_path, f"telegram: {{base_url: '{url}'}}\n")
    assert f"telegram.base_url: '{shown}'" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("mode", ["live", "testnet"])
def test_real_venues_need_keys(tmp_path, mode):
    loaded = load(tmp_path, f"trading: {{mode: {mode}}}\n")
    with pytest.raises(ConfigError, match=r"config/gobot.yaml:1: .*GOBOT_EXCHANGE__API_KEY and GOBOT_EXCHANGE__SECRET"):
        require_credentials(loaded)
    environment = {"GOBOT_EXCHANGE__API_KEY": "k", "GOBOT_EXCHANGE__SECRET": ""}
    with pytest.raises(ConfigError, match="needs GOBOT_EXCHANGE__SECRET in"):
        require_credentials(load(tmp_path, environment=environment))
    require_credentials(load(tmp_path, environment=environment | {"GOBOT_EXCHANGE__SECRET": "s"}))


def test_telegram_needs_its_token(tmp_path):
    loaded = load(tmp_path, "telegram: {enabled: true}\n")
    with pytest.raises(ConfigError, match="GOBOT_TELEGRAM__TOKEN"):
        require_credentials(loaded)
    require_credentials(load(tmp_path, "trading: {mode: paper}\n"))


def test_a_file_out_of_reach_is_not_taken_for_none(tmp_path, monkeypatch):
    path = write(tmp_path, "trading: {leverage: 2}\n")

    def denied(original):
        def method(self, *args):
            if self == path:
                raise PermissionError(13, "Permission denied", str(self))
            return original(self, *args)

        return method

    monkeypatch.setattr(Path, "open", denied(Path.open))
    monkeypatch.setattr(Path, "lstat", denied(Path.lstat))
    assert refusal(tmp_path).startswith("config/gobot.yaml:1: trading: the file cannot be read (Permission denied)")


def test_a_missing_home_is_said(tmp_path):
    with pytest.raises(ConfigError, match="home directory"):
        load_settings(tmp_path / "nowhere", environment={})


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("0.1", 0.1), ("on", True), ("x: y: z", "x: y: z"), ("[1, a]", [1, "a"]), ("*x", "*x"), ("", None)],
)
def test_a_scalar_is_read_as_yaml(text, value):
    assert parse_scalar(text) == value
