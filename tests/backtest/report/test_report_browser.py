"""The pages in a real browser: they draw themselves, answer to mouse and keys, and ask for nothing."""

import pytest
from chromium import browser, opened

from gobot.backtest.report.comparison import comparison
from gobot.backtest.report.page import page
from gobot.ledger import BacktestRow

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser() is None, reason="no Chromium is installed: see .ci/services"),
]

INK = """[...document.querySelectorAll('canvas')].map((one) => {
    const { data } = one.getContext('2d').getImageData(0, 0, one.width, one.height);
    return data.reduce((sum, value, at) => sum + (at % 4 === 3 && value > 0 ? 1 : 0), 0); })"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def report_file(report_of, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "report.html"
    path.write_text(page(report_of(2, 5000, stop_loss_percent=2.0, take_profit_percent=4.0)), encoding="utf-8")
    return path


def calm(tab, path):
    """No complaint on the console, and nothing loaded but the page itself."""
    assert tab.complaints == []
    assert {address for address in tab.requests if not address.startswith("data:")} <= {path.absolute().as_uri()}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_report_draws_itself(tab, report_file, width, dark):
    tab.open(report_file, width=width, dark=dark)
    calm(tab, report_file)
    assert tab.run("document.querySelector('.figure').dataset.ready") == "true"
    assert tab.run("document.documentElement.scrollWidth") == width
    drawn, cover = tab.run(INK)
    assert drawn > 20_000
    assert cover == 0
    assert tab.run("document.querySelectorAll('.trades tbody tr').length") == 15
    assert tab.run("document.querySelectorAll('svg rect').length") > 5
    ground = tab.run("getComputedStyle(document.documentElement).backgroundColor")
    assert (ground == "rgb(13, 18, 25)") is dark


def test_everything_has_a_name(tab, report_file):
    tab.open(report_file)
    nameless = """[...document.querySelectorAll('button, select, input, svg, table, .figure')].filter((one) =>
        !(one.ariaLabel || one.textContent.trim() || one.closest('label')?.textContent.trim())).length"""
    assert tab.run(nameless) == 0
    assert tab.run("document.documentElement.lang") == "en"


def test_a_trade_is_found_from_the_list_and_on_the_chart(tab, report_file):
    tab.open(report_file)
    before = tab.run("document.querySelector('.figure .head b').textContent")
    tab.run("document.querySelectorAll('.trades tbody tr')[4].click()")
    tab.frame()
    assert tab.run("document.querySelector('.trades tr[aria-current]').dataset.number") == "5"
    assert tab.run("document.querySelector('.figure .head b').textContent") != before
    tab.run("document.querySelector('[data-do=after]').click()")
    assert tab.run("document.querySelector('.trades tr[aria-current]').dataset.number") == "6"
    assert tab.run(INK)[1] > 100
    calm(tab, report_file)


def test_the_list_is_sorted_and_turned(tab, report_file):
    tab.open(report_file)
    pnl = """[...document.querySelectorAll('.trades tbody tr')].map((row) =>
        Number(row.cells[9].textContent.replace('−', '-').replace(/[+,]/g, '')))"""
    tab.run("document.querySelector('.trades button[data-key=pnl]').click()")
    best = tab.run(pnl)
    assert best == sorted(best, reverse=True)
    assert best[0] > 0
    tab.run("document.querySelector('.trades button[data-key=pnl]').click()")
    assert tab.run(pnl)[0] < 0
    tab.run("document.querySelectorAll('.pager button')[1].click()")
    assert tab.run("document.querySelector('.pager span').textContent").startswith("16–30 of ")


def test_mouse_and_keys_move_through_time(tab, report_file):
    tab.open(report_file)
    tab.run("document.querySelector('.figure').scrollIntoView()")
    place = tab.run("(({left, top}) => [left, top])(document.querySelector('.figure').getBoundingClientRect())")
    x, y = place[0] + 400, place[1] + 120
    reading = "document.querySelector('.figure .head b').textContent"
    tab.mouse("mouseMoved", x, y)
    tab.frame()
    under_pointer = tab.run(reading)
    assert tab.run(INK)[1] > 100
    for _ in range(3):
        tab.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400, modifiers=2)
    tab.frame()
    assert tab.run(reading) == under_pointer  # what is under the pointer stays there
    assert "from here" in tab.run("document.querySelector('.figure .head').textContent")
    tab.mouse("mousePressed", x, y, button="left", clickCount=1)
    tab.mouse("mouseMoved", x + 150, y, button="left", buttons=1)
    tab.mouse("mouseReleased", x + 150, y, button="left", clickCount=1)
    tab.frame()
    assert tab.run(reading) == under_pointer  # it was dragged along
    tab.run("document.querySelector('.figure').dispatchEvent(new KeyboardEvent('keydown', {key: 'Home'}))")
    tab.frame()
    assert "from here" not in tab.run("document.querySelector('.figure .head').textContent")
    calm(tab, report_file)


def test_seventy_thousand_candles_are_drawn(tab, report_of, tmp_path):
    path = tmp_path / "long.html"
    path.write_text(page(report_of(1, 70_000)), encoding="utf-8")
    tab.open(path)
    assert tab.run("document.querySelector('.figure').dataset.ready") == "true"
    for key in ("ArrowUp",) * 9 + ("ArrowLeft",) * 3:
        tab.run(f"document.querySelector('.figure').dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}'}}))")
        tab.frame()
    assert tab.run(INK)[0] > 20_000
    calm(tab, path)


def test_every_symbol_can_be_looked_at(tab, several_of, tmp_path):
    path = tmp_path / "several.html"
    path.write_text(page(several_of()), encoding="utf-8")
    tab.open(path)
    shown = "document.querySelector('.figure .symbol').textContent"
    assert tab.run(shown) == "COIN0/USDT"
    tab.run("document.querySelector('select').value = 2")
    tab.run("document.querySelector('select').dispatchEvent(new Event('change'))")
    assert tab.run(shown) == "COIN2/USDT"
    tab.run("document.querySelectorAll('.trades tbody tr')[1].click()")
    assert (tab.run(shown), tab.run("document.querySelector('select').value")) == ("COIN1/USDT", "1")
    calm(tab, path)


def test_paper_is_light(tab, report_file):
    tab.open(report_file, dark=True)
    tab.run("dispatchEvent(new Event('beforeprint'))")
    tab.ask("Emulation.setEmulatedMedia", media="print")
    tab.frame()
    assert tab.run("getComputedStyle(document.documentElement).getPropertyValue('--ink')") == "#17202b"
    tab.ask("Emulation.setEmulatedMedia", media="screen")
    calm(tab, report_file)


def test_runs_are_laid_over_each_other(tab, tmp_path):
    rows = [
        BacktestRow(
            id=number,
            at_ms=0,
            strategy="sma_cross",
            params={"fast": number},
            symbols=["BTC/USDT"],
            timeframe="1h",
            start_ms=0,
            end_ms=86_400_000 * 40,
            settings={"fee": 0.001 * number},
            metrics={"return_pct": 10.0 * number, "max_drawdown_pct": 5.0, "trades": 3},
            curve=[(day * 86_400_000, 100.0 + number * day) for day in range(40)],
        )
        for number in (1, 2, 3)
    ]
    path = tmp_path / "compared.html"
    path.write_text(comparison(rows, at_ms=0), encoding="utf-8")
    tab.open(path)
    calm(tab, path)
    assert tab.run("document.querySelector('.figure').dataset.ready") == "true"
    assert "run 3 +117.00 %" in tab.run("document.querySelector('.figure .head').textContent")
    assert tab.run("[...document.querySelectorAll('td.best')].map((cell) => cell.textContent)") == ["+30.0 %"]
    assert tab.run(INK)[0] > 5_000
