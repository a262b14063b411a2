"""One HTML page that needs nothing but itself: no request leaves it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import orjson

from gobot import __version__
from gobot.backtest.report import sections, words
from gobot.backtest.report.page_data import page_data
from gobot.backtest.report.report import Report
from gobot.backtest.report.tags import Html, text

_SCRIPTS = ("decode", "words", "view", "panes", "figure", "gestures", "trades", "main")
# Nothing may be fetched, whatever a strategy is called.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
_CARDS = (
    sections.tiles,
    sections.cautions,
    sections.figure,
    sections.monthly,
    sections.by_symbol,
    sections.returns,
    sections.sources_of_profit,
    sections.on_the_way,
    sections.draws,
    sections.redrawn,
    sections.against,
    sections.falls,
    sections.refusals,
    sections.trades,
    sections.all_figures,
    sections.conditions,
)


def page(report: Report) -> str:
    """The whole page."""
    cards = "".join(section(report) for section in _CARDS)
    body = f'{sections.header(report)}<div class="grid">{cards}</div>{_footer(report)}'
    data = orjson.dumps(page_data(report)).decode().replace("<", "\\u003c")
    title = f"{report.strategy} on {words.symbols(report.symbols)}"
    return document(title, body, data, _SCRIPTS)


def document(title: str, body: str, data: str, scripts: Iterable[str]) -> str:
    """A page around ``body``: styles, the JSON ``data``, and the ``scripts`` that read it."""
    code = "\n".join(asset(f"{name}.js") for name in scripts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}</title><style>{asset('page.css')}</style></head>"
        f'<body><main>{body}</main><div id="tip" role="tooltip" hidden></div>'
        "<noscript>The charts and the list of trades are drawn by a script that is part of this page.</noscript>"
        f'<script type="application/json" id="data">{data}</script>'
        f'<script>(() => {{\n"use strict";\n{code}\n}})();</script></body></html>'
    )


@cache
def asset(name: str) -> str:
    """A style sheet or script that is shipped beside this file."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _footer(report: Report) -> Html:
    sources = ", ".join(report.sources) or "candles in memory"
    made = f"Made by gobot {__version__} on {words.minute(report.at_ms)} UTC from {sources}."
    return Html(
        f"<footer><p>{text(made)} Times are UTC, money is USDT, returns are after costs. "
        "Parameters that were chosen by looking at these candles prove nothing on them.</p></footer>"
    )
