"""The one base class of strategies: backtest, paper and live run the same object."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import pandas as pd

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

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.params.items())})"

    @property
    @abstractmethod
    def warmup(self) -> int:
        """How many candles decide a row: with fewer there is no signal, with more the same one.

        Count the longest window and what a crossing looks back (one); for recursive indicators add up
        `wilder_warmup` or `ema_warmup`.
        """

    @abstractmethod
    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """Named columns computed from open, high, low, close, volume (UTC index); `signals` gets them in its frame."""

    @abstractmethod
    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Entries and exits for every row of ``frame`` (the candles and the indicators): see `signal_frame`."""

    def reason(self, row: Mapping[str, Any]) -> str:
        """Why this row of the frame has its signal, in words; by default the values of the indicators.

        ``row`` holds the candle, the indicators, and the signal's ``entry`` and ``exit``.
        """
        values = [f"{name} {value:.6g}" for name, value in row.items() if name not in _NO_INDICATOR]
        return f"{self.name}: {', '.join(values)}"


_NO_INDICATOR = frozenset({"open", "high", "low", "close", "volume", "entry", "exit"})
