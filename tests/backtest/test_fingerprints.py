"""Figures that outlive a refactor: what every shipped strategy makes of fixed candles, to the last trade.

A change that is meant to change trades changes these figures.  Then look at what changed, and renew them on purpose:

    GOBOT_RENEW_FINGERPRINTS=1 pytest tests/backtest/test_fingerprints.py

The strategies of gobot are all in it: a new one fails until its figures are written down.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from gobot.backtest import Result, Rules, backtest
from gobot.market import FundingRates
from gobot.strategy import SHIPPED, load_strategy

sys.path.append(str(Path(__file__).parents[1] / "app"))

from swinging import START, STEP, swinging

FILE = Path(__file__).with_name("fingerprints.json")
RENEW = "GOBOT_RENEW_FINGERPRINTS"
SEED, ROWS = 20, 8_000
RULES = {
    "signals alone": Rules(fee=0.001),
    "everything": Rules(
        slippage=0.0005,
        sizing="fraction",
        size=0.5,
        leverage=3.0,
        stop_loss_percent=1.5,
        take_profit_percent=4.0,
        trailing_percent=2.0,
        break_even_percent=1.0,
        max_candles=200,
    ),
}
_DIGITS = 8


def fingerprint(result: Result) -> dict[str, object]:
    """The figures, rounded so that another processor has the same, and a hash of every trade."""
    rows = [
        "|".join(f"{value:.{_DIGITS}g}" for value in row.item() if not isinstance(value, str)) for row in result.trades
    ]
    metrics = result.metrics.document()
    names = ("trades", "win_rate", "profit_factor", "return_pct", "max_drawdown_pct", "sharpe", "fees", "funding")
    return {
        **{name: None if metrics[name] is None else float(f"{metrics[name]:.6g}") for name in names},
        "every_trade": hashlib.blake2b("\n".join(rows).encode(), digest_size=8).hexdigest(),
    }


def found(name: str) -> dict[str, dict[str, object]]:
    """What a strategy makes of the candles under each set of rules."""
    candles = swinging(SEED, ROWS)
    stamps = range(START, START + ROWS * STEP, 8 * 3_600_000)
    rates = FundingRates(np.array(stamps), 0.0001 * (-1.0) ** (np.arange(len(stamps)) // 5))
    strategy = load_strategy(name, {}, Path())
    return {
        words: fingerprint(backtest(strategy, candles, rules, symbol="BTC/USDT:USDT", funding=rates))
        for words, rules in RULES.items()
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_the_trades_are_those_that_were_written_down(name: str):
    now = found(name)
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    if os.environ.get(RENEW):
        document = {key: value for key, value in {**kept, name: now}.items() if key in SHIPPED}
        FILE.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return
    assert now["signals alone"]["trades"] >= 50, "too few trades to tell anything"
    assert name in kept, f"{name} is new: set {RENEW}=1 and run this once"
    assert now == kept[name], f"{name} trades otherwise than before: if that is meant, set {RENEW}=1 and run this once"
