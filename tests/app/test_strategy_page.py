"""Pages of strategies: made where they are marked, the same every time, the author's words kept."""

import re
from pathlib import Path

import numpy as np
import pytest

from gobot.app.strategy_chart import Line, chart
from gobot.app.strategy_page import write_page
from gobot.cli import main
from gobot.core import UsageError
from gobot.strategy import SHIPPED
from gobot.strategy.shipped.multi_stoch_rsi import MultiStochRsi
from gobot.strategy.shipped.sma_cross import SmaCross

DOCS = Path(__file__).parents[2] / "docs" / "strategies"


@pytest.fixture(scope="module")
def markets(random_walk):
    return [("binance_um_BTCUSDT_15m.parquet", random_walk(5, 12_000)), ("other.csv", random_walk(6, 4000))]


def test_a_page_tells_what_happened(tmp_path, markets):
    page = write_page(SmaCross(fast=20, slow=80), markets, tmp_path / "pages")
    text = page.read_text()
    assert text.startswith("# sma_cross\n")
    assert "| fast | 20 | 1 to 500 | Candles of the fast average. |" in text
    assert "It must hold that `fast < slow`. A row needs 81 candles." in text
    assert re.search(r"^\| binance_um_BTCUSDT_15m \| 2025-01-01 \| 2025-05-05 \| [+-]\d+ % \|", text, re.MULTILINE)
    assert text.count("\n| other |") == 1
    assert re.search(r"^\| 2025 Q2 \| [+-][\d.]+ \| [+-][\d.]+ \| \d+ \|$", text, re.MULTILINE)
    assert "`gobot strategy page sma_cross --data binance_um_BTCUSDT_15m.parquet --data other.csv`" in text
    picture = (tmp_path / "pages" / "sma_cross.svg").read_text()
    assert picture.count("<polyline") == 3
    assert len(picture) < 40_000


def test_made_again_it_is_the_same_and_keeps_the_words_around(tmp_path, markets):
    page = write_page(SmaCross(), markets[:1], tmp_path)
    words = page.read_text().replace("Write down what you have seen.", "In ranges.").replace("# sma_cross", "# Mine")
    page.write_text(words)
    picture = (tmp_path / "sma_cross.svg").read_bytes()
    write_page(SmaCross(), markets[:1], tmp_path)
    assert page.read_text() == words
    assert (tmp_path / "sma_cross.svg").read_bytes() == picture


def test_several_timeframes_say_what_they_need(tmp_path, markets):
    page = write_page(MultiStochRsi(), markets[:1], tmp_path)
    assert "A row needs 316 candles, 312 of 30m and 312 of 1h." in page.read_text()


def test_a_page_without_its_marks_is_left_alone(tmp_path, markets):
    (tmp_path / "sma_cross.md").write_text("mine\n")
    with pytest.raises(UsageError, match="put them where the results should stand"):
        write_page(SmaCross(), markets[:1], tmp_path)
    assert (tmp_path / "sma_cross.md").read_text() == "mine\n"


def test_a_line_that_falls_to_nothing_leaves_at_the_bottom():
    times = 1_735_689_600_000 + 3_600_000 * np.arange(1000)
    fall = np.maximum(100.0 - 0.2 * np.arange(1000), 1e-9)
    drawn = chart(times, [Line("a & b", fall, "#123456", dashed=True)], title="<fall>")
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", re.search(r'points="([^"]+)"', drawn)[1])]
    assert max(heights) == 294.0
    assert min(heights) >= 34.0
    assert "a &amp; b" in drawn
    assert "&lt;fall&gt;" in drawn


def test_every_shipped_strategy_has_its_page_with_words_on_how_it_fails():
    for name in SHIPPED:
        text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
        assert len(text.partition("## When it fails")[2]) > 300
        assert (DOCS / f"{name}.svg").exists()


def test_the_command(tmp_path, random_walk, monkeypatch, capfd):
    monkeypatch.setenv("GOBOT_HOME", str(tmp_path))
    data = tmp_path / "BTCUSDT_15m.csv"
    random_walk(3, 2000).frame().to_csv(data)
    with pytest.raises(SystemExit) as left:
        main(["strategy", "page", "sma_cross", "--data", str(data), "--out", str(tmp_path / "pages"), "-p", "fast=5"])
    assert (left.value.code, capfd.readouterr().out) == (0, f"wrote {tmp_path / 'pages' / 'sma_cross.md'}\n")
    with pytest.raises(SystemExit) as left:
        main(["strategy", "page", "sma_cross"])
    assert left.value.code == 2
    assert "give --data FILE" in capfd.readouterr().err
