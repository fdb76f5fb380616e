r"""Linear models by stochastic gradient descent, which can be watched.

    minimise over w, b:   1/n sum_i loss(b + w'x_i, y_i)  +  alpha (rho |w|_1 + (1 - rho)/2 |w|^2)

The losses are those of `engine.losses.margins`, the steps those of `solvers.gradient`. Rows come in a new random order in
each epoch (a pass over all rows). K > 2 classes are K descents, each class against the rest, side by side.

Set a callback to watch: it is told after every k-th step where it has an attribute ``every = k``, else about a hundred
times in an epoch. It learns of the rows just visited their mean loss and the norm of their mean gradient at the
weights as they stand (with the slope of the L2 penalty, without L1's), the learning rate, and the weights.

Cost: 4 flops a number of X and epoch. The result is not the exact optimum: `LogisticRegression`, `Ridge`, `ElasticNet`
find that, mostly sooner. This is for very many rows, for rows that come one by one (`partial_fit`), and to see.
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from groundup.engine.losses.margins import NUMBERS, Margin
from groundup.engine.rows import Csr
from groundup.engine.rows.threads import run
from groundup.models.estimator import (
    Callbacks,
    ConvergenceWarning,
    Interval,
    Learner,
    Plain,
    Scalar,
    StrOptions,
    check_random_state,
)
from groundup.models.linear import matvec
from groundup.models.linear.least_squares import refuse_nonfinite
from groundup.models.linear.solvers import gradient as steps

OF_NUMBERS = {"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"}
OF_LABELS = {"hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"}
_TOLD = 100  # times in an epoch, at most
_CALL_ROWS = 1_000_000  # of one kernel call


class Descent(Callbacks, Learner):
    """What classifier and regressor share: the epochs, when to stop, what callbacks are told."""

    places: ClassVar[frozenset[str]] = frozenset({"memory"})
    weights: ClassVar[str] = "none"
    sparse: ClassVar[bool] = True
    loss: str
    _parameter_constraints: ClassVar[dict] = {
        "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "epsilon": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "learning_rate": [StrOptions(set(steps.SCHEDULES))],
        "eta0": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, None, None, closed="neither")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "average": [Interval(Integral, 0, None, closed="neither"), "boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
    }
    _state: ClassVar[dict[str, Any]] = {
        "t_": Scalar(float, low=0.0, optional=True),
        "n_iter_": Scalar(int, low=0, optional=True),
        "loss_curve_": Plain(2, optional=True),
    }
    t_: float

    def _settings(self, sparse: bool) -> steps.Settings:
        """Return the parameters as numbers, checked."""
        ratio = {"l2": 0.0, "l1": 1.0, "elasticnet": self.l1_ratio, None: 0.0}[self.penalty]
        if ratio is None:
            raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")
        if self.learning_rate == "optimal" and self.alpha == 0.0:
            raise ValueError(
                "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the optimal learning rate."
            )
        alpha = 0.0 if self.penalty is None else float(self.alpha)
        number, epsilon = NUMBERS[self.loss], float(self.epsilon)
        start = steps.start_of(number, epsilon, self.alpha) if self.learning_rate == "optimal" else 0.0
        decay = (0.01 if sparse else 1.0) * self.fit_intercept
        average = float(self.average) if self.average else 0.0
        return steps.Settings(
            number, epsilon, alpha * ratio, alpha * (1.0 - ratio), float(self.alpha),
            steps.SCHEDULES[self.learning_rate], float(self.eta0), float(self.power_t), float(start), float(decay),
            average, int(self.batch_size), float(self.momentum),
        )  # fmt: skip

    def _descend(self, rows, X, targets, weights, coef, intercept, n_epochs: int, *, partial: bool):
        """Run the epochs from (coef, intercept); set ``t_``, ``n_iter_``, ``loss_curve_``; return (coef, intercept).

        Parameters
        ----------
        rows : Rows
        targets, weights : list of ndarray of shape (n_rows,)
            One for each score.
        coef : ndarray of shape (n_scores, n_features)
        intercept : ndarray of shape (n_scores,)
        partial : bool
            One pass of `partial_fit`, that goes on where the last one ended.
        """
        random = check_random_state(self.random_state)
        sparse = isinstance(rows.place, Csr)
        settings = self._settings(sparse)
        known = partial and hasattr(self, "t_")
        t = self.t_ if known else 1.0
        run_ = _Run(self, rows, targets, weights, settings)
        run_.states = [
            steps.begin(w, float(b), t, settings.eta0) for w, b in zip(coef, intercept, strict=True)
        ]
        learnt, held = self._parts(rows, targets, random, partial)
        order, stored = learnt.copy(), learnt.copy()
        tell = self._iterations("step", None, X, targets[0])
        curve, best, idle = [], np.full(len(targets), np.inf), np.zeros(len(targets), dtype=int)
        active, best_score, stopped, epoch = list(range(len(targets))), -np.inf, False, 0
        for epoch in range(1, n_epochs + 1):
            if self.shuffle:
                steps.shuffle(learnt, int(random.randint(2**31 - 1)), run_.window, stored, order)
            before = [s.numbers[steps.LOSS] for s in run_.states]
            stopped = run_.epoch(order, stored, active, tell, epoch)
            run_.refuse_overflow(epoch, X)
            lost = np.array([s.numbers[steps.LOSS] - b for s, b in zip(run_.states, before, strict=True)])
            curve.append(float(lost.sum() / len(order)))
            if stopped or partial:
                break
            if self.early_stopping:
                score = self._held_score(run_, held)
                idle[:] = idle[0] + 1 if self.tol is not None and score < best_score + self.tol else 0
                best_score = max(best_score, score)
            else:
                worse = lost > best - (self.tol or 0.0) * len(order)
                idle = np.where(worse & (self.tol is not None), idle + 1, 0)
                best = np.minimum(best, lost)
            active = self._go_on(run_, active, idle)
            if not active:
                break
        self.n_iter_, self.loss_curve_ = epoch, curve
        self.t_ = float(max(s.numbers[steps.T] for s in run_.states))
        if active and not stopped and not partial and self.tol is not None:
            self._warn_unfinished()
        return run_.coefficients(self.average)

    def _go_on(self, run_, active, idle):
        """Return the descents that go on: those that still gain, and those whose learning rate can fall."""
        still = []
        for k in active:
            if idle[k] >= self.n_iter_no_change:
                numbers = run_.states[k].numbers
                if self.learning_rate != "adaptive" or numbers[steps.RATE] <= 1e-6:
                    continue
                numbers[steps.RATE] /= 5.0
                idle[k] = 0
            still.append(k)
        return still

    def _parts(self, rows, targets, random, partial: bool):
        """Return (rows to learn from, rows held out or None): int32 row numbers."""
        n = rows.n_rows
        if not self.early_stopping or partial:
            return np.arange(n, dtype=np.int32), None
        kind = StratifiedShuffleSplit if hasattr(self, "classes_") else ShuffleSplit
        split = kind(test_size=self.validation_fraction, random_state=random)
        labels = rows["y"]
        train, held = next(split.split(np.zeros((n, 1)), labels))
        if not len(train) or not len(held):
            raise ValueError(
                f"Splitting {n} samples into a train set and a validation set with validation_fraction="
                f"{self.validation_fraction} led to an empty set. Change validation_fraction or the number of samples."
            )
        return np.sort(train).astype(np.int32), np.sort(held)

    def _warn_unfinished(self) -> None:
        warnings.warn(
            f"The loss still fell after max_iter={self.max_iter} epochs. Raise max_iter or tol, choose another "
            "learning_rate or eta0, and scale the columns of X to a like spread.",
            ConvergenceWarning,
            stacklevel=5,
        )

    def _held_score(self, run_, held) -> float:
        raise NotImplementedError

    def _shown(self, coef, intercept) -> dict[str, Any]:
        """Return the fitted attributes of a learner that stands at these weights."""
        raise NotImplementedError


class _Run:
    """The descents of one fit: one for each score."""

    def __init__(self, learner, rows, targets, weights, settings):
        self.learner, self.rows, self.targets, self.weights, self.settings = (
            learner,
            rows,
            targets,
            weights,
            settings,
        )
        self.X = rows.place.load(0, rows.n_rows)
        self.sparse = isinstance(rows.place, Csr)
        self.window = steps.window_of(self.X)
        self.states: list[steps.State] = []

    def epoch(self, order, stored, active, tell, epoch: int) -> bool:
        """Visit all rows of `order`; return whether a callback asked to stop."""
        callbacks = getattr(self.learner, "_skl_callbacks", None)
        listening, batch = bool(callbacks), self.settings.batch
        chunk = max(batch, _CALL_ROWS // batch * batch)
        if callbacks:
            share = -(-len(order) // (_TOLD * batch))
            chunk = batch * min(max(1, int(getattr(callback, "every", share))) for callback in callbacks)
        for lo in range(0, len(order), chunk):
            which = order[lo : lo + chunk]
            self._walk(which, stored[lo + self.window : lo + self.window + chunk], active)
            if listening and tell(lambda: self.figures(which, epoch), self.shown):  # noqa: B023 (called at once)
                return True
        return False

    def _walk(self, which, ahead, active) -> None:
        def task(i):
            k = active[i]
            steps.walk(self.X, self.targets[k], self.weights[k], which, ahead, self.settings, self.states[k])

        run(task, len(active), self.learner._n_threads())

    def figures(self, which, epoch: int) -> dict[str, Any]:
        """Return what a callback is told of the rows just visited."""
        some = steps._rows_of(self.X, which)
        loss = Margin(self.learner.loss, self.learner.epsilon)
        m, d = len(which), self.rows.n_features
        total = norm = 0.0
        for state, y, v in zip(self.states, self.targets, self.weights, strict=True):
            w, b = steps.weights_of(state, sparse_rows=self.sparse)
            z, r, slope = np.empty(m), np.empty(m), np.zeros(d + 1)
            matvec.scores(some, np.zeros(d), w, b, z)
            total += loss.terms(z, y[which], v[which], r, np.empty(0)) / m
            matvec.slopes(some, np.zeros(d), r, slope)
            slope /= m
            slope[:-1] += self.settings.l2 * w
            slope[-1] *= self.learner.fit_intercept
            norm += float(slope @ slope)
        rates = [
            steps._rate(self.settings.schedule, self.settings.eta0, s.numbers[steps.RATE], self.settings.alpha,
                        self.settings.start, self.settings.power, s.numbers[steps.T]) for s in self.states
        ]  # fmt: skip
        w, b = self.coefficients(average=False)
        return {
            "loss": total, "gradient_norm": norm**0.5, "learning_rate": max(rates), "epoch": epoch,
            "coef": w, "intercept": b,
        }  # fmt: skip

    def shown(self) -> dict[str, Any]:
        """Return the fitted attributes as they stand."""
        return self.learner._shown(*self.coefficients(self.learner.average))

    def coefficients(self, average) -> tuple[np.ndarray, np.ndarray]:
        """Return (coef, intercept): the averages where asked for and begun."""
        lazily = self.sparse and self.settings.batch == 1 and self.settings.momentum == 0.0
        found = []
        for s in self.states:
            if average and s.numbers[steps.T] - 1.0 >= float(average):
                found.append(steps.averages_of(s, lazily=lazily))
            else:
                found.append(steps.weights_of(s, sparse_rows=lazily))
        return np.array([w for w, _ in found]), np.array([b for _, b in found])

    def refuse_overflow(self, epoch: int, X) -> None:
        """Raise ValueError where a weight is no number any more: for what `X` holds, or for the step."""
        for s in self.states:
            if not (np.isfinite(s.w).all() and np.isfinite(s.numbers).all()):
                refuse_nonfinite(self.learner, X)
                raise ValueError(
                    f"Floating-point under-/overflow occurred at epoch #{epoch}. Scaling input data with "
                    "StandardScaler or MinMaxScaler might help, or a smaller eta0."
                )


def scores_of(rows, which, coef, intercept) -> np.ndarray:
    """Return the scores of chosen rows, of shape (n_rows, n_scores)."""
    some = steps._rows_of(rows.place.load(0, rows.n_rows), which)
    z = np.empty((len(which), len(coef)))
    for k in range(len(coef)):
        column = np.empty(len(which))
        matvec.scores(
            some, np.zeros(coef.shape[1]), np.ascontiguousarray(coef[k]), float(intercept[k]), column
        )
        z[:, k] = column
    return z


def start_at(coef: Any, intercept: Any, n_scores: int, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where to start, checked: zeros where nothing is given."""
    w, b = np.zeros((n_scores, n_features)), np.zeros(n_scores)
    if coef is not None:
        w = np.atleast_2d(np.array(coef, dtype=np.float64))
    if w.shape != (n_scores, n_features):
        raise ValueError(
            f"Provided coef_init does not match dataset: {w.shape} is not {(n_scores, n_features)}"
        )
    if intercept is not None:
        b = np.array(intercept, dtype=np.float64).ravel()
    if b.shape != (n_scores,):
        raise ValueError(f"Provided intercept_init does not match dataset: {b.shape} is not {(n_scores,)}")
    return w, b
