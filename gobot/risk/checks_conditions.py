"""Checks on the conditions in the market: how it moves, what it holds, what it costs, and what time it is.

Each has a function that returns the sentence that refuses, or None, and one that tells how far from that it is.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from gobot.core import DAY_MS, Book, exact, iso
from gobot.risk.case import Case, Check, MissingDataError
from gobot.risk.limits import exposure_limit, share_of

_MINUTE_MS = 60_000
_HUNDRED = Decimal(100)


def _volatility(case: Case) -> str | None:
    """Extreme movement is no time to begin: neither against the symbol's own past nor in itself."""
    rules = case.rules
    if rules.max_atr_percentile < 100 and (found := case.behaviour.atr_percentile) > rules.max_atr_percentile:
        return (
            f"The average true range of {case.symbol} is above that of {found:.1f} % of the last candles, "
            f"more than {rules.max_atr_percentile:g} %."
        )
    limit = rules.max_volatility_pct
    if limit is None or case.behaviour.volatility_pct <= limit:
        return None
    return f"The volatility of {case.symbol}, {case.behaviour.volatility_pct:,.0f} % a year, exceeds {limit:g} %."


def _volatility_figures(case: Case) -> str:
    found, rules = case.behaviour, case.rules
    limit = "" if rules.max_volatility_pct is None else f" of {rules.max_volatility_pct:g} %"
    return (
        f"ATR above {found.atr_percentile:.1f} % of {rules.max_atr_percentile:g} % of candles, "
        f"{found.volatility_pct:,.0f} %{limit} a year"
    )


def _cluster(case: Case) -> dict[str, float | None]:
    """Open positions that would win and lose with this one, with their correlation; None where it is not known."""
    view, symbol, direction, limit = case.view, case.symbol, case.direction, case.rules.max_correlation
    found: dict[str, float | None] = {}
    for position in view.positions:
        if position.symbol == symbol:
            continue
        correlation = view.correlation(symbol, position.symbol)
        if correlation is not None and position.direction is not direction:
            correlation = -correlation
        if correlation is None or correlation > limit:
            found[position.symbol] = correlation
    return found


def _cluster_value(case: Case, cluster: dict[str, float | None]) -> Decimal:
    return sum((each.notional for each in case.view.positions if each.symbol in cluster), case.value)


def _cluster_limit(case: Case) -> Decimal:
    return exposure_limit(case.rules.max_cluster_exposure_pct, case.view.equity, case.view.leverage)


def _correlation(case: Case) -> str | None:
    """Positions that move together count as one; what is not known to move apart counts as moving together."""
    if not case.view.positions:
        return None
    limit = _cluster_limit(case)
    # Where everything together is no more than that, it does not matter what moves how.
    if case.view.exposure + case.value <= limit or not (cluster := _cluster(case)):
        return None
    value = _cluster_value(case, cluster)
    if value <= limit:
        return None
    named = ", ".join(f"{symbol} {'unknown' if known is None else f'{known:.2f}'}" for symbol, known in cluster.items())
    return (
        f"Together with what moves as {case.symbol} does ({named}; above {case.rules.max_correlation:g}) it would be "
        f"{value:,.2f} USDT, more than {limit:,.2f} USDT ({case.rules.max_cluster_exposure_pct:g} % of equity times "
        f"leverage)."
    )


def _correlation_figures(case: Case) -> str:
    cluster = _cluster(case)
    if not cluster:
        return f"no open position correlated above {case.rules.max_correlation:g}"
    value, limit = _cluster_value(case, cluster), _cluster_limit(case)
    return f"{value:,.2f} of {limit:,.2f} USDT with {len(cluster)} correlated"


def _liquidity(case: Case) -> str | None:
    """The position must be small beside what is traded and what the order book holds."""
    return _against_volume(case) or _against_book(case)


def _against_volume(case: Case) -> str | None:
    percent = case.rules.max_volume_share_pct
    if percent is None:
        return None
    traded, value = case.behaviour.traded, case.value
    if value <= share_of(percent) * exact(traded):
        return None
    return (
        f"The position of {value:,.2f} USDT is more than {percent:g} % of the {traded:,.2f} USDT that {case.symbol} "
        f"usually trades per candle."
    )


def _against_book(case: Case) -> str | None:
    if case.view.books is None or case.rules.min_depth_ratio == 0:
        return None
    depth, value, ratio = _depth(case, case.view.books.get(case.symbol)), case.value, case.rules.min_depth_ratio
    if depth >= exact(ratio) * value:
        return None
    return (
        f"The order book of {case.symbol} holds {depth:,.2f} USDT within {case.rules.max_spread_pct:g} % of the price, "
        f"less than {ratio:g} times the position of {value:,.2f} USDT."
    )


