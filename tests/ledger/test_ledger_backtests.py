"""Backtests that are kept, and ledgers that were made before there were any."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from ledger_cases import CANDLE
from sqlalchemy import create_engine

from gobot.ledger import BacktestRow, Ledger
from gobot.ledger import backtests as backtest_rows

ROW = BacktestRow(
    at_ms=CANDLE + 7,
    strategy="sma_cross",
    params={"fast": 10, "slow": 50},
    symbols=["BTC/USDT", "ETH/USDT"],
    timeframe="15m",
    start_ms=CANDLE,
    end_ms=CANDLE + 900_000,
    settings={"backtest.fee": 0.001, "backtest.risk": False},
    metrics={"final_equity": 9812.25, "sharpe": None},
    curve=[(CANDLE, 10_000.0), (CANDLE + 900_000, 9812.25)],
)


def test_a_backtest_comes_back_as_it_went_in(ledger: Ledger):
    assert (ledger.backtests(), ledger.backtest(1)) == ([], None)

    number = ledger.keep_backtest(ROW)

    assert number == 1
    assert ledger.backtest(1) == replace(ROW, id=1)
    assert ledger.backtests() == [replace(ROW, id=1)]


def test_the_oldest_make_room(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backtest_rows, "KEEP_BACKTESTS", 3)

    numbers = [ledger.keep_backtest(replace(ROW, at_ms=at)) for at in range(5)]

    assert numbers == [1, 2, 3, 4, 5]
    assert [row.id for row in ledger.backtests()] == [3, 4, 5]
    assert [row.id for row in ledger.backtests(2)] == [4, 5]
    assert ledger.backtest(2) is None


def test_a_ledger_from_before_backtests_gets_the_table_and_keeps_the_rest(url: str):
    Path(url.removeprefix("sqlite:///")).parent.mkdir()
    config = Config()
    config.set_main_option("script_location", "gobot.ledger:migrations")
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO runs VALUES (1, 'sim', '0.1', 'sma_cross', 'b', 5, NULL, NULL)")
    engine.dispose()

    ledger = Ledger.open(url)
    ledger.keep_backtest(ROW)
    assert [run.started_ms for run in ledger.runs()] == [5]
    ledger.close()

    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
    connection.close()
