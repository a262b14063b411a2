"""Idea: what the strategy says about each symbol on the newest closed candle."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from loguru import logger

from gobot.core import Idea, StrategyError
from gobot.daemon.scan import MarketView
from gobot.strategy import Signals, Strategy, evaluate, idea


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """An idea with the signals it came from: the recent-window backtest tries the very same ones."""

    idea: Idea
    signals: Signals


async def form_ideas(view: MarketView, strategy: Strategy, branch: str) -> list[Thought]:
    """One thought per symbol that has enough candles and whose newest one is the one that just closed.

    A strategy that fails on a symbol is logged and has no idea there.  The loop breathes between symbols.
    """
    thoughts = []
    for symbol, candles in view.candles.items():
        if len(candles) < strategy.warmup or candles.time[-1] != view.candle_ms:
            logger.debug("no idea: too few or old candles", symbol=symbol, candles=len(candles))
            continue
        position = view.positions.get(symbol)
        try:
            signals = evaluate(strategy, candles)
            thought = idea(
                strategy,
                candles,
                symbol=symbol,
                branch=branch,
                holding=position.direction if position else None,
                signals=signals,
            )
        except StrategyError as error:
            logger.error("the strategy failed", symbol=symbol, strategy=strategy.name, error=str(error))
            continue
        thoughts.append(Thought(idea=thought, signals=signals))
        await asyncio.sleep(0)
    return thoughts
