"""Advice on what to try next, derived from the facts of a run, the most promising first."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from groundup.tables import Contract
from groundup.text.escaping import value_text
from groundup.text.numbers import format_micros, format_number, format_percent, pluralize
from groundup.workbench.record import Examination, Record

FEW_ROWS = 1_000
RARE = 0.05
MUCH_MISSING = 0.5
SLOW_US = 5_000
_OVERFITTED = {"memorised", "strong overfit", "overfit", "slight overfit"}


class Advice(NamedTuple):
    """What to do, in a few words, and why."""

    action: str
    reason: str


def advise(record: Record, examination: Examination, contract: Contract) -> list[Advice]:
    """Return the advice that follows from the facts of a run."""
    return [
        *_about_leaks(record, examination),
        *_about_fit(record),
        *_about_rows(record, contract),
        *_about_columns(record, contract, examination),
        *_about_search(record),
        *_about_use(record),
    ]


def _about_leaks(record: Record, examination: Examination) -> Iterator[Advice]:
    if accepted := record.settings.get("accept"):
        yield Advice(
            "Check the findings that you accepted",
            f"{', '.join(map(str, accepted))}: is this information available when you predict? If not, the scores will "
            "be worse in use than they are here.",
        )
    top = sorted(examination.importance, key=lambda one: -one.mean)
    if len(top) > 1 and top[0].mean > 0 and top[0].mean > 0.8 * sum(max(one.mean, 0) for one in top):
        yield Advice(
            f"Check the column {top[0].column}",
            "Nearly all of the score depends on it. Make sure that it is available when you predict and is not a copy of "
            "the target.",
        )


def _about_fit(record: Record) -> Iterator[Advice]:
    if record.regime in _OVERFITTED:
        alone = sum(not row.baseline for row in record.leaderboard) == 1
        yield Advice(
            "Collect more rows",
            "The model scores better on the rows that it was fitted on than on others, which more rows change most."
            + ("" if alone else " The other models were compared as well, simpler ones among them."),
        )
    if record.regime in {"underfit", "nothing"}:
        yield Advice(
            "Look for better columns",
            "Scores are low even on the training set. Other settings will hardly change that; columns with more "
            "information about the target will.",
        )
    if record.regime == "unsteady":
        yield Advice(
            "Collect more rows before you rely on the model",
            "The scores on the validation and the test set disagree, or are much lower than on the training set. Another "
            "random seed shows how much the scores vary with the split.",
        )


def _about_rows(record: Record, contract: Contract) -> Iterator[Advice]:
    n = record.split.train + record.split.valid
    if n < FEW_ROWS and record.regime not in _OVERFITTED | {"unsteady"}:
        yield Advice(
            "Collect more rows",
            f"The model was fitted on {pluralize(n, 'row')} and tested on {record.split.test}: this is why the intervals "
            "of the scores are wide.",
        )
    if record.confusion is None:
        return
    total = sum(label.count for label in contract.labels)
    rare = [label for label in contract.labels if label.count < RARE * total]
    if rare and len(contract.labels) == 2:
        if record.decision is not None:
            return
        yield Advice(
            "Decide by the probability, not by the predicted class",
            f"Only {format_percent(rare[0].count / total)} of the rows are {rare[0].value}: accuracy is not informative, "
            'and a threshold below 0.5 finds more of them: --threshold "recall>=0.8" chooses one. See the chart of '
            "precision and recall by threshold.",
        )
    elif rare:
        names = ", ".join(value_text(label.value) for label in rare[:4])
        yield Advice(
            "Collect more rows of the rare classes",
            f"{names}: each has less than {format_percent(RARE, 0)} of the rows, so that its recall is uncertain.",
        )


def _about_columns(record: Record, contract: Contract, examination: Examination) -> Iterator[Advice]:
    sparse = [column.name for column in contract.feature_columns if column.missing > MUCH_MISSING]
    if sparse:
        yield Advice(
            "Find out why cells are missing",
            f"{', '.join(sparse[:4])}{' and others' if len(sparse) > 4 else ''}: more than half of the cells are empty. "
            "The model is only useful if they are empty for the same reason when you predict.",
        )
    tried = examination.fewer_columns
    if tried is not None and tried.is_as_good:
        options = " ".join(f"--ignore {shlex.quote(name)}" for name in tried.dropped)
        yield Advice(
            "Leave out columns",
            f"Without {' and '.join(tried.dropped) if len(tried.dropped) == 2 else ', '.join(tried.dropped)} the mean "
            f"score over {pluralize(tried.folds, 'fold')} is {format_number(tried.without)}, against "
            f"{format_number(tried.with_all)} with them; a model without them needs less data: {options}",
        )
    dates = [c.name for c in contract.columns if c.kind == "datetime" and c.role == "feature"]
    if dates and record.split.rule != "time" and "test" not in record.split.origins:
        yield Advice(
            "Test on the latest rows",
            f"Rows have a date ({dates[0]}). If you will predict later rows from earlier ones, --time {dates[0]} tests "
            "this; a random split is too optimistic.",
        )


def _about_search(record: Record) -> Iterator[Advice]:
    fits = pluralize(record.n_fits, "fit")
    if record.ended == "time":
        yield Advice(
            "Allow more time",
            f"The time budget was used up after {fits}. A larger --budget tries more settings; expect a gain of little "
            "more than the margin (±) of the scores.",
        )
    elif record.ended == "fits":
        yield Advice("Allow more fits", f"The limit of {fits} was reached before all settings were tried.")
    tied = [row.title for row in record.leaderboard if row.tied]
    if tied:
        yield Advice(
            "Choose by other criteria",
            f"{' and '.join(tied)} {'is' if len(tied) == 1 else 'are'} not significantly different from the best: decide "
            "by size, speed or ease of explanation.",
        )
    failed = [row for row in record.leaderboard if row.error]
    if failed:
        yield Advice(
            f"Fix what failed: {', '.join(row.title for row in failed)}",
            f"{failed[0].error}. The other models were compared without it.",
        )


def _about_use(record: Record) -> Iterator[Advice]:
    row = next((row for row in record.leaderboard if row.chosen), None)
    if row is not None and row.row_us is not None and row.row_us > SLOW_US:
        yield Advice(
            "Predict many rows at a time",
            f"A single row takes {format_micros(row.row_us)}; batches are faster.",
        )
    if record.test_looks > 2:
        yield Advice(
            "Set new rows aside for a last test",
            f"The test set has been opened {record.test_looks} times: changes made in between make its scores too "
            "optimistic.",
        )
    if record.segments:
        value = format_number(record.metrics["test"].get("silhouette"))
        yield Advice(
            "Discuss the segments with a domain expert",
            f"A silhouette of {value} measures how well the segments are separated, not whether they are useful.",
        )
