"""Upkeep: what the close of a candle means for positions that are open, before anything new is decided."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gobot.core import Market, Timeframe, VenueUnavailable, exact
from gobot.daemon.scan import MarketView
from gobot.execution import Executed, Execution
from gobot.ledger import Trade
from gobot.risk import Held, moved_stop, time_is_up
from gobot.settings.trading import TradingSettings

TIME_STOP = "it has been held for as long as the settings allow"


async def upkeep(
    execution: Execution,
    view: MarketView,
    trades: Sequence[Trade],
    settings: TradingSettings,
    *,
    leaving: Collection[str] = (),
) -> list[Executed]:
    """Close what has been held for long enough and move the stops of the rest; what came of it.

    ``trades`` are the open ones; of those in ``leaving``, which a signal is about to close, none is closed here.
    A symbol that is quarantined or has an order in question is left as it is.
    """
    timeframe, protection = Timeframe.parse(settings.timeframe), settings.protection
    executed: list[Executed] = []
    for trade in trades:
        candles = view.candles.get(trade.symbol)
        held = _held(trade)
        if held is None or candles is None or trade.symbol in view.reconciliation.blocked:
            continue
        if trade.symbol not in leaving and time_is_up(held, view.candle_ms, timeframe, protection):
            executed.append(await _time_stop(execution, trade.symbol))
            continue
        closes = candles.between(timeframe.floor(trade.entry_ms)).close
        market = view.markets.get(trade.symbol, Market(symbol=trade.symbol))
        stop = moved_stop(held, [float(close) for close in closes], protection, market)
        if stop != held.stop:
            executed.append(await execution.move_stop(trade.symbol, stop))
    return executed


async def _time_stop(execution: Execution, symbol: str) -> Executed:
    try:
        return await execution.time_out(symbol, TIME_STOP)
    except VenueUnavailable:
        # The next candle finds it still there.
        return Executed()


def _held(trade: Trade) -> Held | None:
    """The trade as the policies see it; None for one that gobot does not look after."""
    if trade.is_external or trade.stop is None:
        return None
    return Held(direction=trade.direction, entry=exact(trade.entry_price), entry_ms=trade.entry_ms, stop=trade.stop)
