"""Model descriptions: one record on each class, read by the workbench, the tests and the documentation.

    class Ridge(LinearRegressor):
        \"\"\"...\"\"\"

        description = ModelDescription(
            title="Ridge regression",
            family="Linear models",
            tasks=REGRESSION,
            portfolio=tuple({"alpha": a} for a in (1.0, 10.0, 0.1)),
        )

Nothing else decides how a model is named, compared and tuned, and how its data are prepared, whether it is part of
groundup or third-party. Subclasses do not inherit the record, because their parameters may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from sklearn.base import is_classifier, is_clusterer, is_regressor

from groundup.errors import UsageError, nearest
from groundup.models.estimator.search_space import SearchSpace

Task = Literal["binary", "multiclass", "regression", "clustering"]
PreprocessingName = Literal["linear", "trees", "none"]
Comparison = Literal["always", "counts", "on request", "baseline"]
Settings = tuple[Mapping[str, Any], ...]

CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")
REGRESSION: tuple[Task, ...] = ("regression",)
CLUSTERING: tuple[Task, ...] = ("clustering",)


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """Describes a model class.

    Parameters
    ----------
    title : str
        The name that the leaderboard shows; "" is the name of the class.
    family : str
        The heading under which the documentation lists it.
    tasks : tuple of {"binary", "multiclass", "regression", "clustering"}
    preprocessing : {"linear", "trees", "none"}, optional
        How its columns are prepared: see `groundup.tables.prepare.preprocessing`. "none": it reads no columns.
        None: "trees" if scikit-learn's tag ``allow_nan`` is set, else "linear".
    comparison : {"always", "counts", "on request", "baseline"}
        When a build compares it: always; if the target is a count; if the user names it; as a baseline.
    priority : int
        Models of higher priority are compared earlier; among equals the name decides.
    portfolio : tuple of mappings, or callable from the number of training rows to one
        Settings that are tried in this order, the first one for every model before the second one of any. A
        ``random_state`` is added where the constructor has one.
    search_space : mapping of parameter to distribution
        Once the portfolio is tried, settings near the best one are drawn from it: see `search_space`.
    iterations : str
        Name of the parameter that a fit's time is proportional to ("max_iter", "n_estimators"), which a time budget may
        lower; "" where there is none.
    categories : str
        Name of the parameter that takes the positions of columns of level codes, for a model that splits categories by
        sets of levels; "" for others.
    is_costly : bool
        Whether its cross-validation ends after two folds of a long table on which it is clearly worse than the best.
    iteration_loss : {"", "log_loss", "half_squared_error"}
        What the negative of ``validation_score_`` is, for a model that fits in iterations.
    exact_explanations : bool
        Whether contributions of columns to a prediction are computed exactly, not estimated by sampling.
    quick : mapping of parameter to value
        Parameters that make it fast on a few rows, for checks and for compiling its kernels.

    Raises
    ------
    UsageError
        If a word is not one of those listed.
    """

    title: str = ""
    family: str = "Other"
    tasks: tuple[Task, ...] = ()
    preprocessing: PreprocessingName | None = None
    comparison: Comparison = "always"
    priority: int = 0
    portfolio: Settings | Callable[[int], Settings] = ({},)
    search_space: SearchSpace = field(default_factory=dict)
    iterations: str = ""
    categories: str = ""
    is_costly: bool = False
    iteration_loss: Literal["", "log_loss", "half_squared_error"] = ""
    exact_explanations: bool = False
    quick: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        words = [("task", task, Task) for task in self.tasks]
        words += [("comparison", self.comparison, Comparison)]
        words += [("preprocessing", self.preprocessing, PreprocessingName)] if self.preprocessing else []
        for what, word, allowed in words:
            if word not in get_args(allowed):
                hint = f"It is one of: {', '.join(get_args(allowed))}."
                raise UsageError(
                    f"A model description has no {what} {word!r}.{nearest(word, get_args(allowed))}",
                    hint=hint,
                )

    def settings(self, n_rows: int) -> Settings:
        """Return the portfolio for this number of training rows."""
        return self.portfolio(n_rows) if callable(self.portfolio) else self.portfolio


def describe(cls: type) -> ModelDescription:
    """Return the description of a model class: its own, or an empty one."""
    own = vars(cls).get("description")
    return own if isinstance(own, ModelDescription) else ModelDescription()


def tasks_of(cls: type) -> tuple[Task, ...]:
    """Return the tasks of a model class: those it describes, or else those of its scikit-learn type."""
    if tasks := describe(cls).tasks:
        return tasks
    model = cls()
    kinds = ((is_classifier, CLASSIFICATION), (is_regressor, REGRESSION), (is_clusterer, CLUSTERING))
    return next((tasks for is_kind, tasks in kinds if is_kind(model)), ())
