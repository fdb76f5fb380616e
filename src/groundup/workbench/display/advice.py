"""What to try next: sentences that follow from the facts of a run, the most promising first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from groundup.tables import Contract
from groundup.text.numbers import format_micros, format_number, pluralize
from groundup.workbench.examination import Examination
from groundup.workbench.result import Result

FEW_ROWS = 1_000
RARE = 0.05
MUCH_MISSING = 0.5
SLOW_US = 5_000
_LOST = {"memorised", "strong overfit", "overfit", "slight overfit"}


class Advice(NamedTuple):
    """What to do, in a few words, and why."""

    do: str
    why: str


def advise(result: Result, found: Examination) -> list[Advice]:
    """Return what the facts of a run suggest."""
    contract = Contract.model_validate(result.contract, strict=False)
    told = [*_of_leaks(result, found), *_of_fit(result), *_of_rows(result, contract)]
    told += [*_of_columns(result, contract, found), *_of_search(result), *_of_use(result)]
    return told


def _of_leaks(result: Result, found: Examination) -> Iterator[Advice]:
    if accepted := result.settings.get("accept"):
        yield Advice(
            "Make sure of the leaks that you accepted",
            f"{', '.join(map(str, accepted))}: are these known when a prediction is wanted? If not, the scores here "
            "will not be met.",
        )
    top = sorted(found.importance, key=lambda one: -one.mean)
    if len(top) > 1 and top[0].mean > 0 and top[0].mean > 0.8 * sum(max(one.mean, 0) for one in top):
        yield Advice(
            f"Look hard at the column {top[0].column}",
            "Nearly all of the score hangs on it. Is it known at the moment of the prediction, and is it no copy of "
            "the answer?",
        )


def _of_fit(result: Result) -> Iterator[Advice]:
    if result.regime in _LOST:
        yield Advice(
            "Let it learn less by heart",
            "It scores better on the rows it was taught than on others. More rows help most; else leave out columns "
            "that matter little, or compare simpler learners.",
        )
    if result.regime in {"underfit", "nothing"}:
        yield Advice(
            "Look for better columns",
            "Even on the rows it was taught it finds little. Another setting will hardly change that; a column that "
            "tells more of the target will.",
        )
    if result.regime == "unsteady":
        yield Advice(
            "Get more rows before you rely on it",
            "Valid and test do not agree, or too little is left of what was taught. Another seed shows how far the "
            "scores move with the split.",
        )


def _of_rows(result: Result, contract: Contract) -> Iterator[Advice]:
    n = result.split.train + result.split.valid
    if n < FEW_ROWS and result.regime not in _LOST | {"unsteady"}:
        yield Advice(
            "Collect more rows",
            f"{pluralize(n, 'row')} taught it and {pluralize(result.split.test, 'row')} tested it: the intervals of the "
            "scores are as wide as they are for that reason.",
        )
    if result.confusion is None:
        return
    total = sum(label.count for label in contract.labels)
    rare = [label for label in contract.labels if label.count < RARE * total]
    if rare and len(contract.labels) == 2:
        share = rare[0].count / total
        yield Advice(
            "Decide by the probability, not by the label",
            f"Only {share:.1%} of the rows are {rare[0].value}: accuracy says little, and a limit below 0.5 finds more "
            "of them. See precision over recall.",
        )
    elif rare:
        names = ", ".join(str(label.value) for label in rare[:4])
        yield Advice(
            "Collect more rows of the rare labels",
            f"{names}: each less than {RARE:.0%} of the rows, so that their recall is uncertain.",
        )


def _of_columns(result: Result, contract: Contract, found: Examination) -> Iterator[Advice]:
    sparse = [c.name for c in contract.feature_columns if c.missing > MUCH_MISSING]
    if sparse:
        yield Advice(
            "Find out why cells are missing",
            f"{', '.join(sparse[:4])}{' and others' if len(sparse) > 4 else ''}: over half of the cells are empty. "
            "Whether they are empty for the same reason when you predict decides what the model is worth.",
        )
    idle = [one.column for one in found.importance if one.high <= 0 or (one.low <= 0 <= one.high)]
    if len(idle) >= 2 and len(idle) < len(found.importance):
        told = ", ".join(idle[:5]) + (f" and {len(idle) - 5} more" if len(idle) > 5 else "")
        words = " ".join(f"--ignore {name}" if name.isidentifier() else "" for name in idle[:2]).strip()
        yield Advice(
            "Try it with fewer columns",
            f"Shuffling {told} costs nothing that can be told from chance. A model without them asks for less"
            + (f" ({words} ...)." if words else "."),
        )
    if any(c.kind == "datetime" and c.role == "feature" for c in contract.columns) and contract.time is None:
        name = next(c.name for c in contract.columns if c.kind == "datetime" and c.role == "feature")
        yield Advice(
            "Hold out the future",
            f"Rows carry a date ({name}). If you will predict later rows from earlier ones, --time {name} tests that; "
            "a random split flatters.",
        )


def _of_search(result: Result) -> Iterator[Advice]:
    if result.ended == "time":
        yield Advice(
            "Give it more time",
            f"The clock ended the comparison after {pluralize(result.n_fits, 'fit')}. A larger --budget tries more "
            "settings; expect little more than the spread over folds.",
        )
    elif result.ended == "fits":
        yield Advice(
            "Allow more fits",
            f"The comparison ended at its limit of {pluralize(result.n_fits, 'fit')}, with settings left to try.",
        )
    tied = [row.title for row in result.leaderboard if row.tied]
    if tied:
        yield Advice(
            "Choose by what else matters",
            f"{' and '.join(tied)} {'is' if len(tied) == 1 else 'are'} as good within chance: size, speed or being "
            "easy to explain may decide.",
        )
    failed = [row for row in result.leaderboard if row.error]
    if failed:
        yield Advice(
            f"Mend what failed: {', '.join(row.title for row in failed)}",
            f"{failed[0].error}. The others were compared without it.",
        )


def _of_use(result: Result) -> Iterator[Advice]:
    row = next((row for row in result.leaderboard if row.chosen), None)
    if row is not None and row.row_us is not None and row.row_us > SLOW_US:
        yield Advice(
            "Mind the latency", f"One row takes {format_micros(row.row_us)}: predict many at a time."
        )
    if result.test_looks > 2:
        yield Advice(
            "Keep new rows aside for a last test",
            f"Test has been opened {result.test_looks} times: whatever was changed in between fits it a little too well.",
        )
    if result.segments:
        value = result.metrics["test"].get("silhouette")
        yield Advice(
            "Ask somebody who knows the rows",
            f"A silhouette of {format_number(value)} says how far apart the segments are, not whether they are of use.",
        )
