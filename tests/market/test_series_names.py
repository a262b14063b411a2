"""Names of series, and what the names of other people's files say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gobot.core import DataError, Timeframe
from gobot.market import Series, market_of
from gobot.market.names import Hints, hints_of
from gobot.market.series import funding_of, funding_stem, market_name, pair_name, symbol_of

H1 = Timeframe.parse("1h")


@pytest.mark.parametrize(
    ("symbol", "market", "stem"),
    [
        ("BTC/USDT", "spot", "binance_spot_BTCUSDT_1h"),
        ("BTC/USDT:USDT", "um", "binance_um_BTCUSDT_1h"),
        ("BTC/USD:BTC", "cm", "binance_cm_BTCUSD_1h"),
        ("1000PEPE/USDC:USDC", "um", "binance_um_1000PEPEUSDC_1h"),
        ("ETH/BTC", "spot", "binance_spot_ETHBTC_1h"),
        ("DOT/USD", "spot", "binance_spot_DOT-USD_1h"),  # DOTUSD would be DO/TUSD
        ("BTC/USD:USDC", "um", "binance_um_BTC-USD-USDC_1h"),
        ("BTC/USDT:USDT-250328", "um", "binance_um_BTC-USDT-USDT-250328_1h"),
        ("kPEPE/USDC:USDC", "um", "binance_um_kPEPE-USDC-USDC_1h"),
        ("币安人生/USDT", "spot", "binance_spot_%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9F-USDT_1h"),
    ],
)
def test_a_series_and_its_file(symbol, market, stem):
    series = Series(venue="binance", symbol=symbol, timeframe=H1)
    assert (series.market, series.stem) == (market, stem)
    assert market_of(Path(f"{stem}.parquet")) == series
    assert str(series) == f"binance {market} {symbol} 1h"


coins = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="/:"), min_size=1, max_size=8)


@given(coins, coins, st.none() | coins)
def test_every_symbol_comes_back_from_its_file_name(base, quote, settle):
    symbol = f"{base}/{quote}" + (f":{settle}" if settle and not settle.startswith("-") else "")
    if symbol.endswith("-") or "--" in (settle or ""):
        return  # an expiry is not empty
    assert symbol_of(pair_name(symbol), market_name(symbol)) == symbol
    assert "/" not in pair_name(symbol)
    assert funding_of(Path(f"{funding_stem('gate', symbol)}.csv")) == ("gate", symbol)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "", "BTC/", "/USDT", "BTC/USDT:", "A/B/C", "BTC /USDT", "BTC/US DT"])
def test_what_is_no_symbol(symbol):
    with pytest.raises(DataError, match="write BASE/QUOTE"):
        Series(venue="binance", symbol=symbol, timeframe=H1)


@pytest.mark.parametrize("venue", ["", "Binance", "a/b", "..", "gate_io"])
def test_what_is_no_venue(venue):
    with pytest.raises(DataError, match="write a lower-case name"):
        Series(venue=venue, symbol="BTC/USDT", timeframe=H1)


@pytest.mark.parametrize(
    ("path", "venue", "symbol", "timeframe"),
    [
        ("binance_um_BTCUSDT_1h.parquet", "binance", "BTC/USDT:USDT", "1h"),
        ("BTCUSDT_1h_2017_2020_offgrid.csv", None, "BTC/USDT", "1h"),
        ("bybit_BTCUSDT_1d_duplicate.csv", "bybit", "BTC/USDT", "1d"),
        ("Kraken_BTC-USD_15m.csv", "kraken", "BTC/USD", "15m"),
        ("okx_swap_BTC-USDT_1h.csv", "okx", "BTC/USDT:USDT", "1h"),
        ("spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-10-28.zip", None, "BTC/USDT", "1h"),
        ("futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-10.zip", None, "BTC/USDT:USDT", "1h"),
        ("futures/cm/monthly/klines/BTCUSD_PERP/1h/BTCUSD_PERP-1h-2024-10.zip", None, "BTC/USD:BTC", "1h"),
        ("BTC_USDT-1h.feather", None, "BTC/USDT", "1h"),
        ("BTC_USDT_USDT-1h-futures.feather", None, "BTC/USDT:USDT", "1h"),
        ("ETHUSDT.csv", None, "ETH/USDT", None),
    ],
)
def test_hints_in_names(path, venue, symbol, timeframe):
    hints = hints_of(Path(path))
    assert (hints.venue, hints.full_symbol()) == (venue, symbol)
    assert hints.timeframe == (timeframe and Timeframe.parse(timeframe))


@pytest.mark.parametrize("name", ["candles.csv", "my_prices_15m.csv", "BTC.csv"])
def test_names_without_a_symbol(name):
    with pytest.raises(DataError, match="say it with --symbol"):
        hints_of(Path(name)).full_symbol()


def test_what_is_said_outweighs_the_name():
    said = Hints(venue="bybit", market="um").over(hints_of(Path("binance_spot_BTCUSDT_15m.csv")))
    with pytest.raises(DataError, match="is no symbol of the market um"):
        Hints(market="um", symbol="BTC/USD:BTC").full_symbol()
    assert said.series() == Series(venue="bybit", symbol="BTC/USDT:USDT", timeframe=Timeframe.parse("15m"))


@pytest.mark.parametrize(
    ("hints", "complaint"),
    [
        (Hints(symbol="BTC/USDT"), "say it with --timeframe"),
        (Hints(symbol="XYZ", timeframe=H1), "names no quote that gobot knows"),
        (Hints(symbol="XYZ/", timeframe=H1), "write BASE/QUOTE"),
    ],
)
def test_what_remains_open(hints, complaint):
    with pytest.raises(DataError, match=complaint):
        hints.series()
