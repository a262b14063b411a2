"""Rules at random, for properties that hold under any."""

import numpy as np
from hypothesis import strategies as st

from gobot.backtest import Rules
from gobot.market import FundingRates

_SIZES = st.sampled_from(
    [
        {},
        {"sizing": "fixed", "size": 3000.0},
        {"sizing": "fraction", "size": 0.4, "max_position": 3900.0},
        {"sizing": "risk", "size": 0.01},
        {"sizing": "volatility", "size": 0.5},
        {"sizing": "kelly", "size": 0.5},
    ]
)
_EXITS = {
    "stop_loss_percent": st.floats(0.1, 10.0),
    "take_profit_percent": st.floats(0.1, 10.0),
    "target_order": st.sampled_from(["market", "limit"]),
    "trailing_percent": st.floats(0.1, 10.0),
    "break_even_percent": st.floats(0.1, 10.0),
    "max_candles": st.integers(1, 60),
}
_COSTS = {"fee": st.floats(0.0, 0.01), "maker_fee": st.floats(0.0, 0.01), "slippage": st.floats(0.0, 0.01)}
_ACCOUNT = {
    "direction": st.sampled_from(["long", "short", "both"]),
    "leverage": st.integers(1, 20).map(float),
    "liquidation": st.booleans(),
}


def any_rules(**fixed):
    """Any mix of exits, costs, sizes, sides and leverage; ``fixed`` are the same in all."""
    optional = {name: one for name, one in {**_EXITS, **_COSTS, **_ACCOUNT}.items() if name not in fixed}
    sizes = st.just({}) if "sizing" in fixed else _SIZES
    return st.builds(
        lambda chosen, size: Rules(**chosen, **size, **fixed), st.fixed_dictionaries({}, optional=optional), sizes
    )


def settlements_on(candles, seed):
    """Funding three times a day, at opens and inside candles."""
    chance = np.random.RandomState(seed)
    time = candles.time[::32] + chance.choice([0, 400_000], len(candles.time[::32]))
    return FundingRates(time, chance.normal(0.0001, 0.0005, len(time)))
