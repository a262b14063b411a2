import random
from dataclasses import replace

import pytest

from gobot.core import DAY_MS
from gobot.memory import Pattern, TradeFacts, consolidate, discover
from gobot.memory.significance import fisher_exact, holm

HOUR = 3_600_000
NOW = 400 * DAY_MS


def trades(
    count, *, seed=1, edge=lambda symbol, hour: 0.5, symbols=("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
):
    chance = random.Random(seed)
    made = []
    for number in range(count):
        symbol, hour = chance.choice(symbols), chance.randrange(24)
        entry = (number // 10) * DAY_MS + hour * HOUR
        pnl = 2.0 if chance.random() < edge(symbol, hour) else -2.0
        made.append(TradeFacts(symbol=symbol, entry_ms=entry, exit_ms=entry + HOUR, pnl=pnl))
    return made


def find(facts, **changes):
    return discover(facts, **{"now_ms": NOW, "min_sample": 20, "significance": 0.05} | changes)


@pytest.mark.parametrize(
    ("table", "p_value"),
    # Wins and losses of the group, then of all others; p-values by SciPy 1.17, fisher_exact.
    [
        ((1, 9, 11, 3), 0.002759456185220083),
        ((8, 2, 1, 5), 0.03496503496503495),
        ((33, 7, 210, 190), 0.00020142677893649283),
        ((0, 20, 20, 0), 1.4508889103849681e-11),
        ((10, 10, 100, 100), 1.0),
        ((0, 5, 0, 50), 1.0),
    ],
)
def test_fisher_exact_against_scipy(table, p_value):
    wins, losses, other_wins, other_losses = table
    assert fisher_exact(wins, wins + losses, other_wins, other_wins + other_losses) == pytest.approx(p_value, rel=1e-9)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_good_symbol_and_a_bad_hour_are_found():
    facts = trades(3000, edge=lambda symbol, hour: 0.2 if hour == 3 else 0.7 if symbol.startswith("BTC") else 0.45)
    found = {pattern.key: pattern for pattern in find(facts)}
    assert {("symbol", "BTC/USDT:USDT"), ("hour", "03:00 UTC")} <= found.keys()
    best, worst = found["symbol", "BTC/USDT:USDT"], found["hour", "03:00 UTC"]
    assert best.win_rate > 60 > best.rest_win_rate
    assert worst.win_rate < 30 < worst.rest_win_rate
    assert worst.mean_pnl < 0
    assert best.trades == sum(fact.symbol == "BTC/USDT:USDT" for fact in facts)


def test_chance_alone_rarely_makes_a_pattern():
    worlds = 200
    false = sum(bool(find(trades(600, seed=seed))) for seed in range(worlds))
    assert false / worlds <= 0.05


def test_a_small_sample_is_no_pattern_on_either_side():
    facts = trades(19, edge=lambda *_: 1.0, symbols=("A",)) + trades(300, seed=2, edge=lambda *_: 0.0, symbols=("B",))
    assert [p.value for p in find(facts, min_sample=20) if p.feature == "symbol"] == []
    assert [p.value for p in find(facts, min_sample=19) if p.feature == "symbol"] != []
    assert find(trades(500, symbols=("A",)), features={"symbol": lambda trade: trade.symbol}) == []


def test_the_newest_evidence_comes_first_and_another_feature_is_one_line():
    facts = trades(2000, edge=lambda symbol, hour: 0.8 if symbol.startswith("BTC") else 0.3)
    cut = max(fact.exit_ms for fact in facts if not fact.symbol.startswith("BTC")) - 20 * DAY_MS
    facts = [fact for fact in facts if fact.symbol.startswith("BTC") or fact.exit_ms < cut]
    found = find(facts, features={"side": lambda trade: "first" if trade.symbol < "C" else "second"})
    assert [pattern.value for pattern in found] == ["first", "second"]
    assert found[0].last_ms > found[1].last_ms


PATTERN = Pattern(
    feature="symbol",
    value="BTC/USDT:USDT",
    trades=40,
    win_rate=82.5,
    rest_win_rate=55.25,
    mean_pnl=1.5,
    p_value=0.012,
    last_ms=NOW - DAY_MS,
    found_ms=NOW,
)


def pattern(value, **changes):
    return replace(PATTERN, value=value, **changes)


def test_the_sentence():
    sentence = pattern("BTC/USDT:USDT").sentence
    assert sentence == "BTC/USDT:USDT: 82 % win rate, n=40, p=0.012 (all others 55 %)"
    assert "p<0.0001" in pattern("X", p_value=1e-9).sentence


def test_it_survives_being_kept_as_a_document():
    kept = pattern("BTC/USDT:USDT", retired_ms=NOW)
    document = kept.document()
    assert Pattern.from_document(document) == kept
    assert (document["date"], document["trades"]) == ("1971-02-04", 40)


def test_a_pattern_that_stops_holding_retires_and_may_come_back():
    first = consolidate([], [pattern("A", found_ms=1), pattern("B", found_ms=1)], now_ms=1)
    second = consolidate(first, [pattern("A", found_ms=2, trades=50)], now_ms=2)
    a, b = second
    assert (a.value, a.found_ms, a.trades, a.retired_ms) == ("A", 1, 50, None)
    assert (b.value, b.found_ms, b.trades, b.retired_ms) == ("B", 1, 40, 2)
    third = consolidate(second, [pattern("A", found_ms=3)], now_ms=3)
    assert third[1].retired_ms == 2
    fourth = consolidate(third, [pattern("B", found_ms=4)], now_ms=4)
    assert [(p.value, p.retired_ms) for p in fourth] == [("B", None), ("A", 4)]
    assert fourth[0].found_ms == 1


def test_the_memory_of_retired_patterns_is_bounded():
    known = [replace(pattern(f"S{number}"), last_ms=number) for number in range(1000)]
    kept = consolidate(known, [], now_ms=NOW)
    assert len(kept) == 200
    assert kept[0].value == "S999"
