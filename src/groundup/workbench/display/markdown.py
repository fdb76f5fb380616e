r"""A report as Markdown (CommonMark with tables): every text stays text, whatever signs it holds.

All signs that Markdown or HTML could take for markup are escaped, line breaks become spaces, and what is invisible or
turns other text around is written by its code point.
"""

from __future__ import annotations

import re

from groundup.text.escaping import printable
from groundup.text.numbers import format_table_number
from groundup.workbench.display import model as of

_NEEDED = re.compile(r"([\\`*_\[\]<>|~&$])")
_MOST_ROWS = 40


def render(report: of.Context) -> str:
    """Return the whole report."""
    parts = [f"# {text(report.title)}", text(report.subtitle)]
    if report.made:
        parts.append(text(report.made))
    for section in report.sections:
        parts.append(f"## {text(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def text(value) -> str:
    r"""Return a text so that Markdown shows it as it is.

    >>> text("a|b_c <script>"), text("# not a title"), text("1. no list")
    ('a\\|b\\_c \\<script\\>', '\\# not a title', '1\\. no list')
    """
    found = _NEEDED.sub(r"\\\1", printable(" ".join(str(value).split())))
    found = re.sub(r"^([#+\-=:])", r"\\\1", found)
    found = re.sub(r"(?i)\b(https?|ftp|mailto|www)([.:])", r"\1\\\2", found)  # no address becomes a link
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", found)


def _block(block: of.Block) -> str:
    if isinstance(block, of.Prose):
        return text(block.text)
    if isinstance(block, of.Heading):
        return f"### {text(block.text)}"
    if isinstance(block, of.Remark):
        return _lines(
            f"> **{text(block.word)}** {text(block.texts[0])}", [f"> - {text(t)}" for t in block.texts[1:]]
        )
    if isinstance(block, of.Figures):
        return "\n".join(
            f"- {text(f.name)}: **{text(f.text)}**{f' ({text(f.beside)})' if f.beside else ''}"
            for f in block.items
        )
    if isinstance(block, of.Facts):
        return "\n".join(f"- {text(f.name)}: {text(f.text)}" for f in block.items)
    if isinstance(block, of.Listing):
        heads = block.heads or [""] * len(block.items)
        return "\n".join(
            f"- {f'**{text(head)}.** ' if head else ''}{text(item)}"
            for head, item in zip(heads, block.items, strict=True)
        )
    if isinstance(block, of.Grid):
        rows = [[_cell(cell) for cell in line.cells] for line in block.lines]
        return _table(block.caption, [(h.title, h.is_number) for h in block.heads], rows)
    if isinstance(block, of.Code):
        return f"{text(block.caption)}:\n\n{_fenced(block.text, block.language)}"
    return _picture(block.chart)


def _lines(first: str, rest: list[str]) -> str:
    return first if not rest else "\n".join([first, ">", *rest])


def _cell(cell: of.Cell) -> str:
    beside = f" ({text(cell.beside)})" if cell.beside else ""
    return f"{text(cell.text)}{beside}"


def _table(caption: str, heads: list[tuple[str, bool]], rows: list[list[str]]) -> str:
    lines = [
        f"{text(caption)}:" if caption else "",
        "",
        f"| {' | '.join(text(title) for title, _ in heads)} |",
        f"|{'|'.join('---:' if number else '---' for _, number in heads)}|",
        *(f"| {' | '.join(row)} |" for row in rows[:_MOST_ROWS]),
    ]
    if len(rows) > _MOST_ROWS:
        lines += ["", f"... and {len(rows) - _MOST_ROWS:,} more"]
    return "\n".join(lines)


def _picture(chart: dict) -> str:
    """Return a chart in words and numbers."""
    table = chart["table"]
    rows = [[text(_plain(v)) for v in row] for row in table["rows"]]
    first = table["rows"][0] if table["rows"] else []
    heads = [
        (str(title), i < len(first) and isinstance(first[i], (int, float)))
        for i, title in enumerate(table["columns"])
    ]
    reading = (
        chart["reading"].replace("\u2068", "").replace("\u2069", "")
    )  # a page isolates names from the right
    return f"**{text(chart['title'])}.** {text(reading)}\n\n{_table(table['caption'], heads, rows)}"


def _plain(value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format_table_number(value) if isinstance(value, (int, float)) else str(value)


def _fenced(code: str, language: str) -> str:
    """Return code between fences longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{printable(code, keep_lines=True).rstrip()}\n{fence}"
