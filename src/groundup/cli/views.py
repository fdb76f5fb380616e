"""What a run looks like in the terminal: the data, the split, the leaderboard, the choice, the scores, what is next.

Every view is made from the result (or from a step's record), so a stored run looks like the one that made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from groundup.text.numbers import (
    format_bytes,
    format_micros,
    format_number,
    format_seconds,
    format_with_error,
    pluralize,
)

if TYPE_CHECKING:
    from rich.console import Console

    from groundup.tables import Contract
    from groundup.workbench.result import Result, Row

LABEL = 12
INDENT = 4
MOST_NOTES = 6
_PARTS = ("train", "valid", "test")
# Of the leaderboard, beside the learner and its score; where the terminal is narrow they go in the second order.
_COLUMNS = ("valid", "tried", "fit", "one row", "size")
_FIRST_TO_GO = ("tried", "size", "fit", "valid", "one row")
_NOT_OF_SEGMENTS = ("valid", "tried")
_GOOD = {"good", "segments"}
_MILD = {"slight overfit", "unknown"}


def section(console: Console, label: str, *lines: str | Text, style: str = "") -> None:
    """Print a label and the lines that belong to it, wrapped beside it."""
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=LABEL, style="bold cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for i, line in enumerate(lines):
        text = line if isinstance(line, Text) else Text(line, style=style)
        grid.add_row(label if i == 0 else "", text)
    console.print(Padding(grid, (0, 0, 0, 1)))


def whole(console: Console, label: str, text: str | Text) -> None:
    """Print a label and a line that is never broken: a path or a command, to be copied."""
    line = Text(f" {label:<{LABEL}} ", style="bold cyan")
    line.append(text if isinstance(text, Text) else Text(text, style="not bold default"))
    console.print(line, soft_wrap=True)


# ---------------------------------------------------------------------- before the comparison


def data(console: Console, contract: Contract, n_rows: int, n_columns: int) -> None:
    """Print what was read and what it means."""
    console.print()
    kinds: dict[str, int] = {}
    for column in contract.feature_columns:
        kinds[column.kind] = kinds.get(column.kind, 0) + 1
    told = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda pair: -pair[1]))
    sizes = f"{pluralize(n_rows, 'row')}, {pluralize(n_columns, 'column')}"
    section(console, "Data", f"{sizes}; {pluralize(len(contract.features), 'feature')}: {told}")
    section(console, "Task", _task(contract))
    if contract.ignored:
        names = list(contract.ignored.items())
        lines = [f"{name}: {reason}" for name, reason in names[:MOST_NOTES]]
        section(console, "Left out", *lines, *_more(len(names) - MOST_NOTES), style="dim")


def _task(contract: Contract) -> str:
    if contract.task == "clustering":
        return "no target: segments of similar rows are sought"
    if contract.task == "regression":
        from groundup.tables.contract.rendering import range_of

        column = contract.by_name[contract.target]
        if column.n_unique == 2:
            return f"regression: predict {contract.target}, which is {range_of(column)}, as an amount"
        return f"regression: predict {contract.target}, {range_of(column)}"
    counts = sorted(contract.labels, key=lambda label: -label.count)
    total = sum(label.count for label in counts)
    from groundup.text.numbers import format_percent

    shares = ", ".join(f"{label.value} ({format_percent(label.count / total)})" for label in counts[:5])
    more = f" and {len(counts) - 5} more" if len(counts) > 5 else ""
    return f"{contract.task}: predict {contract.target}: {shares}{more}"


def notes(console: Console, found: Iterable[str], contract: Contract) -> None:
    """Print what was decided about the data, but for the columns left out: `data` tells them."""
    told = {str(note) for note in contract.notes if note.kind == "ignored"}
    lines = [note for note in found if note not in told]
    if lines:
        section(console, "Notes", *lines[:MOST_NOTES], *_more(len(lines) - MOST_NOTES), style="dim")


def _more(n: int) -> list[str]:
    return [f"... and {n} more"] if n > 0 else []


def split(console: Console, rule: str, sizes: tuple[int, int, int], contract: Contract) -> None:
    """Print how the rows were dealt, and by which column."""
    train, valid, test = sizes
    how = {
        "random": "at random",
        "stratified": "classes in proportion",
        "grouped": f"groups of {contract.group} kept whole",
        "time": f"by time, {contract.time}: the latest rows are test",
    }
    told = f"train {train:,}, valid {valid:,}, test {test:,} (sealed); {how.get(rule, rule)}"
    section(console, "Split", told)
    console.print()


# ---------------------------------------------------------------------- after it


def outcome(console: Console, result: Result, *, built: bool = False) -> None:
    """Print the leaderboard, the choice, the scores, the verdict and what is next; `built`: by the command to build."""
    leaderboard(console, result)
    lines = [result.best.reason] + ([result.best.check] if result.best.check else [])
    section(console, "Choice", *lines)
    hidden = {"random_state", "early_stopping", "n_iter_no_change"}
    params = ", ".join(f"{k}={shown_param(v)}" for k, v in result.best.params.items() if k not in hidden)
    if params:
        section(console, "", Text(f"Refitted on train and valid with {params}.", style="dim"))
    if result.segments:
        segments(console, result)
    scores(console, result)
    colour = "green" if result.regime in _GOOD else "default" if result.regime in _MILD else "yellow"
    section(console, "Verdict", Text(result.verdict, style=colour))
    if result.confusion and len(result.confusion["labels"]) <= 8:
        confusion(console, result.confusion)
    if result.warnings:
        above = {f.message for f in result.audit.findings if f.level == "warn"} if result.audit else set()
        known = [w for w in result.warnings if w != result.verdict and w not in above]
        lines = [Text(w, style="yellow") for w in known[:MOST_NOTES]]
        if lines:
            section(console, "Warnings", *lines, *_more(len(known) - MOST_NOTES))
    ends_in_grid = bool(result.confusion and len(result.confusion["labels"]) <= 8 and not result.warnings)
    following(console, result, built=built, gap=not ends_in_grid)


def leaderboard(console: Console, result: Result) -> None:
    """Print one line per learner."""
    best = result.best
    way = "greater is better" if best.greater_is_better else "smaller is better"
    ended = {"time": ", until the budget ended", "fits": ", until --max-fits"}.get(result.ended, "")
    folds, fits = pluralize(result.split.folds, "fold"), pluralize(result.n_fits, "fit")
    told = f"mean {best.metric} over {folds} of train, {way}; {fits}{ended}"
    section(console, "Leaderboard", Text(told, style="dim"))
    shown_columns = [c for c in _COLUMNS if not (result.segments and c in _NOT_OF_SEGMENTS)]
    grid, lost = _board(result, shown_columns), []
    for column in _FIRST_TO_GO:
        if grid_width(console, grid) <= console.width - INDENT:
            break
        if column in shown_columns:
            shown_columns.remove(column)
            lost.append(column)
            grid = _board(result, shown_columns)
    console.print(Padding(grid, (0, 0, 0, INDENT)))
    legend = []
    if lost:
        legend.append(f"no room here for: {', '.join(c for c in _COLUMNS if c in lost)}")
    if any(row.ranked_by is not None for row in result.leaderboard):
        legend.append("(n folds)   judged on n folds only, and ranked by the mean expected over all")
    if any(row.tied for row in result.leaderboard):
        legend.append("* chosen   = as good within what chance explains")
    if legend:
        console.print(Padding(Text("\n".join(legend), style="dim"), (0, 0, 1, INDENT)))


def _board(result: Result, columns: list[str]) -> Grid:
    """Return the leaderboard with these columns beside the mark, the learner and the deciding metric."""
    grid = Grid(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1))
    grid.add_column("", width=1)
    grid.add_column("learner", overflow="fold")
    for title in (result.best.metric, *columns):
        grid.add_column(title, justify="right", no_wrap=True)
    for row in result.leaderboard:
        mark: str | Text = Text("*", style="bold green") if row.chosen else "=" if row.tied else ""
        cells = _cells(row)
        first = (
            ("x", row.title, Text("failed", style="red")) if row.error else (mark, row.title, _standing(row))
        )
        style = "bold" if row.chosen else "dim" if row.baseline or row.error else ""
        grid.add_row(*first, *("" if row.error else cells[c] for c in columns), style=style)
    return grid


def grid_width(console: Console, grid: Grid) -> int:
    """Return the width that a grid wants."""
    from rich.measure import Measurement

    return Measurement.get(console, console.options.update(width=10_000), grid).maximum


def _cells(row: Row) -> dict[str, str]:
    return {
        "valid": "" if row.valid is None else format_number(row.valid),
        "tried": "" if row.baseline else str(row.n_settings),
        "fit": "" if row.fit_s is None else format_seconds(row.fit_s),
        "one row": "" if row.row_us is None else format_micros(row.row_us),
        "size": "" if row.bytes is None else format_bytes(row.bytes),
    }


def _standing(row: Row) -> str:
    """Return the mean that the row is ranked by, with its spread or the number of folds it rests on."""
    if row.ranked_by is None:
        return format_with_error(row.mean, row.spread)
    n_judged = sum(score is not None for score in row.fold_scores)
    return f"{format_number(row.ranked_by)} ({pluralize(n_judged, 'fold')})"


def shown_param(value) -> str:
    """Return a parameter's value in few digits."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def scores(console: Console, result: Result) -> None:
    """Print train, valid and test side by side, with the baseline on test."""
    section(console, "Scores", Text(_scores_text(result), style="dim"), *_looks_text(result))
    grid = _score_grid(result, "baseline on test")
    if grid_width(console, grid) > console.width - INDENT:
        grid = _score_grid(result, "baseline")
    console.print(Padding(grid, (0, 0, 0, max(0, min(INDENT, console.width - grid_width(console, grid))))))


