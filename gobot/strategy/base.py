"""The one base class of strategies: backtest, paper and live run the same object."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import pandas as pd

from gobot.core import StrategyError, Timeframe, UsageError
from gobot.strategy.param import Constraint, Param, bind


class Strategy(ABC):
    """What to do on each closed candle of one symbol, as columns of a DataFrame.

    A strategy declares its parameters, computes indicators, and says in whole columns where it would enter and exit:

        class Breakout(Strategy):
            '''Buys a new high and sells a new low.'''

            period = Param(20, low=2, high=200, step=1, description="Candles of the channel.")

            @property
            def warmup(self):
                return self.period + 1

            def indicators(self, candles):
                return {"top": highest(candles["high"], self.period).shift(1)}

            def signals(self, frame):
                return signal_frame(frame.index, long=frame["close"] > frame["top"], confidence=0.6)

    A row may use its own candle and those before it, never later ones: no ``shift(-1)``, no ``center=True``.
    Strategies hold no state: the same candles always give the same signals.

    Longer candles come by declaration: with ``timeframes = ("1h", "4h")`` the frame of `signals` also has the columns
    ``close_1h``, ``rsi_1h`` and so on: the candles, and what `indicators_for` makes of them, each as of the newest 1h
    candle that had closed by then.
    """

    name: ClassVar[str] = ""
    """What settings call it; the class name unless the class says otherwise."""
    constraints: ClassVar[tuple[Constraint, ...]] = ()
    """What must hold between parameters."""
    parameters: ClassVar[Mapping[str, Param[Any]]] = MappingProxyType({})
    """The declared parameters, base classes first.  Filled in from the class body."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Param)}
        cls.parameters = MappingProxyType({**cls.parameters, **own})
        cls.name = vars(cls).get("name") or cls.__name__

    def __init__(self, **params: object) -> None:
        """``params`` override the defaults.  Raises `StrategyError` for unknown names and values not allowed."""
        self.params: Mapping[str, Any] = bind(self.name, self.parameters, self.constraints, params)
        if isinstance(self.timeframes, str):
            raise StrategyError(f'{self.name}.timeframes must be several, such as ("{self.timeframes}",)')
        try:
            for name in self.timeframes:
                Timeframe.parse(name)
        except UsageError as error:
            raise StrategyError(f"{self.name}.timeframes: {error}") from error

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.params.items())})"

    @property
    @abstractmethod
    def warmup(self) -> int:
        """How many candles decide a row: with fewer there is no signal, with more the same one.

        Count the longest window and what a crossing looks back (one); for recursive indicators add up
        `wilder_warmup` or `ema_warmup`.
        """

    @property
    def timeframes(self) -> tuple[str, ...]:
        """The longer timeframes it looks at, such as ``("1h", "4h")``: multiples of the one that it trades on."""
        return ()

    def warmup_for(self, timeframe: str) -> int:  # noqa: ARG002  # for subclasses
        """How many candles of one of `timeframes` decide a row; as many as of the traded one unless you say so."""
        return self.warmup

    def warmup_on(self, timeframe: Timeframe) -> int:
        """How many candles of ``timeframe`` decide a row when it trades on them, its longer timeframes included."""
        ratios = {name: Timeframe.parse(name).ms // timeframe.ms for name in self.timeframes}
        return max(self.warmup, *(ratio * (self.warmup_for(name) + 1) - 1 for name, ratio in ratios.items()), 1)

    @abstractmethod
    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """Named columns computed from open, high, low, close, volume (UTC index); `signals` gets them in its frame."""

    def indicators_for(self, timeframe: str, candles: pd.DataFrame) -> Mapping[str, pd.Series]:  # noqa: ARG002
        """Named columns computed from the candles of one of `timeframes`; the same as `indicators` unless you say so.

        `signals` gets them with the timeframe behind the name: ``rsi_1h``.
        """
        return self.indicators(candles)

    @abstractmethod
    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Entries and exits for every row of ``frame`` (the candles and the indicators): see `signal_frame`."""

    def reason(self, row: Mapping[str, Any]) -> str:
        """Why this row of the frame has its signal, in words; by default the values of the indicators.

        ``row`` holds the candle, the indicators, and the signal's ``entry`` and ``exit``.
        """
        values = [f"{name} {value:.6g}" for name, value in row.items() if name.partition("_")[0] not in _NO_INDICATOR]
        return f"{self.name}: {', '.join(values)}"


_NO_INDICATOR = frozenset({"open", "high", "low", "close", "volume", "entry", "exit"})
