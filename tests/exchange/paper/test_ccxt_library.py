"""ccxt is loaded lean, and nobody else notices."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gobot.core import UsageError
from gobot.market.ccxt_library import exchange_class


def in_a_new_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_only_the_venue_asked_for_is_imported():
    imported = in_a_new_process(
        "import sys; from gobot.market.ccxt_library import exchange_class; exchange_class('binanceusdm');"
        "print(*(name for name in sys.modules if name.startswith('ccxt.async_support.') and name.count('.') == 2))"
    )
    assert set(imported.split()) == {
        "ccxt.async_support.base",
        "ccxt.async_support.binance",
        "ccxt.async_support.binanceusdm",
    }


@pytest.mark.parametrize(
    "order",
    [
        "mine = exchange_class('binanceusdm'); import ccxt.pro",
        "import ccxt.pro; mine = exchange_class('binanceusdm')",
    ],
)
def test_all_of_ccxt_is_there_for_others(order):
    assert (
        in_a_new_process(
            f"from gobot.market.ccxt_library import exchange_class; {order}\n"
            "import ccxt\n"
            "assert issubclass(ccxt.pro.binanceusdm, ccxt.async_support.binance)\n"
            "assert issubclass(mine, ccxt.async_support.binance)\n"
            "assert issubclass(ccxt.bybit, ccxt.Exchange) and issubclass(ccxt.RequestTimeout, ccxt.NetworkError)\n"
            "assert exchange_class('okx') is ccxt.async_support.okx\n"
            "assert not hasattr(ccxt, 'nonsense')\n"
            "print('all there')"
        )
        == "all there"
    )


def test_a_venue_that_ccxt_does_not_know():
    with pytest.raises(UsageError, match="did you mean binanceusdm"):
        exchange_class("binanceusd")
    with pytest.raises(UsageError, match="such as binanceusdm"):
        exchange_class("zzzzzzzz")