def _score_grid(result: Result, baseline: str) -> Grid:
    grid = Grid(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1))
    grid.add_column("", overflow="fold")
    for part in _PARTS:
        grid.add_column(part, justify="right", style="bold" if part == "test" else "", no_wrap=True)
    if result.baseline:
        grid.add_column(baseline, justify="right", style="dim", no_wrap=True)
    for name in result.metrics["test"]:
        values = [format_number(result.metrics[part][name]) for part in _PARTS]
        base = [format_number(result.baseline["test"][name])] if result.baseline else []
        grid.add_row(name, *values, *base, style="cyan" if name == result.best.metric else "")
    return grid


def _scores_text(result: Result) -> str:
    return "train and valid: taught on train alone; test: the saved model"


def _looks_text(result: Result) -> list[Text]:
    """Return how often the test part was opened: each look but the first makes its scores say less."""
    if result.test_looks == 1:
        return [Text("test was opened once", style="dim")]
    told = f"test was opened {result.test_looks} times: what was changed in between makes its scores too good"
    return [Text(told, style="yellow")]


def confusion(console: Console, found: dict) -> None:
    """Print the confusion matrix of test; where its labels are too long for the terminal, the columns are numbered."""
    labels = [str(label) for label in found["labels"]]
    grid, told = _matrix(labels, labels, found["counts"]), ""
    if grid_width(console, grid) > console.width - INDENT:
        numbers = [str(i + 1) for i in range(len(labels))]
        rows = [f"{number} {label}" for number, label in zip(numbers, labels, strict=True)]
        grid, told = _matrix(rows, numbers, found["counts"]), "; columns as the rows are numbered"
    what = f"rows of test, by true label and by what the model said{told}"
    section(console, "Mistakes", Text(what, style="dim"))
    console.print(Padding(grid, (0, 0, 0, INDENT)))


