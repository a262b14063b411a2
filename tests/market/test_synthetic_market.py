"""The synthetic market: the same for ever, sane for years, and like a market."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gobot.core import DAY_MS, ConfigError, Timeframe, exact
from gobot.market import symbol_names
from gobot.market.blocks import BLOCK
from gobot.market.synthetic import SyntheticMarket

START = 1_735_689_600_000
M15 = 900_000
BTC, ETH = symbol_names(2)


def market(seed=7, symbols=(BTC, ETH), **arguments):
    return SyntheticMarket(seed, symbols, start_ms=START, **{"history": 512, **arguments})


def columns(candles):
    return np.stack([candles.time, candles.open, candles.high, candles.low, candles.close, candles.volume])


def test_there_is_history_at_the_start():
    candles = market().candles(BTC, end_ms=START, limit=512)
    assert len(candles) == 512
    assert candles.time[-1] == START - M15


@settings(max_examples=20)
@given(st.lists(st.integers(0, 20 * BLOCK), min_size=1, max_size=6))
def test_candles_do_not_depend_on_what_was_asked_before(steps):
    wandering = market()
    for step in steps:
        end = START + step * M15
        found = wandering.candles(ETH, end_ms=end, limit=300)
        assert found.time[-1] == end - M15
        assert np.array_equal(columns(found), columns(market().candles(ETH, end_ms=end, limit=300)))


def test_candles_do_not_depend_on_what_else_is_listed():
    many, alone = market(symbols=symbol_names(30)), market(symbols=[ETH])
    for name in ("time", "open", "close", "volume"):
        pair = [getattr(m.candles(ETH, end_ms=START + 50 * M15, limit=200), name) for m in (many, alone)]
        assert np.array_equal(*pair)


def test_another_seed_is_another_market():
    first, second = (market(seed).candles(BTC, end_ms=START, limit=100).close for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_handed_out_candles_never_change():
    running = market()
    held = running.candles(BTC, end_ms=START, limit=500)
    before = columns(held).copy()
    for step in range(0, 10 * BLOCK, 100):
        running.bar(BTC, START + step * M15)
    assert np.array_equal(columns(held), before)


def test_a_bar_is_the_candle_of_its_time():
    running = market()
    candles = running.candles(BTC, end_ms=START + 10 * M15, limit=1)
    row = [float(getattr(candles, name)[0]) for name in ("open", "high", "low", "close")]
    assert list(running.bar(BTC, START + 9 * M15)) == row
    with pytest.raises(IndexError, match="begins at"):
        running.bar(BTC, START - 513 * M15)


def test_memory_holds_the_newest_candles_only():
    running = market()
    running.bar(BTC, START + 100_000 * M15)
    held = running.candles(BTC, end_ms=START + 100_000 * M15, limit=10**9)
    assert len(held) == 512
    assert held.close.base.shape[-1] <= 512 + 2 * BLOCK


@pytest.mark.parametrize("text", ["1m", "15m", "1h", "4h", "1d"])
@pytest.mark.parametrize("seed", [1, 2])
def test_prices_stay_sane_for_years(text, seed):
    timeframe = Timeframe.parse(text)
    rows = min(5 * 365 * DAY_MS // timeframe.ms, 180_000)
    symbols = symbol_names(6)
    running = SyntheticMarket(seed, symbols, start_ms=START, timeframe=timeframe, history=rows)
    for symbol in symbols:
        candles = running.candles(symbol, end_ms=START, limit=rows)
        assert (candles.low > 0).all()
        assert (candles.low <= np.minimum(candles.open, candles.close)).all()
        assert (candles.high >= np.maximum(candles.open, candles.close)).all()
        assert (candles.volume > 0).all()
        first = candles.open[0]
        assert candles.high.max() < 60 * first
        assert candles.low.min() > first / 60


def test_it_moves_like_a_market():
    rows, symbols = 365 * 96, symbol_names(4)
    running = market(11, symbols, history=rows)
    closes = np.stack([running.candles(symbol, end_ms=START, limit=rows).close for symbol in symbols])
    moves = np.diff(np.log(closes))
    daily = np.diff(np.log(closes[:, ::96]), axis=1).std(axis=1)
    assert ((daily > 0.015) & (daily < 0.09)).all()
    together = np.corrcoef(moves)[np.triu_indices(4, 1)]
    assert ((together > 0.2) & (together < 0.9)).all()
    for move in moves:
        size = np.abs(move)
        assert np.corrcoef(size[:-1], size[1:])[0, 1] > 0.1  # calm follows calm
        assert ((move - move.mean()) ** 4).mean() / move.var() ** 2 > 5  # fat tails
    candles = running.candles(symbols[0], end_ms=START, limit=rows)
    assert (candles.open[1:] != candles.close[:-1]).sum() > 5  # gaps
    assert np.corrcoef(np.log(candles.high / candles.low), candles.volume)[0, 1] > 0.3


def test_prices_lie_on_the_steps_of_their_market():
    running = market(symbols=symbol_names(45))
    for symbol, rules in running.markets.items():
        candle = running.candles(symbol, end_ms=START, limit=1)
        price = exact(float(candle.close[0]))
        assert rules.round_price(price) == price
        assert rules.min_notional == 5
        assert 0 < rules.quantity_step * exact(float(running.candles(symbol, end_ms=START, limit=512).open[0])) < 5


def test_names():
    names = symbol_names(2000)
    assert len(set(names)) == 2000
    assert names[:3] == ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
    assert names[1999] == "COIN2000/USDT:USDT"
    assert market(symbols=["MINE/USDT:USDT"]).markets["MINE/USDT:USDT"].price_step > 0


def test_funding_is_small_and_always_the_same():
    rates = [market().funding_rate(BTC, START + k * 28_800_000) for k in range(50)]
    assert rates == [market().funding_rate(BTC, START + k * 28_800_000) for k in range(50)]
    assert len(set(rates)) > 20
    assert max(map(abs, rates)) <= 0.0004


def test_lengths_that_do_not_divide_a_day():
    with pytest.raises(ConfigError, match="7m candles"):
        market(timeframe=Timeframe.parse("7m"))


def test_the_market_of_a_seed_is_the_same_for_ever():
    """Stored accounts rely on it: a change here makes another market of every seed."""
    running = market()
    assert running.bar(BTC, START) == (96020.7, 96207.3, 95953.9, 96065.5)
    assert running.bar(ETH, START + 10_000 * M15) == (4408.27, 4412.43, 4394.99, 4401.25)
