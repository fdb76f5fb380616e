"""The objective: what a model is for, as the user states it, checked in one place.

`Objective.of` checks what needs no data, `Objective.scoring` and `Objective.weights` the rest against the contract; both
are called before anything is written. `Objective.to_json` is part of a run's identity, and ``Objective.of(**json)`` gives
an equal objective.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from groundup.errors import GroundupError, UsageError, nearest
from groundup.judge.decisions import Decision, cost_threshold, mean_cost
from groundup.judge.metrics import METRICS, Metric, Predicted, metric
from groundup.judge.metrics.custom import custom_metric, load_function, name_of, source_digest
from groundup.judge.metrics.names import normalized
from groundup.judge.scoring import Scoring
from groundup.judge.thresholds import Constraint, ThresholdSearch
from groundup.judge.weights import RowWeights
from groundup.tables import Contract
from groundup.tables.contract.column import NUMERIC, as_level
from groundup.text.numbers import format_number

MEAN_COST = "mean_cost"
#: The parts of an objective, as they are named in Python and in a run's settings.
STATED = ("metric", "positive", "threshold", "cost", "class_weight")
#: The metric of a constraint -> the metric that is maximised under it.
OTHERS = {"recall": "precision", "precision": "recall", "specificity": "recall"}
#: What a threshold improves where the deciding metric does not depend on it (scikit-learn's default).
BY_DEFAULT = "balanced_accuracy"
COST_FORM = "actual=CLASS,predicted=CLASS:NUMBER"
_COST = re.compile(r"\s*actual\s*=(.*?),\s*predicted\s*=(.*):([^:]*)", re.DOTALL)
_COST_REVERSED = re.compile(r"\s*predicted\s*=(.*?),\s*actual\s*=(.*):([^:]*)", re.DOTALL)
_CONSTRAINT = re.compile(r"\s*([A-Za-z_ -]+?)\s*(>=|=>|≥|>|<=|<|≤|==?)\s*([^\s%]+)\s*(%?)\s*")

Label = bool | int | float | str


class Cost(NamedTuple):
    """The cost of predicting one class where another is actual."""

    actual: str
    predicted: str
    cost: float

    def __str__(self) -> str:
        return f"actual={self.actual},predicted={self.predicted}:{self.cost:.15g}"


@dataclass(frozen=True)
class Objective:
    """What a model is for.

    Attributes
    ----------
    metric : str or None
        The deciding metric: a name, or package:function.
    positive : str or None
        The positive class of two, as text.
    threshold : str, float or None
        "auto", a probability, or a constraint: "recall>=0.8".
    cost : tuple of Cost
        The costs that are not 0 (correct) or 1 (a mistake).
    class_weight : "balanced", mapping or None
        Weights of classes in fits.
    function : callable or None
        The metric, where it is a function.
    """

    metric: str | None = None
    positive: str | None = None
    threshold: str | float | None = None
    cost: tuple[Cost, ...] = ()
    class_weight: str | Mapping[str, float] | None = None
    function: Callable | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        metric: str | Callable | None = None,
        positive: Label | None = None,
        threshold: str | float | None = None,
        cost: Any = None,
        class_weight: str | Mapping | None = None,
    ) -> Objective:
        """Return the objective that a user states; see ``Project``.

        Raises
        ------
        UsageError
            If a part cannot be read, or names no metric.
        """
        name, function = _read_metric(metric)
        return cls(
            metric=name,
            positive=None if positive is None else _text(positive),
            threshold=_read_threshold(threshold),
            cost=_read_costs(cost),
            class_weight=_read_class_weight(class_weight),
            function=function,
        )

    def to_json(self) -> dict[str, Any]:
        """Return what is stated as JSON values, without what is not."""
        weights = self.class_weight
        out = {
            "metric": self.metric,
            "positive": self.positive,
            "threshold": self.threshold,
            "cost": [str(one) for one in self.cost] or None,
            "class_weight": weights if weights is None or isinstance(weights, str) else dict(weights),
        }
        return {name: value for name, value in out.items() if value is not None}

    @property
    def source(self) -> str | None:
        """The digest of the metric's source, where it is a function."""
        return None if self.function is None else source_digest(self.function)

    # ------------------------------------------------------------------ against the contract

    def scoring(self, contract: Contract) -> Scoring:
        """Return how predictions are judged.

        Raises
        ------
        UsageError
            If a part does not fit the task or the classes.
        """
        task = contract.task
        classes = contract.classes if contract.n_labels else None
        self._check_task(task)
        out = replace(Scoring.of(task, classes), positive=contract.positive)
        costs = None if not self.cost else _cost_matrix(self.cost, contract)
        if costs is not None:
            of_cost = mean_cost(costs)
            out = out.deciding_with(of_cost) if self.metric in (None, MEAN_COST) else out.also(of_cost)
        if self.metric not in (None, MEAN_COST):
            out = out.deciding_with(self._deciding(contract))
        if self.threshold is not None:
            return self._with_threshold(out)
        if costs is not None:
            if task == "multiclass":
                return replace(out, decision=Decision(costs=costs))
            return out.with_threshold(cost_threshold(costs, out.positive_code))
        return out

    def weights(self, contract: Contract, table) -> RowWeights:
        """Return the weights of the rows of a table: those of its weight column, and those of the classes."""
        weights = self.class_weight
        if weights is not None and not contract.n_labels:
            raise UsageError(f"Class weights are for classes, and the task is {contract.task}.")
        if isinstance(weights, Mapping):
            weights = {contract.label(name, "class weight"): w for name, w in weights.items()}
        return RowWeights(contract.weights(table), weights)  # type: ignore[arg-type]

    def warnings(self, task: str) -> list[str]:
        """Return what a reader should know about parts that do not go well together."""
        if self.class_weight is not None and self.cost and self.threshold is None:
            text = "Class weights move the predicted probabilities, by which the costs decide as if they were right"
            or_else = ", or set the threshold to auto" if task == "binary" else ""
            return [f"{text}: leave out the class weights{or_else}."]
        return []

    def try_metric(self, scoring: Scoring, y: np.ndarray, weight: np.ndarray | None) -> None:
        """Compute a metric that is a function once, of each row predicted as the one before, ahead of any fit.

        Raises
        ------
        GroundupError
            If the function fails, or returns no finite number.
        """
        if self.function is None:
            return
        predicted = Predicted(
            np.roll(y, 1), classes=scoring.classes, positive=scoring.positive, weight=weight
        )
        if scoring.classes is not None:
            hit = predicted.values[:, np.newaxis] == scoring.classes
            p = (0.1 + hit) / (0.1 + hit).sum(axis=1, keepdims=True)
            predicted = predicted._replace(probabilities=p)
        found = scoring.deciding[0].score(y, predicted)
        if found.value is None:
            raise GroundupError(f"The metric {self.metric} cannot be computed: {found.reason}.")

    def _check_task(self, task: str) -> None:
        if task == "clustering" and self != Objective():
            raise UsageError(
                f"Without a target there is nothing to state ({', '.join(self.to_json())}): segments are chosen by "
                "their silhouette.",
                hint="Name a target.",
            )
        if self.threshold is not None and task != "binary":
            what = "several classes" if task == "multiclass" else task
            hint = "Costs of mistakes decide there: --cost." if task == "multiclass" else "Leave it out."
            raise UsageError(f"A threshold decides between two classes, and the task is {what}.", hint=hint)
        if self.cost and task == "regression":
            raise UsageError("Costs of mistakes are for classes, and the task is regression.")
        if self.metric == MEAN_COST and not self.cost:
            raise UsageError(
                "The metric mean_cost needs the costs of mistakes.", hint=f"State them: --cost {COST_FORM}."
            )

    def _deciding(self, contract: Contract) -> Metric:
        assert self.metric is not None
        if self.function is None:
            return self._named_metric(contract)
        found = custom_metric(self.function, contract.task, self.metric)
        if contract.weight is not None and not found.takes_weights:
            raise UsageError(
                f"The rows are weighted ({contract.weight!r}), and the metric {self.metric} takes no weights.",
                hint="Give the function an argument sample_weight.",
            )
        return found

    def _named_metric(self, contract: Contract) -> Metric:
        name, column = str(self.metric), contract.by_name[contract.target or ""]
        try:
            return metric(name, contract.task)
        except UsageError as error:
            if contract.n_labels and column.kind in NUMERIC and "regression" in METRICS[name].tasks:
                error.hint = f"--task regression reads the target's numbers as amounts. {error.hint}"
                error.args = (str(error),)
            raise

    def _with_threshold(self, scoring: Scoring) -> Scoring:
        if isinstance(self.threshold, float):
            return scoring.with_threshold(self.threshold)
        if self.threshold == "auto":
            by_cost = next((m for m in scoring.metrics if m.name == MEAN_COST), None)
            first = scoring.deciding[0]
            target = first if first.needs == "labels" else by_cost or METRICS[BY_DEFAULT]
            return replace(scoring, search=ThresholdSearch(target))
        name, _, least = str(self.threshold).partition(">=")
        constraint = Constraint(METRICS[name], float(least))
        search = ThresholdSearch(METRICS[OTHERS[name]], constraint)
        return replace(scoring.also(METRICS[name]), search=search)


