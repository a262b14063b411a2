"""Five strategies make the trades that backtesting.py 0.6.6 and vectorbt 1.2.0 make of them on the same candles.

The table was computed by those engines with ``peer_tables.py`` beside this file, where the strategies are written in
pandas; here they are written in gobot's indicators and words.
"""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from gobot.backtest import Rules, backtest
from gobot.strategy import Strategy, crossover, crossunder, signal_frame
from gobot.strategy.indicators import bollinger, donchian, macd, rsi, sma

TABLE = json.loads((Path(__file__).parent / "peer_tables.json").read_text())


class Table(Strategy):
    """What all five share: nothing is asked for before candle 600."""

    @property
    def warmup(self):
        return 600


class SmaCross(Table):
    name = "sma_cross"

    def indicators(self, candles):
        return {"fast": sma(candles["close"], 10), "slow": sma(candles["close"], 30)}

    def signals(self, frame):
        up, down = crossover(frame["fast"], frame["slow"]), crossunder(frame["fast"], frame["slow"])
        return signal_frame(frame.index, long=up, short=down)


class RsiReversion(Table):
    name = "rsi_reversion"

    def indicators(self, candles):
        return {"rsi": rsi(candles["close"], 14)}

    def signals(self, frame):
        return signal_frame(frame.index, long=crossover(frame["rsi"], 30.0), exit_long=crossunder(frame["rsi"], 60.0))


class MacdCross(Table):
    name = "macd_cross"

    def indicators(self, candles):
        lines = macd(candles["close"], 12, 26, 9)
        return {"line": lines.line, "signal": lines.signal}

    def signals(self, frame):
        up, down = crossover(frame["line"], frame["signal"]), crossunder(frame["line"], frame["signal"])
        return signal_frame(frame.index, long=up, short=down)


class BollingerReversion(Table):
    name = "bollinger_reversion"

    def indicators(self, candles):
        band = bollinger(candles["close"], 20, 2.0)
        return {"middle": band.middle, "lower": band.lower}

    def signals(self, frame):
        close = frame["close"]
        return signal_frame(frame.index, long=crossover(close, frame["lower"]), exit_long=close >= frame["middle"])


class DonchianBreakout(Table):
    name = "donchian_breakout"

    def indicators(self, candles):
        outer, inner = donchian(candles, 40), donchian(candles, 20)
        return {"top": outer.upper.shift(1), "floor": inner.lower.shift(1)}

    def signals(self, frame):
        close = frame["close"]
        return signal_frame(frame.index, long=close > frame["top"], exit_long=close < frame["floor"])


STRATEGIES = {one.name: one for one in (SmaCross, RsiReversion, MacdCross, BollingerReversion, DonchianBreakout)}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: "{engine} {strategy} {fee} {short}".format(**row))
def test_the_same_trades_to_the_last_cent(random_walk, row):
    rules = Rules(fee=row["fee"], direction="both" if row["short"] else "long")
    result = backtest(STRATEGIES[row["strategy"]](), random_walk(row["seed"], 5000), rules)
    closed = result.trades[: result.metrics.trades]
    rows = ",".join(f"{trade['entry_row']}-{trade['exit_row']}" for trade in closed)
    assert (len(closed), hashlib.sha256(rows.encode()).hexdigest()[:16]) == (row["trades"], row["rows"])
    found = (closed["pnl"].sum(), closed["pnl"].max(), result.equity[-1])
    assert found == pytest.approx((row["profit"], row["best"], row["final_equity"]), rel=1e-9)


def test_the_table_has_five_strategies_and_two_engines():
    table = pd.DataFrame(TABLE)
    assert table.groupby("engine")["strategy"].nunique().to_dict() == {"backtesting": 5, "vectorbt": 5}
    assert table["trades"].min() > 20
