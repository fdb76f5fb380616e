"""What a run stores: its record, which is also what ``--json`` prints, and the examination for the report."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groundup.errors import GroundupError
from groundup.text.numbers import format_interval
from groundup.workbench.audit.findings import Audit

VERSION = 1


class Plain(BaseModel):
    """A closed model: fields of another version are refused, not guessed."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null", protected_namespaces=())


class Row(Plain):
    """One algorithm on the leaderboard, with its best setting.

    fold_scores, mean and margin are those of the deciding metric: mean ± margin is the 95% interval of the mean over
    folds (`groundup.judge.differences`). scores holds the mean of every metric. fit_s is the median time of one fit in
    seconds, row_us the time to prepare and predict one row in microseconds, bytes the size of the fitted model.
    ranked_by is set if fewer folds were scored: the expected mean over all folds, which ranks the row.
    """

    learner: str
    title: str
    params: dict[str, Any] = Field(default_factory=dict)
    setting: str = ""
    n_settings: int = 1
    fold_scores: list[float | None] = Field(default_factory=list)
    mean: float | None = None
    margin: float | None = None
    ranked_by: float | None = None
    scores: dict[str, float | None] = Field(default_factory=dict)
    valid: float | None = None
    fit_s: float | None = None
    row_us: float | None = None
    bytes: int | None = None
    baseline: bool = False
    chosen: bool = False
    tied: bool = False
    error: str = ""


class Best(Plain):
    """The chosen algorithm: its refitted setting, the deciding metric, and the reason for the choice."""

    learner: str
    title: str
    params: dict[str, Any]
    metric: str
    greater_is_better: bool
    reason: str
    check: str = ""


class Parts(Plain):
    """How the rows were split: the rule, the size of each part, and the folds of the training set.

    origins: set -> where its rows come from, for sets that the rule did not make.
    """

    rule: str
    train: int
    valid: int
    test: int
    folds: int
    origins: dict[str, str] = Field(default_factory=dict)


class Data(Plain):
    """The table of the run."""

    name: str
    source: str
    rows: int
    columns: int
    digest: str


class Segment(Plain):
    """One cluster: its number, its rows, its characteristics in words, and its means or most frequent levels."""

    number: int
    rows: int
    share: float
    words: str
    values: dict[str, float | str | None]


class DecisionRule(Plain):
    """How probabilities become a label, where the user stated an objective.

    The positive class is predicted from the threshold on; or, of several classes, the one of the smallest expected cost
    (`costs`: actual by predicted, in the order of `labels`). `reason` says where the rule comes from, `scores` what it
    reaches out of fold, `is_met` whether the stated constraint is met there.
    """

    labels: list[Any]
    positive: Any = None
    threshold: float | None = None
    costs: list[list[float]] | None = None
    reason: str
    scores: dict[str, float] = Field(default_factory=dict)
    is_met: bool = True


class Record(Plain):
    """Everything that a run computed.

    metrics: part (train, valid, test) -> metric -> value, None if it is undefined (the reason stands in `undefined`).
    Train and valid are scores of the recipe fitted on the training set alone, test those of the model in the bundle.
    baseline: the same for the baseline. test_looks: how often the test set of these data and this target has been opened
    in this project, including this run. audit: the findings before any model was trained, accepted ones included.
    part_files: set -> the file of its own that holds its rows.
    decision: how probabilities become labels; None for the model's own rule. meanings: of the scores that are not always
    computed.
    bundle: the path of the model file; digest: its SHA-256.
    """

    version: Literal[1] = VERSION
    groundup: str
    task: str
    target: str | None
    data: Data
    part_files: dict[str, Data] = Field(default_factory=dict)
    settings: dict[str, Any]
    split: Parts
    best: Best
    leaderboard: list[Row]
    metrics: dict[str, dict[str, float | None]]
    baseline: dict[str, dict[str, float | None]] = Field(default_factory=dict)
    undefined: dict[str, str] = Field(default_factory=dict)
    verdict: str
    regime: str
    confusion: dict[str, Any] | None = None
    decision: DecisionRule | None = None
    meanings: dict[str, str] = Field(default_factory=dict)
    segments: list[Segment] = Field(default_factory=list)
    ended: str
    n_fits: int
    seconds: float
    test_looks: int = 1
    contract: dict[str, Any]
    bundle: str
    digest: str = ""
    project: str
    warnings: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    audit: Audit | None = None
    stored: bool = False

    def to_object(self) -> dict[str, Any]:
        """Return plain JSON values; infinite and missing numbers are null."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, text: str | bytes, file: object = None) -> Self:
        """Read a stored result; fields that this version does not know are refused."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the top level"
            raise GroundupError(
                f"The stored result is damaged, or from another version, at {where}: {first['msg']}.",
                hint="Build again with --fresh.",
                file=file,
            ) from None


class Importance(Plain):
    """One column: the loss of the deciding score when it is shuffled in the validation set, with its 95% interval."""

    column: str
    mean: float
    low: float
    high: float


class FewerColumns(Plain):
    """A trial without the columns that the score does not depend on: the mean over the same folds, with and without.

    is_as_good: whether next to nothing is given away (``steps.choose.allowance``).
    """

    dropped: list[str]
    folds: int
    with_all: float
    without: float
    is_as_good: bool


class WorstRow(Plain):
    """One of the worst predictions on the validation set: its row in the table (from 1), actual and predicted value.

    `error` is the probability that the model gave to the actual class, or the residual: actual minus predicted, in the
    unit of the target.
    `cells` holds some of the row's cells, as text.
    """

    row: int
    actual: Any
    predicted: Any
    error: float
    cells: dict[str, str | None] = Field(default_factory=dict)


class Examination(Plain):
    """What the report shows beyond the record, stored beside it: a report needs neither model nor data.

    intervals: part -> metric -> (low, high), 95%. narrow: part -> metrics whose interval is likely too narrow, because a
    few rows make most of the error. figures: name -> chart, as ``Chart.to_object`` writes it. omitted: what
    could not be examined, and why.
    """

    version: Literal[2] = 2
    intervals: dict[str, dict[str, tuple[float, float]]] = Field(default_factory=dict)
    narrow: dict[str, list[str]] = Field(default_factory=dict)
    figures: dict[str, dict[str, Any]] = Field(default_factory=dict)
    importance: list[Importance] = Field(default_factory=list)
    fewer_columns: FewerColumns | None = None
    worst_rows: list[WorstRow] = Field(default_factory=list)
    versions: dict[str, str] = Field(default_factory=dict)
    omitted: list[str] = Field(default_factory=list)

    def interval_text(self, part: str, name: str) -> str:
        """Return the interval of a score, with a remark where it is likely too narrow; "" without one."""
        bounds = self.intervals.get(part, {}).get(name)
        if bounds is None:
            return ""
        remark = " (likely too narrow)" if name in self.narrow.get(part, ()) else ""
        return f"{format_interval(bounds)}{remark}"
