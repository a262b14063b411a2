"""What was learned moves confidence within bounds; exits come first, then the most confident entries."""

from __future__ import annotations

from gobot.core import Action, Idea
from gobot.daemon.adjust import adjust
from gobot.memory import Pattern

NINE_UTC = 9 * 3_600_000


def idea(symbol: str, action: Action, confidence: float) -> Idea:
    return Idea(
        symbol=symbol,
        action=action,
        confidence=confidence,
        candle_ms=0,
        price=1.0,
        strategy="s",
        branch="b",
        reason="Because.",
    )


def pattern(feature: str, value: str, win_rate: float, *, retired: bool = False) -> Pattern:
    return Pattern(
        feature=feature,
        value=value,
        trades=40,
        win_rate=win_rate,
        rest_win_rate=50.0,
        mean_pnl=1.0,
        p_value=0.01,
        last_ms=0,
        found_ms=0,
        retired_ms=1 if retired else None,
    )


def test_order_is_exits_then_confidence_then_settings() -> None:
    ideas = [
        idea("A", Action.LONG, 0.5),
        idea("B", Action.HOLD, 0.9),
        idea("C", Action.SHORT, 0.7),
        idea("D", Action.EXIT, 0.1),
        idea("E", Action.LONG, 0.5),
    ]
    assert [i.symbol for i in adjust(ideas, [], branch="b", at_ms=NINE_UTC).ideas] == ["D", "C", "A", "E"]


def test_a_good_symbol_and_a_bad_hour_move_confidence() -> None:
    patterns = [
        pattern("symbol", "A", 60.0),
        pattern("hour", "09:00 UTC", 40.0),
        pattern("symbol", "C", 99.0, retired=True),
    ]
    plan = adjust([idea("A", Action.LONG, 0.5), idea("C", Action.LONG, 0.5)], patterns, branch="b", at_ms=NINE_UTC)
    by_symbol = {i.symbol: i for i in plan.ideas}
    assert by_symbol["A"].confidence == 0.5 * 1.2 * 0.8
    assert "Learned: 09:00 UTC: 40 % win rate, n=40, p=0.01 (all others 50 %); A: 60 %" in by_symbol["A"].reason
    assert by_symbol["C"].confidence == 0.5 * 0.8


def test_one_pattern_cannot_make_or_kill_an_idea() -> None:
    plan = adjust([idea("A", Action.LONG, 0.9)], [pattern("symbol", "A", 100.0)], branch="b", at_ms=NINE_UTC)
    assert plan.ideas[0].confidence == 1.0
    plan = adjust([idea("A", Action.LONG, 0.8)], [pattern("symbol", "A", 0.0)], branch="b", at_ms=NINE_UTC)
    assert plan.ideas[0].confidence == 0.4
    assert (
        adjust([idea("A", Action.EXIT, 0.8)], [pattern("symbol", "A", 0.0)], branch="b", at_ms=0).ideas[0].confidence
        == 0.8
    )
