"""What a split by group or by time would change: a quick model under both splits, on rows of the training set.

The model is a small random forest, which can learn by heart. It is fitted on 70% of the rows and scored on the others,
``N_REPEATS`` times: once with rows drawn at random and all features, once with whole groups, or the last rows, held out
and without the column that makes them. The difference is *clear* if it is larger than ``LEAST`` and than two standard
deviations of a difference of single scores (of the last rows there is one score, which is taken to scatter as those of
random rows do).

A column is a repeated key if its values recur and identify what the rows are about: it is named like an identifier, or it
and a date or period together determine the row (country by year), or other features are the same in all rows of a value
(the birthday of a customer).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import polars as pl
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

from groundup.models.ensembles import RandomForestClassifier, RandomForestRegressor
from groundup.tables.contract.infer import looks_like_id
from groundup.tables.splitting import shuffled
from groundup.text.numbers import format_number
from groundup.workbench.problem import Problem

N_REPEATS, N_TREES, MAX_ROWS, MIN_ROWS = 5, 20, 3000, 100
HELD_OUT = 0.3
LEAST = 0.02
MAX_KEYS = 2
_METRICS = {"binary": "ROC AUC", "multiclass": "accuracy", "regression": "R2"}
_PERIOD = re.compile(
    r"(?:^|_)(?:year|month|quarter|week|day|date|period|season|wave|visit|round|yr)(?:$|_)", re.IGNORECASE
)


class BothScores(NamedTuple):
    """Mean scores of the quick model on rows drawn at random and under the other split."""

    metric: str
    at_random: float
    other: float
    is_clear: bool

    def describe(self, what: str) -> str:
        """Return the scores in words; `what` are the rows held out by the other split."""
        size = "clearly less" if self.is_clear else "not clearly different"
        return (
            f"a quick model has {self.metric} {format_number(self.at_random)} on rows drawn at random and "
            f"{format_number(self.other)} on {what}, {size}"
        )


def repeated_keys(table: pl.DataFrame, problem: Problem) -> list[str]:
    """Return the columns whose recurring values identify what the rows are about, the most telling first."""
    rows = problem.split.train
    if len(rows) < MIN_ROWS:
        return []
    contract, frame = problem.contract, table[rows]
    periods = [c.name for c in contract.columns if c.kind == "datetime" or _PERIOD.search(c.name)]
    found = []
    for column in contract.columns:
        series = frame[column.name]
        if column.role not in ("feature", "ignored") or column.reason == "excluded by the user":
            continue
        if series.dtype not in (pl.String, pl.Int64) or column.name in periods:
            continue
        n_values = series.n_unique()
        if not 10 <= n_values <= 0.7 * len(rows):
            continue
        if looks_like_id(column.name):
            found.append((0, -n_values, column.name))
        elif series.dtype == pl.String and (
            _makes_rows(frame, column.name, periods) or _has_constants(frame, column.name, contract.features)
        ):
            found.append((1, -n_values, column.name))
    return [name for *_, name in sorted(found)][:MAX_KEYS]


def _makes_rows(frame: pl.DataFrame, key: str, periods: list[str]) -> bool:
    """Return whether the key and a period together determine the row, and neither does alone."""
    n = frame.height
    return any(
        3 <= frame[period].n_unique() <= 0.7 * n and frame.select(key, period).n_unique() >= 0.99 * n
        for period in periods
    )


def _has_constants(frame: pl.DataFrame, key: str, features: tuple[str, ...]) -> bool:
    """Return whether two other features vary, and are the same in all rows of a value of the key."""
    others = [name for name in features if name != key and frame[name].n_unique() >= 5]
    if len(others) < 2:
        return False
    counts = frame.group_by(key).agg(pl.len().alias("_rows"), *(pl.col(name).n_unique() for name in others))
    several = counts.filter(pl.col("_rows") > 1)
    if several.height < 10:
        return False
    return sum(np.mean(several[name].to_numpy() == 1) > 0.95 for name in others) >= 2


def score_by_group(key: pl.Series, problem: Problem) -> BothScores | None:
    """Return the scores with rows at random and with whole groups held out; None where they cannot be computed."""
    codes = key.rank("dense").fill_null(0).to_numpy().astype(np.int64)[problem.split.train]
    if len(np.unique(codes)) < 10:
        return None
    order = shuffled(codes.max() + 1, problem.seed)
    rows = np.argsort(order[codes], kind="stable")[:MAX_ROWS]  # whole groups
    codes = codes[rows]

    def held_out(repeat: int) -> np.ndarray:
        names = np.unique(codes)
        drawn = names[shuffled(len(names), problem.seed + repeat)]
        sizes = np.bincount(codes)[drawn]
        return np.isin(codes, drawn[np.cumsum(sizes) <= HELD_OUT * len(codes)])

    return _compare(problem, problem.split.train[rows], key.name, [held_out(i) for i in range(N_REPEATS)])


def score_by_time(times: pl.Series, problem: Problem) -> BothScores | None:
    """Return the scores with rows at random and with the last rows held out; None where they cannot be computed."""
    train = problem.split.train
    rows = train[shuffled(len(train), problem.seed)[:MAX_ROWS]]
    values = times.to_physical().cast(pl.Float64).to_numpy()[rows]
    if np.isnan(values).any():
        return None
    cut = np.quantile(values, 1 - HELD_OUT)
    return _compare(problem, rows, times.name, [values >= cut])


def _compare(problem: Problem, rows: np.ndarray, column: str, masks: list[np.ndarray]) -> BothScores | None:
    """Return the scores of the quick model at random, and with the rows of each mask held out."""
    n_held = round(float(np.mean([mask.sum() for mask in masks])))
    if len(rows) < MIN_ROWS or not 20 <= n_held <= len(rows) - 20:
        return None
    names = [c.name for c in problem.contract.feature_columns]
    others = [name for name in names if name != column]
    if not others:
        return None
    at_random, found = [], []
    for repeat in range(N_REPEATS):
        drawn = np.zeros(len(rows), dtype=bool)
        drawn[shuffled(len(rows), problem.seed + repeat)[:n_held]] = True
        at_random.append(_score(problem, rows[~drawn], rows[drawn], names))
    found = [_score(problem, rows[~mask], rows[mask], others) for mask in masks]
    scores = [[s for s in listed if s is not None] for listed in (at_random, found)]
    if len(scores[0]) < 3 or len(scores[1]) < min(3, len(masks)):
        return None
    spreads = [float(np.std(listed, ddof=1)) if len(listed) > 1 else None for listed in scores]
    first = spreads[0] or 0.0
    limit = 2 * float(np.hypot(first, first if spreads[1] is None else spreads[1]))
    means = [float(np.mean(listed)) for listed in scores]
    is_clear = means[0] - means[1] > max(LEAST, limit)
    return BothScores(_METRICS[problem.task], means[0], means[1], is_clear)


def _score(problem: Problem, train: np.ndarray, test: np.ndarray, names: list[str]) -> float | None:
    """Return the score of a small forest, None where the rows do not allow one."""
    y_train, y_test = problem.y[train], problem.y[test]
    if problem.classes is not None and (len(np.unique(y_train)) < 2 or len(np.unique(y_test)) < 2):
        return None
    preparer = problem.preparer("trees", names)
    X_train = preparer.fit_transform(problem.frame[train], y_train)
    X_test = preparer.transform(problem.frame[test])
    options = {"n_estimators": N_TREES, "min_samples_leaf": 2, "random_state": problem.seed}
    if problem.classes is None:
        return float(r2_score(y_test, RandomForestRegressor(**options).fit(X_train, y_train).predict(X_test)))
    model = RandomForestClassifier(**options).fit(X_train, y_train)
    if problem.task == "binary":
        return float(roc_auc_score(y_test == problem.classes[1], model.predict_proba(X_test)[:, 1]))
    return float(accuracy_score(y_test, model.predict(X_test)))
