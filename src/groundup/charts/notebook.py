"""Small HTML for a notebook's cells: a title, facts, a table. No script, no style sheet, no colour of its own.

What is quiet is the surrounding colour, thinned: the same in a light and in a dark notebook. Every text is escaped, and
what hides in it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from groundup.text.escaping import printable

_LINE = "border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent)"
_CELL = f"padding:.25em 1em .25em 0;{_LINE};background:none;vertical-align:top;max-width:32em;overflow-wrap:break-word"


def titled(title: str, inside: str) -> str:
    """Return HTML below a title."""
    return (
        '<div style="font-size:.95em;line-height:1.45;max-width:60em">'
        f'<div style="font-weight:650;font-size:1.15em;margin:.2em 0 .4em" dir="auto">{text(title)}</div>{inside}</div>'
    )


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Return names and what is so."""
    lines = "".join(
        f'<tr style="background:none"><td style="{_CELL};border:0;text-align:left;opacity:.7;white-space:nowrap">'
        f'{text(name)}</td><td style="{_CELL};border:0;text-align:left" dir="auto">{text(told)}</td></tr>'
        for name, told in pairs
    )
    return f'<table style="border:0;border-collapse:collapse;margin:0 0 .6em">{lines}</table>'


def grid(
    heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[object]], strong: Sequence[bool] = ()
) -> str:
    """Return a table; `heads` are titles and whether the column holds numbers, `strong` the rows to look at."""

    def cell(tag: str, value: object, more: str) -> str:
        return f'<{tag} style="{_CELL}{more}" dir="auto">{text(value)}</{tag}>'

    sides = [";text-align:right;white-space:nowrap" if number else ";text-align:left" for _, number in heads]
    head = "".join(
        cell("th" if title else "td", title, f"{side};font-weight:400;opacity:.7")
        for (title, _), side in zip(heads, sides, strict=True)
    )
    body = ""
    for i, row in enumerate(rows):
        weight = ";font-weight:650" if i < len(strong) and strong[i] else ""
        cells = "".join(cell("td", value, side + weight) for value, side in zip(row, sides, strict=True))
        body += f'<tr style="background:none">{cells}</tr>'
    return (
        '<table style="border:0;border-collapse:collapse;margin:0 0 .8em;font-variant-numeric:tabular-nums">'
        f'<thead><tr style="background:none">{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def text(value: object) -> str:
    r"""Return a value as escaped text in which nothing hides.

    >>> text("<b>\u202e")
    '&lt;b&gt;&lt;202E&gt;'
    """
    return escape(printable("" if value is None else str(value)))