# ---------------------------------------------------------------------- reading what is stated


def _read_metric(given: str | Callable | None) -> tuple[str | None, Callable | None]:
    if given is None:
        return None, None
    if not isinstance(given, str):
        if not callable(given) and not hasattr(given, "_score_func"):
            raise UsageError(f"A metric is a name or a function, not {given!r}.")
        return name_of(given), given
    if ":" in given:
        return given, load_function(given)
    if normalized(given) == MEAN_COST:
        return MEAN_COST, None
    return metric(given).name, None


def _read_threshold(given: str | float | None) -> str | float | None:
    if given is None:
        return None
    text = str(given).strip()
    if text.lower() == "auto":
        return "auto"
    if found := _CONSTRAINT.fullmatch(text):
        return _read_constraint(text, *found.groups())
    value = _read_share(text)
    if value is None or isinstance(given, bool):
        raise UsageError(
            f"The threshold {given!r} cannot be read.{nearest(text, ['auto'])}",
            hint='A threshold is auto, a probability like 0.3, or a constraint like "recall>=0.8".',
        )
    if not 0 < value < 1:
        raise UsageError(
            f"A threshold is a probability between 0 and 1, not {text}.", hint=_as_percent(value)
        )
    return value


def _read_constraint(text: str, name: str, sign: str, least: str, percent: str) -> str:
    found, value = normalized(name), _read_share(least + percent)
    if found not in OTHERS:
        raise UsageError(
            f"A threshold cannot be constrained by {name.strip()!r}.{nearest(name, OTHERS)}",
            hint=f'Constraints are on {", ".join(OTHERS)}: "recall>=0.8".',
        )
    if sign not in (">=", "=>", "≥"):
        raise UsageError(
            f"The constraint {text!r} needs the sign >=, since {found} must reach a value.",
            hint=f'Write "{found}>={least}".',
        )
    if value is None or not 0 < value <= 1:
        hint = "" if value is None else _as_percent(value)
        raise UsageError(f"The constraint {text!r} needs a number between 0 and 1.", hint=hint)
    return f"{found}>={value:g}"


