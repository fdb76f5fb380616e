"""The result of a run: what is stored in the project, shown by every face, and printed by ``--json``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groundup.errors import GroundupError
from groundup.workbench.audit.findings import Audit

VERSION = 1


class Plain(BaseModel):
    """Closed models: what another version wrote is refused, not guessed."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null", protected_namespaces=())


class Row(Plain):
    """One learner on the leaderboard, by its best setting.

    fold_scores and spread are those of the deciding metric; scores holds the mean of every metric. fit_s is the
    median of one fit in seconds, row_us one row (prepared and predicted) in microseconds, bytes the size of what was
    learnt. ranked_by is set where fewer folds were judged: the mean expected over all, by which the row is ranked.
    """

    learner: str
    title: str
    params: dict[str, Any] = Field(default_factory=dict)
    setting: str = ""
    n_settings: int = 1
    fold_scores: list[float | None] = Field(default_factory=list)
    mean: float | None = None
    spread: float | None = None
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
    """The chosen learner: its setting as refitted, the deciding metric, and why it was chosen."""

    learner: str
    title: str
    params: dict[str, Any]
    metric: str
    greater_is_better: bool
    reason: str
    check: str = ""


class Parts(Plain):
    """How the rows were dealt."""

    rule: str
    train: int
    valid: int
    test: int
    folds: int


class Data(Plain):
    """The table that was learnt from."""

    name: str
    source: str
    rows: int
    columns: int
    digest: str


class Segment(Plain):
    """One cluster: its number, its rows, what sets it apart in words, and the means or most frequent levels."""

    number: int
    rows: int
    share: float
    words: str
    values: dict[str, float | str | None]


class Result(Plain):
    """Everything that a run found.

    metrics: part (train, valid, test) -> metric -> value, None where there is none (see `undefined`). Train and valid
    are scores of the recipe fitted on train alone, test of the model in the bundle. baseline: the same of the baseline.
    test_looks: how often test of these data and this target had been opened in this project, this run included.
    audit: what was found before any learner was trained, accepted findings among it.
    bundle: the path of the model; digest: SHA-256 of that file, as ``sha256sum`` prints it.
    """

    version: Literal[1] = VERSION
    groundup: str
    task: str
    target: str | None
    data: Data
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

    def __str__(self) -> str:
        from groundup.workbench.display.terminal_summary import told_result

        return told_result(self)

    def __repr__(self) -> str:
        return str(self)

    def to_object(self) -> dict[str, Any]:
        """Return plain JSON values; infinite and missing numbers are null."""
        return self.model_dump(mode="json")

    def _repr_html_(self) -> str:
        from groundup.workbench.display.notebook import result_html

        return result_html(self)

    @classmethod
    def from_json(cls, text: str | bytes, file: object = None) -> Result:
        """Read a stored result, refusing what this version does not know."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "its top"
            raise GroundupError(
                f"The stored result is damaged, or of another version, at {where}: {first['msg']}.",
                hint="Build again with --fresh.",
                file=file,
            ) from None
