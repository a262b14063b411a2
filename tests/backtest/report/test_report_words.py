import math
from pathlib import Path

import pytest

from gobot.backtest.report import words

DOCS = Path(__file__).parents[3] / "docs" / "backtesting.md"


@pytest.mark.parametrize(
    ("written", "value", "text"),
    [
        (words.amount, 1234.5, "1,234.50"),
        (words.amount, -0.001, "0.00"),
        (words.amount, -2.5, "−2.50"),
        (words.amount, math.nan, "–"),
        (words.amount, None, "–"),
        (words.amount, math.inf, "∞"),
        (words.signed, 3.0, "+3.00"),
        (words.signed, 0.0, "0.00"),
        (words.percent, 12.34, "12.3 %"),
        (words.percent, 1.234, "1.23 %"),
        (words.percent, None, "–"),
        (words.gain, 0.5, "+0.50 %"),
        (words.gain, -87.75, "−87.8 %"),
        (words.count, 70171, "70,171"),
        (words.day, 1_735_689_600_000, "1 Jan 2025"),
        (words.minute, 1_735_689_600_000, "2025-01-01 00:00"),
        (words.span, 3 * 86_400_000, "3.0 days"),
        (words.span, 30 * 86_400_000, "30 days"),
        (words.span, 3 * 3_600_000, "3.0 hours"),
        (words.span, 900_000, "15 minutes"),
        (words.span, math.nan, "–"),
    ],
)
def test_numbers_as_people_read_them(written, value, text):
    assert written(value) == text


def test_every_figure_is_explained_in_the_documents(report_of):
    text = DOCS.read_text(encoding="utf-8")
    shown = [metric for metrics in words.GROUPS.values() for metric in metrics]
    present = [metric for metric in shown if metric.name in report_of().summary]
    assert [metric.name for metric in present if f"`{metric.name}`" not in text] == []
    assert [metric.label for metric in present if metric.label not in text] == []


def test_every_figure_of_a_summary_is_shown_or_said_otherwise(report_of):
    shown = {metric.name for metrics in words.GROUPS.values() for metric in metrics}
    elsewhere = {"strategy", "params", "symbols", "timeframe", "start", "end", "bars", "net_profit", "wins"}
    assert set(report_of().summary) - shown == elsewhere
