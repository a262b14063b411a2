"""Edits while gobot runs: taken over once, refused once, and some only after a restart."""

import os
from pathlib import Path

import pytest

from gobot.core import ConfigError
from gobot.settings import Change, Reloaded, Settings, SettingsWatch, changes, load_settings, parse_set


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "config/gobot.yaml"
    path.parent.mkdir()
    path.write_text("trading: {stop_loss_percent: 2}\n")
    return path


@pytest.fixture
def watch(path):
    return SettingsWatch(load_settings(path.parents[1], environment={"GOBOT_EXCHANGE__SECRET": "hunter2"}))


def test_nothing_is_said_while_nothing_changes(watch, path):
    assert watch.poll() is None
    path.write_text(path.read_text())
    path.touch()
    assert watch.poll() is None


def test_an_edit_is_taken_over_once(watch, path):
    path.write_text("trading: {stop_loss_percent: 3, params: {fast: 5}}\n")
    edit = watch.poll()
    assert isinstance(edit, Reloaded)
    assert edit.changes == (
        Change("trading.stop_loss_percent", "2", "3"),
        Change("trading.params.fast", "(not set)", "5"),
    )
    assert edit.restart == ()
    assert edit.loaded is watch.current
    assert watch.current.settings.trading.stop_loss_percent == 3
    assert watch.current.settings.exchange.secret is not None
    assert watch.poll() is None


def test_an_edit_between_loading_and_the_first_look_is_noticed(path):
    loaded = load_settings(path.parents[1], environment={})
    path.write_text("trading: {stop_loss_percent: 4}\n")
    assert SettingsWatch(loaded).poll().loaded.settings.trading.stop_loss_percent == 4


def test_an_edit_of_the_same_length_within_the_same_tick_is_noticed(watch, path):
    watch.poll()
    stamp = path.stat().st_mtime_ns
    path.write_text("trading: {stop_loss_percent: 5}\n")
    os.utime(path, ns=(stamp, stamp))
    assert watch.poll().loaded.settings.trading.stop_loss_percent == 5


def test_an_invalid_edit_changes_nothing_and_is_said_once(watch, path):
    before = watch.current
    path.write_text("trading: {stop_loss_percent: 500}\n")
    error = watch.poll()
    assert isinstance(error, ConfigError)
    assert "config/gobot.yaml:1: trading.stop_loss_percent: 500" in str(error)
    assert watch.poll() is None
    assert watch.current is before
    path.write_text("trading: {stop_loss_percent: 600}\n")
    assert "600" in str(watch.poll())
    path.write_text("trading: {stop_loss_percent: 2}\n")
    assert watch.poll() is None
    assert watch.current.settings == before.settings


def test_a_file_that_is_gone_changes_nothing(watch, path):
    path.unlink()
    error = watch.poll()
    assert isinstance(error, ConfigError)
    assert "gone" in str(error)
    assert watch.poll() is None
    assert watch.current.settings.trading.stop_loss_percent == 2
    path.write_text("trading: {stop_loss_percent: 7}\n")
    assert watch.poll().loaded.settings.trading.stop_loss_percent == 7


def test_a_directory_in_its_place_changes_nothing(watch, path):
    path.unlink()
    path.mkdir()
    assert isinstance(watch.poll(), ConfigError)
    assert watch.poll() is None


def test_a_file_that_appears_is_taken_over(tmp_path):
    watch = SettingsWatch(load_settings(tmp_path, environment={}))
    assert watch.poll() is None
    (tmp_path / "config").mkdir()
    (tmp_path / "config/gobot.yaml").write_text("trading: {stop_loss_percent: 9}\n")
    assert watch.poll().loaded.sources["trading.stop_loss_percent"] == "config/gobot.yaml:1"


def test_some_keys_wait_for_a_restart(watch, path):
    watch.poll()
    path.write_text(
        "# moved\ntrading: {mode: live, stop_loss_percent: 3}\nexchange: {name: bybit}\n"
        "paths: {state: x}\nsim: {seed: 1}\n"
    )
    edit = watch.poll()
    assert [change.key for change in edit.changes] == ["trading.stop_loss_percent"]
    assert edit.restart == (
        Change("trading.mode", "'sim'", "'live'"),
        Change("exchange.name", "'binanceusdm'", "'bybit'"),
        Change("paths.state", "'state'", "'x'"),
        Change("sim.seed", "7", "1"),
    )
    current = watch.current
    assert current.settings.trading.mode == "sim"
    assert current.settings.trading.stop_loss_percent == 3
    assert current.paths.state == Path(path.parents[1]) / "state"
    assert current.sources["trading.stop_loss_percent"] == "config/gobot.yaml:2"
    assert current.sources["trading.mode"] == "default"
    assert "trading.mode" not in current.explicit
    assert watch.poll() is None


def test_options_of_the_command_line_stay_in_force(path):
    loaded = load_settings(path.parents[1], overrides=iter([parse_set("trading.stop_loss_percent=8")]), environment={})
    watch = SettingsWatch(loaded)
    path.write_text("trading: {stop_loss_percent: 3, max_position_usd: 7}\n")
    assert [change.key for change in watch.poll().changes] == ["trading.max_position_usd"]
    assert watch.current.settings.trading.stop_loss_percent == 8


def test_changes_mask_secrets():
    old = Settings()
    new = Settings.model_validate(
        {"exchange": {"secret": "hunter2"}, "database": {"url": "postgresql://me:hunter2@db/x"}}
    )
    assert changes(old, old) == []
    assert changes(old, new) == [
        Change("exchange.secret", "(not set)", "********"),
        Change("database.url", "null", "'postgresql://me:********@db/x'"),
    ]