def _read_share(text: str) -> float | None:
    """Return a number, or a percentage as a share."""
    try:
        value = float(text.removesuffix("%").strip())
    except ValueError:
        return None
    return value / 100 if text.endswith("%") else value


def _as_percent(value: float) -> str:
    return f"For {value:g}%, give {value / 100:g}." if 1 < value < 100 else ""


def _read_costs(given: Any) -> tuple[Cost, ...]:
    """Return costs from text, mappings or triples; of cells named twice the last one counts."""
    if given is None:
        return ()
    if isinstance(given, Mapping) and set(given) != set(Cost._fields):
        given = [
            (*pair, cost) if isinstance(pair, tuple) else (pair, other, one)
            for pair, cost in given.items()
            for other, one in (cost.items() if isinstance(cost, Mapping) else [(None, cost)])
        ]
    elif isinstance(given, (str, Mapping, Cost)):
        given = [given]
    costs = [_read_cost(one) for one in given]
    return tuple({(one.actual, one.predicted): one for one in costs}.values())


def _read_cost(given: Any) -> Cost:
    if isinstance(given, str):
        found, turned = _COST.fullmatch(given), _COST_REVERSED.fullmatch(given)
        parts = found.groups() if found else None
        if turned and not found:
            parts = (turned[2], turned[1], turned[3])
        if parts is None:
            raise UsageError(f"The cost {given!r} cannot be read.", hint=f"Write it as {COST_FORM}.")
        given = (parts[0].strip(), parts[1].strip(), parts[2].strip())
    elif isinstance(given, Mapping):
        if set(given) != set(Cost._fields):
            raise UsageError(
                f"A cost has the keys actual, predicted and cost, not {sorted(map(str, given))}."
            )
        given = tuple(given[name] for name in Cost._fields)
    given = tuple(v for v in given if v is not None)
    if len(given) != 3:
        raise UsageError(
            f"The cost {given!r} cannot be read.",
            hint="A cost names the actual and the predicted class: {('bad', 'good'): 5}.",
        )
    try:
        value = float(given[2])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"A cost is a number, not {given[2]!r}.", hint=f"Write it as {COST_FORM}.")
    return Cost(_text(given[0]), _text(given[1]), value)


