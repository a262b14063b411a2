"""Pieces of HTML: text is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


class Cell(NamedTuple):
    """A cell of a table with a class of its own."""

    text: str
    tone: str = ""


def text(value: object) -> Html:
    """``value`` as text of a page or of an attribute."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def tone(value: float) -> str:
    """The class of a gain or a loss."""
    return "gain" if value > 0 else "loss" if value < 0 else ""


def card(title: str, *parts: str, size: str = "", note: str = "", kind: str = "") -> Html:
    """A section with a heading; ``size`` is half, third or wide, otherwise it spans the page."""
    noted = f'<p class="note">{text(note)}</p>' if note else ""
    name = " ".join(filter(None, ("card", size, kind)))
    return Html(f'<section class="{name}"><h2>{text(title)}</h2>{"".join(parts)}{noted}</section>')


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Cell] | str], caption: str) -> Html:
    """A table that scrolls by itself where it is too wide; a row that is one string is a heading."""
    head = "".join(f'<th scope="col">{text(column)}</th>' for column in columns)
    body = "".join(_row(row, len(columns)) for row in rows)
    return Html(
        f'<div class="scroll"><table aria-label="{text(caption)}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(row: Sequence[str | Cell] | str, width: int) -> str:
    if isinstance(row, str):
        return f'<tr><th scope="colgroup" colspan="{width}">{text(row)}</th></tr>'
    cells = (cell if isinstance(cell, Cell) else Cell(cell) for cell in row)
    return f"<tr>{''.join(f'<td{_class(cell.tone)}>{text(cell.text)}</td>' for cell in cells)}</tr>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def facts(title: str, rows: Iterable[tuple[str, str, str]]) -> Html:
    """A short list of names and values under a heading; the third of each row explains the name."""
    items = "".join(
        f"<div><dt{_tip(meaning)}>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value, meaning in rows
    )
    heading = f"<h3>{text(title)}</h3>" if title else ""
    return Html(f"<div>{heading}<dl>{items}</dl></div>")


def _tip(words: str) -> str:
    return f' data-tip="{text(words)}"' if words else ""
