"""Several symbols on one account: scripted strategies, and the account kept slowly in plain Python."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from backtest_cases import random_signals

from gobot.backtest import Leg, Rules
from gobot.market import Candles, FundingRates
from gobot.strategy import EXIT_LONG, EXIT_SHORT, Signals, Strategy, signal_frame

STEP = 900_000
START = 1_735_689_600_000


class Scripted(Strategy):
    """Says what it was given, by the time of the candle."""

    name = "scripted"

    def __init__(self, candles: Candles, signals: Signals) -> None:
        super().__init__()
        self.candles, self.said = candles, signals

    @property
    def warmup(self) -> int:
        return 1

    def indicators(self, candles):
        return {}

    def signals(self, frame):
        said = self.said
        return signal_frame(
            frame.index,
            long=said.entry > 0,
            short=said.entry < 0,
            exit_long=(said.exit & EXIT_LONG > 0) & (said.entry <= 0),
            exit_short=(said.exit & EXIT_SHORT > 0) & (said.entry >= 0),
            stop=said.stop,
            target=said.target,
            confidence=said.confidence,
        )


def leg_of(candles: Candles, signals: Signals, symbol: str = "BTC/USDT", funding: FundingRates | None = None) -> Leg:
    return Leg(strategy=Scripted(candles, signals), candles=candles, symbol=symbol, funding=funding)


def random_legs(random_walk, seed: int, count: int, rows: int = 160) -> list[Leg]:
    """Symbols with gaps, of different spans, with funding, and with confidences of which some are equal."""
    chance = np.random.RandomState(seed)
    legs = []
    for place in range(count):
        whole = random_walk(seed + place, rows)
        keep = chance.uniform(size=rows) > 0.06
        first, last = chance.randint(0, rows // 3), chance.randint(2 * rows // 3, rows)
        keep[:first], keep[last:] = False, False
        candles = Candles(*(getattr(whole, name)[keep] for name in ("time", "open", "high", "low", "close", "volume")))
        said = random_signals(seed + place, candles)
        signals = Signals(
            said.entry,
            said.exit,
            said.stop,
            said.target,
            np.where(said.entry != 0, chance.choice([0.2, 0.5, 0.9], len(candles)), 0.0),
        )
        stamps = START + chance.randint(0, rows * STEP, 25)
        stamps[::2] -= stamps[::2] % STEP
        stamps = np.unique(stamps)
        funding = FundingRates(stamps, chance.normal(0.0, 0.001, len(stamps)))
        legs.append(leg_of(candles, signals, f"C{place}/USDT", funding))
    return legs


@dataclass
class Open:
    """A position of the slow account."""

    sign: int
    quantity: float
    price: float
    fee: float
    stop: float
    target: float
    row: int
    funding: float = 0.0


@dataclass
class SlowAccount:
    """The same account kept candle by candle with dictionaries: no liquidation, no trailing, no time exits."""

    legs: list[Leg]
    rules: Rules
    cash: float = 0.0
    held: dict[int, Open] = field(default_factory=dict)
    marks: dict[int, float] = field(default_factory=dict)
    trades: list[tuple] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    most_open: int = 0

    def run(self) -> SlowAccount:
        self.cash = self.rules.start_equity
        times = sorted({int(time) for leg in self.legs for time in leg.candles.time})
        rows = [{int(time): row for row, time in enumerate(leg.candles.time)} for leg in self.legs]
        for time in times:
            here = {place: rows[place][time] for place in range(len(self.legs)) if time in rows[place]}
            for place, row in here.items():
                self.marks[place] = float(self.legs[place].candles.open[row])
                self._settle(place, row, inside=False)
            for place, row in here.items():
                self._exit_at_open(place, row)
            for place in sorted(here, key=lambda place: (-self._confidence(place, here[place]), place)):
                self._enter(place, here[place])
            self.most_open = max(self.most_open, len(self.held))
            for place, row in here.items():
                self._settle(place, row, inside=True)
                self._exit_inside(place, row)
                self.marks[place] = float(self.legs[place].candles.close[row])
            self.equity.append(self.worth)
        for place, position in sorted(self.held.items()):
            self._book(place, position, self.marks[place], 0.0, len(self.legs[place].candles) - 1, "open")
        return self

    @property
    def worth(self) -> float:
        """Cash and positions."""
        return self.cash + sum(self._profit(place, one) for place, one in self.held.items())

    def _profit(self, place: int, one: Open) -> float:
        return one.sign * one.quantity * (self.marks[place] - one.price) + one.funding - one.fee

    def _said(self, place: int, row: int, column: str) -> float:
        return float(getattr(self.legs[place].strategy.said, column)[row - 1]) if row else 0.0

    def _confidence(self, place: int, row: int) -> float:
        return self._said(place, row, "confidence")

    def _exit_at_open(self, place: int, row: int) -> None:
        one = self.held.get(place)
        if one is None or not int(self._said(place, row, "exit")) & (EXIT_LONG if one.sign > 0 else EXIT_SHORT):
            return
        price = self.marks[place] * (1 - one.sign * self.rules.slippage)
        self._end(place, price, row, "signal")

    def _exit_inside(self, place: int, row: int) -> None:
        one = self.held.get(place)
        if one is None:
            return
        candles, sign = self.legs[place].candles, one.sign
        open_, high, low = (float(column[row]) for column in (candles.open, candles.high, candles.low))
        worst, best = (low, high) if sign > 0 else (high, low)
        level, reason = math.nan, ""
        if sign * (one.stop - open_) >= 0:
            level, reason = open_, "stop"
        elif sign * (open_ - one.target) >= 0:
            level, reason = open_, "target"
        elif sign * (one.stop - worst) >= 0:
            level, reason = one.stop, "stop"
        elif sign * (best - one.target) >= 0:
            level, reason = one.target, "target"
        if reason:
            self._end(place, level * (1 - sign * self.rules.slippage), row, reason)

    def _settle(self, place: int, row: int, *, inside: bool) -> None:
        leg, one = self.legs[place], self.held.get(place)
        if one is None or leg.funding is None or not row:
            return
        time, before = int(leg.candles.time[row]), int(leg.candles.time[row - 1])
        for stamp, rate in zip(leg.funding.time.tolist(), leg.funding.rate.tolist(), strict=True):
            in_gap = before + STEP <= stamp < time
            late = time + 5_000 < stamp < time + STEP
            if in_gap and not inside:
                price = float(leg.candles.close[row - 1])
            elif late == inside and time <= stamp < time + STEP:
                price = float(leg.candles.open[row])
            else:
                continue
            one.funding -= one.sign * one.quantity * rate * price

    def _enter(self, place: int, row: int) -> None:
        sign, rules = int(self._said(place, row, "entry")), self.rules
        if not sign or place in self.held or rules.direction == ("short" if sign > 0 else "long"):
            return
        price = self.marks[place]
        stop, target = self._said(place, row, "stop"), self._said(place, row, "target")
        if math.isnan(stop) and rules.stop_loss_percent is not None:
            stop = price * (1 - sign * rules.stop_loss_percent / 100)
        if math.isnan(target) and rules.take_profit_percent is not None:
            target = price * (1 + sign * rules.take_profit_percent / 100)
        if sign * (price - stop) <= 0 or sign * (target - price) <= 0:
            return
        if rules.max_open_positions is not None and len(self.held) >= rules.max_open_positions:
            return
        fill, equity = price * (1 + sign * rules.slippage), self.worth
        margins = sum(one.quantity * one.price / rules.leverage for one in self.held.values())
        free = self.cash + sum(one.funding - one.fee for one in self.held.values()) - margins
        free = free if free > 1e-9 * equity else 0.0
        quantity = free * rules.leverage / (fill * (1 + rules.fee * rules.leverage))
        if rules.sizing != "all_in":
            wanted = rules.size if rules.sizing == "fixed" else rules.size * equity
            quantity = min(quantity, wanted / price, rules.max_position / price)
        if rules.max_exposure_percent is not None:
            exposed = sum(one.quantity * self.marks[other] for other, one in self.held.items())
            room = rules.max_exposure_percent / 100 * equity * rules.leverage - exposed
            quantity = min(quantity, room / price if room > 1e-9 * equity else 0.0)
        if quantity > 0:
            fee = quantity * fill * rules.fee
            self.held[place] = Open(sign, quantity, fill, fee, stop, target, row)

    def _end(self, place: int, price: float, row: int, reason: str) -> None:
        one = self.held.pop(place)
        self.cash += self._book(place, one, price, one.quantity * price * self.rules.fee, row, reason)

    def _book(self, place: int, one: Open, price: float, fee: float, row: int, reason: str) -> float:
        pnl = one.sign * one.quantity * (price - one.price) + one.funding - one.fee - fee
        self.trades.append((place, one.sign, one.row, row, reason, one.quantity, one.price, price, one.funding, pnl))
        return pnl
