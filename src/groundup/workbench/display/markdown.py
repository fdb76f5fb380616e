r"""Write a report as Markdown (CommonMark with tables).

Characters that Markdown or HTML could read as markup are escaped, line breaks become spaces, and invisible or reordering
characters become their code points.
"""

from __future__ import annotations

import re

from groundup.text.escaping import printable
from groundup.text.numbers import format_table_number, pluralize
from groundup.workbench.display import model as of

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$])")
_MOST_ROWS = 40


def render(report: of.Display) -> str:
    """Return the whole report."""
    parts = [f"# {text(report.title)}", text(report.subtitle)]
    if report.date:
        parts.append(text(report.date))
    for section in report.sections:
        parts.append(f"## {text(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def text(value) -> str:
    r"""Return a text that Markdown displays literally.

    >>> text("a|b_c <script>"), text("# not a title"), text("1. no list")
    ('a\\|b\\_c \\<script\\>', '\\# not a title', '1\\. no list')
    """
    escaped = _MARKUP.sub(r"\\\1", printable(" ".join(str(value).split())))
    escaped = re.sub(r"^([#+\-=:])", r"\\\1", escaped)
    escaped = re.sub(r"(?i)\b(https?|ftp|mailto|www)([.:])", r"\1\\\2", escaped)  # no address becomes a link
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", escaped)


def _block(block: of.Block) -> str:
    """Return one block."""
    if isinstance(block, of.Paragraph):
        return text(block.text)
    if isinstance(block, of.Heading):
        return f"### {text(block.text)}"
    if isinstance(block, of.Callout):
        if len(block.texts) == 1:
            return f"> **{text(block.title)}.** {text(block.texts[0])}"
        return "\n".join([f"> **{text(block.title)}.**", ">", *(f"> - {text(t)}" for t in block.texts)])
    if isinstance(block, of.KeyFigures):
        return "\n".join(
            f"- {text(item.name)}: **{text(item.text)}**{_detail(item.detail)}" for item in block.items
        )
    if isinstance(block, of.Facts):
        return "\n".join(f"- {text(fact.name)}: {text(fact.text)}" for fact in block.items)
    if isinstance(block, of.Listing):
        heads = [f"**{text(head)}.** " for head in block.heads] or [""] * len(block.items)
        items = [f"- {head}{text(item)}" for head, item in zip(heads, block.items, strict=True)]
        return "\n".join([*([f"{text(block.title)}:", ""] if block.title else []), *items])
    if isinstance(block, of.Table):
        return _display_table(block)
    if isinstance(block, of.Code):
        return f"{text(block.caption)}:\n\n{_fenced(block.text, block.language)}"
    return _chart(block.chart)


def _detail(detail: str) -> str:
    return f" ({text(detail)})" if detail else ""


def _display_table(table: of.Table) -> str:
    """Return a table with its marks in a first column, and their legend below."""
    heads = [(column.title, column.is_number) for column in table.columns]
    rows = [[text(cell.text) + _detail(cell.detail) for cell in row.cells] for row in table.rows]
    if table.legend:
        heads.insert(0, ("", False))
        rows = [[text(of.SIGNS[row.mark]), *cells] for row, cells in zip(table.rows, rows, strict=True)]
    legend = "; ".join(f"{text(of.SIGNS[mark])} {text(meaning)}" for mark, meaning in table.legend.items())
    return _table(table.caption, heads, rows) + (f"\n\n{legend}" if legend else "")


def _table(caption: str, heads: list[tuple[str, bool]], rows: list[list[str]]) -> str:
    lines = [
        f"{text(caption)}:" if caption else "",
        "",
        f"| {' | '.join(text(title) for title, _ in heads)} |",
        f"|{'|'.join('---:' if number else '---' for _, number in heads)}|",
        *(f"| {' | '.join(row)} |" for row in rows[:_MOST_ROWS]),
    ]
    if len(rows) > _MOST_ROWS:
        lines += ["", f"... and {pluralize(len(rows) - _MOST_ROWS, 'more row')}"]
    return "\n".join(lines)


def _chart(chart: dict) -> str:
    """Return a chart as its reading and its table."""
    table = chart["table"]
    rows = [[text(_value_text(value)) for value in row] for row in table["rows"]]
    first = table["rows"][0] if table["rows"] else []
    heads = [
        (str(title), i < len(first) and isinstance(first[i], (int, float)))
        for i, title in enumerate(table["columns"])
    ]
    # A page isolates names that are written from right to left.
    reading = chart["reading"].replace("\u2068", "").replace("\u2069", "")
    return f"**{text(chart['title'])}.** {text(reading)}\n\n{_table(table['caption'], heads, rows)}"


def _value_text(value) -> str:
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