def _matrix(rows: list[str], columns: list[str], counts: list[list[int]]) -> Grid:
    grid = Grid(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1))
    grid.add_column("true \\ said", style="bold", overflow="fold")
    for label in columns:
        grid.add_column(Text(label), justify="right", no_wrap=True)
    for i, label in enumerate(rows):
        cells = [
            Text(f"{n:,}", style="green" if i == j else "" if n else "dim") for j, n in enumerate(counts[i])
        ]
        grid.add_row(Text(label), *cells)
    return grid


def segments(console: Console, result: Result) -> None:
    """Print each segment in words."""
    lines = [
        Text.assemble(
            (f"{s.number}", "bold green"), f"  {pluralize(s.rows, 'row')} ({s.share:.0%}): {s.words}"
        )
        for s in result.segments
    ]
    section(console, "Segments", *lines)


def following(console: Console, result: Result, *, built: bool = False, gap: bool = True) -> None:
    """Print where the model is, and the next command to type; below an empty line, unless `gap` is false."""
    import shlex

    project = shlex.quote(result.project)
    if gap:
        console.print()
    again = built and result.stored
    took = "stored result, nothing was run" if again else f"in {format_seconds(result.seconds)}"
    whole(console, "Model", f"{result.bundle} ({took})")
    if (page := Path(result.bundle).with_name("report.html")).is_file():
        whole(console, "Report", str(page))
    commands = (
        f"groundup predict {project} NEW.csv -o predictions.csv",
        f"groundup explain {project} NEW.csv --row 1",
        f"groundup serve {project}",
    )
    for title, command in zip(("Next", "", ""), commands, strict=True):
        whole(console, title, Text(command, style="bold default"))
    if again:
        whole(console, "", Text("the same command with --fresh runs anew", style="not bold dim default"))
    console.print()
