"""The sections that are known before the comparison: the data, the split, the leak audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from groundup.tables import Contract, Split
from groundup.tables.contract.column import Column
from groundup.tables.contract.rendering import range_of
from groundup.text.escaping import value_text
from groundup.text.numbers import format_count, format_number, format_percent, pluralize
from groundup.workbench.audit.findings import Audit, Finding, Score
from groundup.workbench.display import model as m
from groundup.workbench.display.measures import Measure, count_column, make_table, text_column
from groundup.workbench.record import Data, Examination, Parts

#: Titles of the parts of the data, in tables.
PARTS = {"train": "Training", "valid": "Validation", "test": "Test"}
_TASKS = {"binary": "binary classification", "multiclass": "multiclass classification"}
_FOLDED_ROWS = 60
_SHORT_NOTES = 3
_STRONGEST = 8


def task_name(task: str) -> str:
    """Return the name of a task in sentences."""
    return _TASKS.get(task, task)


def figures(examination: Examination, *names: str) -> list[m.Figure]:
    """Return the figures of these names that exist."""
    found = examination.figures
    return [m.Figure(name=name.replace("_", "-"), chart=found[name]) for name in names if name in found]


def data(contract: Contract, table: Data, notes: Iterable[str], examination: Examination) -> m.Section:
    """Return the size of the table, the task, the meaning of the columns, and the decisions made on reading."""
    size = f"{table.name}: {pluralize(table.rows, 'row')}, {pluralize(table.columns, 'column')}"
    (_, features), task = contract_facts(contract)
    blocks: list[m.Block] = [
        m.Facts(
            items=[
                m.Fact(name="Data", text=f"{size}; {features}"),
                m.Fact(name=task[0], text=task[1]),
                m.Fact(name="Source", text=table.source, full_only=True),
                m.Fact(name="Digest of the cells", text=table.digest, full_only=True),
            ]
        ),
        *figures(examination, "target"),
        _column_table(contract),
    ]
    if contract.ignored:
        ignored = [f"{name}: {reason}" for name, reason in contract.ignored.items()]
        blocks.append(m.Listing(title="Left out", items=ignored))
    displayed = {str(note) for note in contract.notes if note.kind == "ignored"}
    if listed := [note for note in notes if note not in displayed]:
        blocks.append(m.Listing(title="Notes", items=listed))
    return m.Section(name="data", title="Data and contract", label="Data", blocks=blocks)


def contract_facts(contract: Contract) -> list[tuple[str, str]]:
    """Return the features and the task of a contract."""
    kinds = Counter(column.kind for column in contract.feature_columns).most_common()
    features = (
        f"{pluralize(len(contract.features), 'feature')}: {', '.join(f'{n} {kind}' for kind, n in kinds)}"
    )
    return [("Features", features), ("Task", _task(contract))]


def _task(contract: Contract) -> str:
    """Return the task with the classes or the range of the target."""
    if contract.target is None:
        return "clustering: find segments of similar rows; there is no target"
    if contract.task == "regression":
        column = contract.by_name[contract.target]
        amount = ", as an amount" if column.n_unique == 2 else ""
        unit = f" ({column.unit})" if column.unit else ""
        return f"regression of {contract.target}{unit}: {range_of(column)}{amount}"
    levels = sorted(contract.labels, key=lambda label: -label.count)
    total = sum(label.count for label in levels)
    shares = ", ".join(
        f"{value_text(level.value)} ({format_percent(level.count / total)})" for level in levels[:5]
    )
    more = f" and {len(levels) - 5} more" if len(levels) > 5 else ""
    return f"{task_name(contract.task)} of {contract.target}: {shares}{more}"


def _column_table(contract: Contract) -> m.Table:
    used = [column for column in contract.columns if column.role != "ignored"]
    measures: list[Measure[Column]] = [
        text_column("Column", lambda c: c.name, detail=lambda c: c.unit or ""),
        text_column("Kind", lambda c: c.kind),
        text_column("Role", lambda c: c.role),
        Measure("Missing", lambda c: c.missing or None, format_percent),
        count_column("Distinct", lambda c: c.n_unique),
        text_column("Range, or most frequent levels", range_of),
    ]
    caption = f"{pluralize(len(used), 'column is', 'columns are')} in use"
    return make_table(
        caption,
        measures,
        used,
        emphasis=lambda c: "strong" if c.role == "target" else "",
        full_only=True,
        is_folded=len(used) > _FOLDED_ROWS,
    )


def sizes_of(parts: Split) -> Parts:
    """Return the rule and the sizes of a split whose folds are not known yet."""
    sizes = {part: len(getattr(parts, part)) for part in PARTS}
    return Parts(rule=parts.rule, folds=0, origins=dict(parts.origins), **sizes)


def split(parts: Parts, contract: Contract) -> m.Section:
    """Return the sizes of the training, validation and test set, and how rows were assigned to them."""
    rules = {
        "random": "at random",
        "stratified": "at random, classes in proportion",
        "grouped": f"groups of {contract.group} are kept whole",
        "time": f"by time, {contract.time or 'the order of the rows'}: the latest rows are the test set",
    }
    sizes = {part: getattr(parts, part) for part in PARTS}
    total = max(sum(sizes.values()), 1)
    uses = {
        "train": f"models are compared on {parts.folds} folds of it",
        "valid": "checks the choice and stops iterations early; then used for the final fit as well",
        "test": "sealed until the end: scores the saved model",
    }
    measures: list[Measure[str]] = [
        text_column("Set", lambda part: PARTS[part]),
        count_column("Rows", lambda part: sizes[part]),
        Measure("Share", lambda part: sizes[part] / total, lambda share: format_percent(share, 0)),
        text_column("Purpose", lambda part: uses[part]),
    ]
    train, valid, test = (format_count(size) for size in sizes.values())
    rule = _with_origins(rules.get(parts.rule, parts.rule), parts)
    blocks: list[m.Block] = [
        m.Paragraph(text=f"{train} training, {valid} validation and {test} test rows (sealed); {rule}"),
        make_table("The three sets", measures, PARTS, full_only=True),
    ]
    return m.Section(name="split", title="Training, validation and test set", label="Split", blocks=blocks)


def _with_origins(rule: str, parts: Parts) -> str:
    """Return in words which sets were assigned beforehand, and the rule of the others."""
    if not parts.origins:
        return rule
    parts_of: dict[str, list[str]] = {}
    for part, origin in parts.origins.items():
        parts_of.setdefault(origin, []).append(PARTS[part].lower())
    given = ", ".join(f"{' and '.join(names)} rows are from {origin}" for origin, names in parts_of.items())
    others = "folds" if len(parts.origins) == len(PARTS) - 1 else "the others"
    return f"{given}; {others} {rule.partition(': the latest')[0]}"


def audit(found: Audit, *, all_notes: bool = False, with_blocking: bool = True) -> m.Section:
    """Return the findings of the leak audit; brief writers show the first notes only, unless `all_notes`.

    Without `with_blocking`, those that stop the build are counted only: the error that follows names them.
    """
    checked = (
        f"{pluralize(found.n_columns, 'column')} and {pluralize(found.n_rows, 'row')} of the training set"
    )
    listed = [one for one in found.findings if with_blocking or not one.blocks]
    n_found = len(found.findings)
    caption = f"{pluralize(n_found, 'finding') if n_found else 'no leak found'} in {checked}"
    if not n_found:
        return m.Section(name="audit", title="Leak audit", label="Audit", blocks=[m.Paragraph(text=caption)])
    words = {"block": "stops", "warn": "warns", "note": "note"}
    tones: dict[str, m.Tone] = {"block": "bad", "warn": "warning"}
    measures: list[Measure[Finding]] = [
        text_column(
            "Level",
            lambda f: f.level,
            text=lambda f: "accepted" if f.accepted else words[f.level],
            tone=lambda f: "warning" if f.accepted else tones.get(f.level, "plain"),
        ),
        text_column("Kind", lambda f: f.kind, drop=0),
        text_column(
            "Finding",
            lambda f: f.score,
            text=lambda f: f.message,
            detail=lambda f: "" if f.accepted else f.remedy,
            keeps_detail=True,
        ),
    ]
    n_notes = sum(finding.level == "note" for finding in found.findings)
    if n_stops := n_found - len(listed):
        caption += f", {format_count(n_stops)} of which {'stops' if n_stops == 1 else 'stop'} the build"
    n_brief = None if all_notes else len(listed) - max(n_notes - _SHORT_NOTES, 0)
    table = make_table(
        caption,
        measures,
        listed,
        emphasis=lambda f: "strong" if f.blocks else "quiet" if f.level == "note" else "",
        n_brief=n_brief,
    )
    return m.Section(name="audit", title="Leak audit", label="Audit", blocks=[table])


def strongest_columns(found: Audit) -> m.Section | None:
    """Return the columns that explain most of the target on their own."""
    if not found.scores:
        return None
    measures: list[Measure[Score]] = [
        text_column("Column", lambda score: score.column),
        Measure("Explained", lambda score: score.explained, format_percent),
    ]
    if any(score.auc is not None for score in found.scores):
        measures.append(Measure("ROC AUC", lambda score: score.auc, format_number))
    caption = f"share of {found.target!r} that each column explains alone, out of fold in the training set"
    table = make_table(caption, measures, found.scores[:_STRONGEST])
    return m.Section(name="strongest", title="Strongest columns", label="Strongest", blocks=[table])
