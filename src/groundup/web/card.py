"""The model card at the top of each page: what the model predicts, its test scores, and its version and date.

A bundle stores no time (its digest must not depend on one), so the date is that of its file. Where the bundle is still in
its project, the run's stored result adds the verdict and the warnings, if its digest is that of this file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from groundup._version import __version__
from groundup.errors import GroundupError
from groundup.models.estimator import describe
from groundup.ship.bundle import Model
from groundup.text.escaping import quoted
from groundup.text.numbers import format_amount, format_count, format_percent
from groundup.web.formats import ContextModel, display_text
from groundup.workbench.run.folder import Folder

_SHOWN_METRICS = {
    "binary": ("roc_auc", "accuracy"),
    "multiclass": ("accuracy", "balanced_accuracy"),
    "regression": ("mae", "r2"),
    "clustering": ("silhouette",),
}
# Regimes of the verdict that make every prediction unreliable.
_UNRELIABLE = {"memorised", "nothing", "strong overfit", "underfit", "unsteady"}
_METRIC_TITLES = {
    "roc_auc": "ROC AUC",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "mae": "Mean absolute error",
    "r2": "R²",
    "silhouette": "Silhouette",
}


class TestScore(ContextModel):
    """One score of the model on the test set: a title, the number, and its meaning in words."""

    title: str
    value: str
    words: str


class Card(ContextModel):
    """A summary of a model for its users.

    `predicts` is the target, `kind` the kind of its values. `scores` are those on the test set, the easiest to understand
    first. `caution` is shown prominently ("" for nothing). `version` is the beginning of the bundle's digest, `date` that
    of its file ("" where unknown).
    """

    name: str
    predicts: str
    kind: str
    caution: str
    model: str
    n_rows: int
    n_fields: int
    scores: list[TestScore]
    verdict: str
    warnings: list[str]
    version: str
    digest: str
    date: str
    groundup: str


def make_card(model: Model, path: Path | None = None) -> Card:
    """Return the card of a model with a contract, loaded from `path` (None where it came from elsewhere)."""
    contract = model.contract
    assert contract is not None
    caution, verdict, warnings = _run_findings(model, path)
    return Card(
        name=display_text(model.name or contract.name or "model"),
        predicts=display_text(model.target.name or contract.target or "segment"),
        kind=_kind(model),
        caution=caution,
        model=_model_title(model),
        n_rows=contract.n_rows,
        n_fields=len(contract.features),
        scores=_scores(model),
        verdict=verdict,
        warnings=warnings,
        version=model.digest[:12],
        digest=model.digest,
        date=_day(path),
        groundup=__version__,
    )


def _kind(model: Model) -> str:
    assert model.contract is not None
    labels = [display_text(label.value, 30) for label in model.contract.labels]
    if len(labels) == 2:
        return f"{labels[0]} or {labels[1]}"
    if labels:
        return f"one of {format_count(len(labels))} classes"
    if model.target.task == "regression":
        unit = target_unit(model)
        return f"a number, in {display_text(unit, 30)}" if unit else "a number"
    return "a segment"


def _model_title(model: Model) -> str:
    cls = type(model.learner)
    return describe(cls).title or cls.__name__


def _day(path: Path | None) -> str:
    try:
        return "" if path is None else datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    except OSError:
        return ""


def _run_findings(model: Model, path: Path | None) -> tuple[str, str, list[str]]:
    """Return caution, verdict and warnings of the run that built the model, where its result is stored beside it."""
    if path is None:
        return "", "", []
    run = path.absolute().parent
    try:
        result = Folder(run.parent.parent).result_of(run)
    except (OSError, GroundupError):
        return "", "", []
    if not model.digest or result.digest != model.digest:
        return "", "", []
    verdict = display_text(result.verdict, 1000)
    return (
        verdict if result.regime in _UNRELIABLE else "",
        verdict,
        [t for w in result.warnings if (t := display_text(w, 1000)) != verdict],
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
            words = _words(name, float(value), model)
            number = format_amount(value, target_unit(model)) if name == "mae" else f"{value:.3f}"
            scores.append(TestScore(title=_METRIC_TITLES[name], value=number, words=words))
    return scores


def target_unit(model: Model) -> str | None:
    """Return the unit of the target, None where it has none."""
    assert model.contract is not None
    column = model.contract.by_name.get(model.target.name)
    return column.unit if column is not None else None


def _words(name: str, value: float, model: Model) -> str:
    assert model.contract is not None
    labels = model.contract.labels
    in_100 = format_percent(value, 0).removesuffix("%")
    if name == "roc_auc":
        positive = model.positive
        first, second = (
            quoted(label.value) for label in sorted(labels, key=lambda one: one.value != positive)
        )
        return f"Given a random new {first} and a random new {second}, it ranks them correctly {in_100} times in 100."
    if name == "accuracy":
        most = max(labels, key=lambda label: label.count)
        always = most.count / max(1, sum(label.count for label in labels))
        return (
            f"{in_100} of 100 predictions on the test set were correct; "
            f"always predicting {quoted(most.value)} would be correct in {format_percent(always, 0).removesuffix('%')}."
        )
    if name == "balanced_accuracy":
        guessed = f"{100 / len(labels):.0f}"
        return (
            f"With equal weight for each class, {in_100} of 100 were correct; guessing would get {guessed}."
        )
    if name == "mae":
        off = format_amount(value, target_unit(model))
        return f"On the test set the prediction was off by {off} on average, up or down."
    if name == "r2":
        explained = f"It explains {in_100}% of the variance of the target on the test set."
        return explained if value > 0 else "On the test set it is no better than predicting the mean."
    return "Values near 1 mean well separated segments, near 0 overlapping ones."
