"""The model card at the head of each page: what the model says, how good it was on rows it had never seen, since when.

A bundle holds no time (it enters no digest), so the date is that of its file. Where the bundle lies in its project, the
run's stored result adds the verdict and the warnings; it is believed only if it names this very file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from groundup._version import __version__
from groundup.errors import GroundupError
from groundup.models.estimator import describe
from groundup.ship.bundle import Model
from groundup.text.escaping import quoted
from groundup.text.numbers import format_amount, format_percent
from groundup.web.plain import Plain, shown

_SHOWN_METRICS = {
    "binary": ("roc_auc", "accuracy"),
    "multiclass": ("accuracy", "balanced_accuracy"),
    "regression": ("mae", "r2"),
    "clustering": ("silhouette",),
}
# Regimes of the verdict that make every answer doubtful.
_GRAVE = {"memorised", "nothing", "strong overfit", "underfit", "unsteady"}
_METRIC_TITLES = {
    "roc_auc": "ROC AUC",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "mae": "Mean error",
    "r2": "R²",
    "silhouette": "Silhouette",
}


class TestScore(Plain):
    """One score of the model on its test rows: a title, the number, and what it means in words."""

    title: str
    value: str
    words: str


class Card(Plain):
    """What a reader should know of a model before believing it.

    `predicts` is the target, `kind` what kind of answer that is. `scores` are those of the test rows, the first to be
    understood first. `caution` is what nobody may overlook ("" for nothing). `version` is the beginning of the bundle's
    digest, `made` the day of its file ("" where unknown).
    """

    name: str
    predicts: str
    kind: str
    caution: str
    learner: str
    n_rows: int
    n_fields: int
    scores: list[TestScore]
    verdict: str
    warnings: list[str]
    version: str
    digest: str
    made: str
    groundup: str


def card_of(model: Model, path: Path | None = None) -> Card:
    """Return the card of a model with a contract, loaded from `path` (None where it came from elsewhere)."""
    contract = model.contract
    assert contract is not None
    caution, verdict, warnings = _told(model, path)
    return Card(
        name=shown(model.name or contract.name or "model"),
        predicts=shown(model.target.name or contract.target or "segment"),
        kind=_kind(model),
        caution=caution,
        learner=_learner(model),
        n_rows=contract.n_rows,
        n_fields=len(contract.features),
        scores=_scores(model),
        verdict=verdict,
        warnings=warnings,
        version=model.digest[:12],
        digest=model.digest,
        made=_day(path),
        groundup=__version__,
    )


def _kind(model: Model) -> str:
    assert model.contract is not None
    labels = [shown(label.value, 30) for label in model.contract.labels]
    if len(labels) == 2:
        return f"{labels[0]} or {labels[1]}"
    if labels:
        return f"one of {len(labels):,} classes"
    if model.target.task == "regression":
        column = model.contract.by_name.get(model.target.name)
        return f"a number, in {shown(column.unit, 30)}" if column is not None and column.unit else "a number"
    return "a segment"


def _learner(model: Model) -> str:
    cls = type(model.learner)
    return describe(cls).title or cls.__name__


def _day(path: Path | None) -> str:
    try:
        return "" if path is None else datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    except OSError:
        return ""


def _told(model: Model, path: Path | None) -> tuple[str, str, list[str]]:
    """Return caution, verdict and warnings of the run that made the model, where its result lies beside it."""
    from groundup.workbench.result import Result

    try:
        assert path is not None
        result = Result.from_json((path.parent / "result.json").read_bytes())
    except (AssertionError, OSError, GroundupError):
        return "", "", []
    if not model.digest or result.digest != model.digest:
        return "", "", []
    verdict = shown(result.verdict, 1000)
    return (
        verdict if result.regime in _GRAVE else "",
        verdict,
        [t for w in result.warnings if (t := shown(w, 1000)) != verdict],
    )


# ---------------------------------------------------------------------- scores in words


def _scores(model: Model) -> list[TestScore]:
    assert model.contract is not None
    found = model.metrics.get("test")
    if not isinstance(found, dict):
        return []
    scores = []
    for name in _SHOWN_METRICS.get(model.contract.task, ()):
        value = found.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            told = _words(name, float(value), model)
            number = format_amount(value, _unit(model)) if name == "mae" else f"{value:.3f}"
            scores.append(TestScore(title=_METRIC_TITLES[name], value=number, words=told))
    return scores


def _unit(model: Model) -> str | None:
    assert model.contract is not None
    column = model.contract.by_name.get(model.target.name)
    return column.unit if column is not None else None


def _words(name: str, value: float, model: Model) -> str:
    assert model.contract is not None
    labels = model.contract.labels
    in_100 = format_percent(value, 0).removesuffix("%")
    if name == "roc_auc":
        first, second = (quoted(label.value) for label in reversed(labels))
        return f"Shown one new {first} and one new {second}, it tells which is which {in_100} times in 100."
    if name == "accuracy":
        most = max(labels, key=lambda label: label.count)
        always = most.count / max(1, sum(label.count for label in labels))
        return (
            f"{in_100} of 100 answers to test rows were right; "
            f"always saying {quoted(most.value)} would be right in {format_percent(always, 0).removesuffix('%')}."
        )
    if name == "balanced_accuracy":
        return f"Counting each class alike, {in_100} of 100 were right; guessing would get {100 / len(labels):.0f}."
    if name == "mae":
        return (
            f"On test rows the answer was off by {format_amount(value, _unit(model))} on average, up or down."
        )
    if name == "r2":
        better = f"It explains {in_100}% of what makes the test rows differ."
        return better if value > 0 else "On test rows it is no better than the mean."
    return "Near 1 the segments stand apart, near 0 they touch."
