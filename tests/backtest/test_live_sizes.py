"""Positions of the compiled kernels are as large as those of live trading, for every sizing model."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gobot.backtest import Rules
from gobot.backtest.entry import Purse as Account
from gobot.backtest.entry import sized
from gobot.core import Direction, Market
from gobot.matching import kelly_share, tiers_of
from gobot.risk import Entry, Purse, RecentTrade, size_position
from gobot.settings import Settings

FEE = 0.0006
amounts = st.floats(1, 1e6)


def trade(at: int, pnl: float) -> RecentTrade:
    return RecentTrade(
        symbol="X",
        direction=Direction.LONG,
        closed_ms=at,
        pnl=Decimal(pnl),
        value=Decimal(100),
        exit_reason="signal",
    )


@hypothesis_settings(max_examples=300, deadline=None)  # the kernel is compiled on the way
@given(
    model=st.sampled_from(["fixed", "fraction", "risk", "volatility", "kelly"]),
    price=st.floats(0.01, 100_000),
    slip=st.floats(0, 0.01),
    distance=st.floats(0.001, 0.4),
    sign=st.sampled_from([1, -1]),
    equity=amounts,
    free=st.floats(0, 1),
    exposed=st.floats(0, 2),
    leverage=st.integers(1, 20),
    most=amounts,
    volatility=st.floats(1, 500),
    pnls=st.lists(st.floats(-50, 50), max_size=12),
    figures=st.fixed_dictionaries(
        {
            "fraction": st.floats(0.01, 1),
            "risk_pct": st.floats(0.01, 50),
            "target_volatility_pct": st.floats(1, 500),
            "kelly_fraction": st.floats(0.01, 1),
            "kelly_cap": st.floats(0.01, 1),
            "kelly_min_trades": st.integers(2, 10),
        }
    ),
)
def test_kernel_and_live_trading_agree(
    model, price, slip, distance, sign, equity, free, exposed, leverage, most, volatility, pnls, figures
):
    trading = {
        "max_position_usd": f"{most:.6f}",
        "leverage": leverage,
        "sizing": {"model": model, **figures},
        "risk_manager": {
            "max_total_exposure_pct": 90,
            "max_symbol_exposure_pct": 12_500,
            "max_direction_exposure_pct": 12_500,
        },
    }
    settings = Settings.model_validate({"trading": trading, "backtest": {"fee": FEE}})
    fill, stop = price * (1 + sign * slip), price * (1 - sign * distance)
    live = size_position(
        settings.trading,
        Market(symbol="X", taker_fee=Decimal(str(FEE))),
        Purse(
            equity=Decimal(equity),
            available=Decimal(equity * free),
            leverage=leverage,
            exposure=Decimal(equity * exposed),
            trades=tuple(trade(at, pnl) for at, pnl in enumerate(pnls)),
        ),
        Entry(price=Decimal(price), fill=Decimal(fill), stop=Decimal(stop), volatility_pct=volatility),
    )
    rules = Rules.from_settings(settings).compiled(tiers_of(""))
    returns = [pnl / 100 for pnl in pnls]
    wins, losses = [one for one in returns if one > 0], [-one for one in returns if one < 0]
    kelly = kelly_share(
        len(wins), len(losses), sum(wins), sum(losses),
        rules.kelly_fraction, rules.size, rules.kelly_start, rules.kelly_trades,
    )  # fmt: skip
    room = equity * leverage * 0.9 - equity * exposed
    account = Account(equity, equity * free, room, volatility / 100, kelly)

    found = sized(price, fill, FEE, stop, account, rules)

    assert found == pytest.approx(float(live.quantity), rel=1e-9, abs=1e-9 * equity / price)
