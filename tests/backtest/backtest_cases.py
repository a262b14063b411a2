"""Signals written by hand or drawn at random, in the normal form that `evaluate` gives them."""

import numpy as np

from gobot.market import Candles
from gobot.strategy import EXIT_LONG, EXIT_SHORT, Signals


def candles_of(bars):
    """Candles from rows of open, high, low, close."""
    columns = np.array(bars, float).T
    return Candles.from_columns(1_735_689_600_000 + 900_000 * np.arange(len(bars)), *columns, np.ones(len(bars)))


def signals_of(entry, exit_=None, stop=(), target=()):
    """Signals from a list of entries and one of exit bits; ``stop`` and ``target`` map rows to prices."""
    entry = np.array(entry, np.int8)
    exits = np.zeros(len(entry), np.int8) if exit_ is None else np.array(exit_, np.int8)
    exits[entry > 0], exits[entry < 0] = EXIT_SHORT, EXIT_LONG
    prices = []
    for given in (stop, target):
        column = np.full(len(entry), np.nan)
        for row, price in dict(given).items():
            column[row] = price
        prices.append(column)
    return Signals(entry, exits, *prices, np.where(entry != 0, 1.0, 0.0))


def random_signals(seed, candles):
    """Entries on two rows of five, most with a stop, a target or both, and exits that mean nothing in particular."""
    chance = np.random.RandomState(seed)
    rows = len(candles)
    entry = chance.choice([-1, 0, 0, 0, 1], rows)
    away = candles.close * chance.uniform(0.002, 0.03, (2, rows))
    away[chance.uniform(size=(2, rows)) < 0.3] = np.nan
    levels = (candles.close - entry * away[0], candles.close + entry * away[1])
    return signals_of(entry, chance.choice([0, 0, 0, 1, 2, 3], rows), *(dict(enumerate(level)) for level in levels))