def _depth(case: Case, book: Book | None) -> Decimal:
    if book is None:
        raise MissingDataError(f"The order book of {case.symbol} is not known.")
    return book.depth(case.direction.entry_side, share_of(case.rules.max_spread_pct))


def _liquidity_figures(case: Case) -> str:
    words = []
    if case.rules.max_volume_share_pct is not None:
        share = float(case.value) / case.behaviour.traded * 100
        words.append(f"{share:.3g} % of {case.rules.max_volume_share_pct:g} % of a candle's volume")
    if case.view.books is not None and case.rules.min_depth_ratio > 0:
        times = float(_depth(case, case.view.books.get(case.symbol))) / float(case.value)
        words.append(f"the book holds {times:.3g} times the position, at least {case.rules.min_depth_ratio:g}")
    return ", ".join(words) or "no limit"


def _low_liquidity_hours(case: Case) -> str | None:
    """In the hours in which few trade, nothing is begun."""
    hours = case.rules.low_liquidity_hours
    if hours is None:
        return None
    (begin, end), now = _span(hours), case.view.now_ms % DAY_MS
    inside = begin <= now < end if begin <= end else now >= begin or now < end
    return f"{_clock(case)} UTC lies in the hours of low liquidity, {hours}." if inside else None


@lru_cache(maxsize=16)
def _span(hours: str) -> tuple[int, int]:
    """``02:00-04:00`` as milliseconds of a day."""
    begin, end = ((int(text[:2]) * 60 + int(text[3:])) * _MINUTE_MS for text in hours.split("-"))
    return begin, end


def _clock(case: Case) -> str:
    return iso(case.view.now_ms)[11:16]


def _event_window(case: Case) -> str | None:
    """Around what is known to be coming, nothing is begun."""
    for event in case.rules.events:
        concerned = not event.symbols or case.symbol in event.symbols
        if concerned and event.begin.timestamp() * 1000 <= case.view.now_ms < event.until.timestamp() * 1000:
            return f"No entries until {iso(round(event.until.timestamp() * 1000))}: {event.why}."
    return None


def _funding_cost(case: Case) -> float | None:
    rate = case.ticker.funding_rate
    return None if rate is None else float(rate * case.direction.sign * _HUNDRED)


def _funding(case: Case) -> str | None:
    """Holding the position must not cost too much; a market without funding costs nothing."""
    cost, limit = _funding_cost(case), case.rules.max_funding_pct
    if cost is None or cost <= limit:
        return None
    return f"The next funding costs a {case.direction} position in {case.symbol} {cost:.3f} %, more than {limit:g} %."


def _funding_figures(case: Case) -> str:
    cost = _funding_cost(case)
    return "no funding" if cost is None else f"{cost:+.3f} % of {case.rules.max_funding_pct:g} %"


def _skew(case: Case) -> int:
    if case.view.clock_skew_ms is None:
        raise MissingDataError("The venue's clock could not be asked.")
    return case.view.clock_skew_ms


def _clock_skew(case: Case) -> str | None:
    """Two clocks that disagree make candles too young and orders too old."""
    skew, limit = _skew(case), case.rules.max_clock_skew_ms
    if abs(skew) <= limit:
        return None
    return f"The venue's clock is {abs(skew)} ms {'ahead of' if skew > 0 else 'behind'} ours, more than {limit} ms."


_RULES = "trading.risk_manager"

CONDITION_CHECKS = (
    Check("volatility", f"{_RULES}.max_atr_percentile", _volatility, _volatility_figures),
    Check("correlation", f"{_RULES}.max_cluster_exposure_pct", _correlation, _correlation_figures),
    Check("liquidity", f"{_RULES}.min_depth_ratio", _liquidity, _liquidity_figures),
    Check(
        "low_liquidity_hours",
        f"{_RULES}.low_liquidity_hours",
        _low_liquidity_hours,
        lambda case: f"{_clock(case)}, not in {case.rules.low_liquidity_hours or 'any hours'}",
    ),
    Check("event_window", f"{_RULES}.events", _event_window, lambda case: f"none of {len(case.rules.events)} events"),
    Check("funding", f"{_RULES}.max_funding_pct", _funding, _funding_figures),
    Check(
        "clock_skew",
        f"{_RULES}.max_clock_skew_ms",
        _clock_skew,
        lambda case: f"{_skew(case):+d} of {case.rules.max_clock_skew_ms} ms",
    ),
)
