"""HTML for notebook cells: a title, facts, a table. No scripts, no style sheet, no colours of its own.

Muted text and lines use the surrounding colour with some transparency, so that they suit light and dark notebooks. Every
text is escaped, and hidden characters are made visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from groundup.text.escaping import printable

_LINE = "border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent)"
_CELL = f"padding:.25em 1em .25em 0;{_LINE};background:none;vertical-align:top;max-width:32em;overflow-wrap:break-word"


def titled(title: str, content: str) -> str:
    """Return HTML content below a title."""
    return (
        '<div style="font-size:.95em;line-height:1.45;max-width:60em">'
        f'<div style="font-weight:650;font-size:1.15em;margin:.2em 0 .4em" dir="auto">{text(title)}</div>{content}</div>'
    )


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Return a table of names and values."""
    lines = "".join(
        f'<tr style="background:none"><td style="{_CELL};border:0;text-align:left;opacity:.7;white-space:nowrap">'
        f'{text(name)}</td><td style="{_CELL};border:0;text-align:left" dir="auto">{text(value)}</td></tr>'
        for name, value in pairs
    )
    return f'<table style="border:0;border-collapse:collapse;margin:0 0 .6em">{lines}</table>'


def paragraph(content: object) -> str:
    """Return a paragraph of muted text."""
    return f'<div style="opacity:.7;margin:0 0 .6em" dir="auto">{text(content)}</div>'


def grid(
    heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[object]], strong: Sequence[bool] = ()
) -> str:
    """Return a table; `heads` are titles and whether the column holds numbers, `strong` marks the rows in bold."""

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
    r"""Return a value as escaped text whose hidden characters are visible.

    >>> text("<b>\u202e")
    '&lt;b&gt;&lt;202E&gt;'
    """
    return escape(printable("" if value is None else str(value)))
