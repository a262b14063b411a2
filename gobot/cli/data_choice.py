"""Options that name stored series and stretches of time, and what they choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gobot.core import Timeframe, UsageError

if TYPE_CHECKING:
    from gobot.market import CandleStore, Series

VenueOption = Annotated[str | None, typer.Option("--venue", help="Such as binance.")]
MarketOption = Annotated[
    Literal["spot", "um", "cm"] | None, typer.Option("--market", help="um is settled in dollars, cm in the coin.")
]
SymbolsOption = Annotated[
    list[str] | None, typer.Option("--symbol", help="BTC/USDT, BTC/USDT:USDT or BTCUSDT; may be repeated.")
]
TimeframesOption = Annotated[list[str] | None, typer.Option("--timeframe", help="Such as 15m; may be repeated.")]
FromOption = Annotated[str | None, typer.Option("--from", metavar="TIME", help="First moment, such as 2024-01-31.")]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Moment to end before.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which series are meant; what is not said may be anything."""

    venue: str | None = None
    market: str | None = None
    symbols: Sequence[str] = ()
    timeframes: Sequence[Timeframe] = ()

    @classmethod
    def of(
        cls, venue: str | None, market: str | None, symbols: Sequence[str] | None, timeframes: Sequence[str] | None
    ) -> Choice:
        """The choice that the options make.  Raises `UsageError` for a timeframe that is none."""
        from gobot.market.ccxt_venue import file_venue

        lengths = tuple(map(Timeframe.parse, timeframes or ()))
        venue = file_venue(venue) if venue else None
        return cls(venue=venue, market=market, symbols=tuple(symbols or ()), timeframes=lengths)

    def stored(self, store: CandleStore) -> list[Series]:
        """The stored series that are meant."""
        return [series for series in store.series() if self._means(series) and self._has_length(series)]

    def required(self, store: CandleStore) -> list[Series]:
        """The same; raises `UsageError` when there are none."""
        found = self.stored(store)
        if not found:
            raise UsageError(f"nothing like that is stored in {store.directory}; see what is: gobot data list")
        return found

    def derivable(self, store: CandleStore) -> list[Series]:
        """The series that are meant, whether stored or to be made of what is; of every length stored if none is said.

        Raises `UsageError` when there are none.
        """
        from gobot.market import Series

        if not self.timeframes:
            return self.required(store)
        traded = dict.fromkeys((series.venue, series.symbol) for series in store.series() if self._means(series))
        if not traded:
            return self.required(store)
        return [
            Series(venue=venue, symbol=symbol, timeframe=length)
            for venue, symbol in traded
            for length in self.timeframes
        ]

    def _means(self, series: Series) -> bool:
        return (
            self.venue in (None, series.venue)
            and self.market in (None, series.market)
            and (not self.symbols or bool({series.symbol, series.pair} & set(self.symbols)))
        )

    def _has_length(self, series: Series) -> bool:
        return not self.timeframes or series.timeframe in self.timeframes


def moment(text: str | None) -> int | None:
    """``2024-01-31`` or ``2024-01-31T12:00`` (UTC unless it says otherwise) as ms.  Raises `UsageError`."""
    if text is None:
        return None
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no moment; write 2024-01-31 or 2024-01-31T12:00") from None
    return round((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp() * 1000)