def _read_class_weight(given: Any) -> str | dict[str, float] | None:
    if given is None:
        return None
    if isinstance(given, str):
        if given.strip().lower() == "balanced":
            return "balanced"
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    form = 'Class weights are balanced, or a JSON object like {"yes": 5, "no": 1}.'
    if not isinstance(given, Mapping) or not given:
        raise UsageError("The class weights cannot be read.", hint=form)
    out = {_text(label): _weight(label, value) for label, value in given.items()}
    if not any(out.values()):
        raise UsageError("Every class weight is 0.", hint=form)
    return out


def _weight(label, value) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0:
        raise UsageError(f"The weight of class {label!r} is {value!r}; it must be a number of at least 0.")
    return float(value)


def _text(label) -> str:
    """Return a label as text, so that 1 in Python and "1" on the command line state the same."""
    return as_level(label.item() if isinstance(label, np.generic) else label)


def _cost_matrix(costs: Iterable[Cost], contract: Contract) -> np.ndarray:
    """Return the cost of each pair of classes, actual by predicted, in their order.

    Raises
    ------
    UsageError
        If a class is unknown, or a mistake costs less than a correct prediction (Elkan 2001, section 1.2).
    """
    labels = [level.value for level in contract.labels]
    out = 1.0 - np.eye(len(labels))
    for one in costs:
        i = labels.index(contract.label(one.actual, "actual class of a cost"))
        j = labels.index(contract.label(one.predicted, "predicted class of a cost"))
        out[i, j] = one.cost
    for i, of_actual in enumerate(out):
        if (of_actual < of_actual[i]).any():
            j = int(of_actual.argmin())
            raise UsageError(
                f"Predicting {labels[j]!r} for an actual {labels[i]!r} costs {format_number(of_actual[j])}, less than "
                f"the correct prediction with {format_number(of_actual[i])}.",
                hint="A mistake must cost at least as much as the correct prediction.",
            )
    if not (out > np.diag(out)[:, np.newaxis]).any():
        raise UsageError("No mistake costs anything, so no prediction is better than another.")
    return out
