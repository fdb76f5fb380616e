r"""Linear models fitted by stochastic gradient descent, which callbacks can follow step by step.

    minimise over w, b:   1/n sum_i loss(b + w'x_i, y_i)  +  alpha (rho |w|_1 + (1 - rho)/2 |w|^2)

The losses are those of `engine.losses.margins`, the steps those of `solvers.gradient`. Each epoch (a pass over all rows)
visits the rows in a new random order. K > 2 classes are K descents in parallel, each class against the rest.

A callback is called after every k-th step if it has an attribute ``every = k``, otherwise about a hundred times in an
epoch. Its figures are, for the rows just visited, the mean loss and the norm of the mean gradient at the current weights
(including the L2 penalty, without the L1 penalty), and the learning rate and the weights.

Cost: 4 flops for each number in X and epoch. The result is not the exact optimum; `LogisticRegression`, `Ridge` and
`ElasticNet` find that, usually faster. Gradient descent is for very many rows, for rows that arrive one by one
(`partial_fit`), and for teaching.
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from groundup.engine.losses.margins import CODES, sum_loss_gradient
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
    rows_to_hold_out,
)
from groundup.models.linear import matvec
from groundup.models.linear.prediction import refuse_nonfinite
from groundup.models.linear.solvers import gradient as steps

REGRESSION_LOSSES = {"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"}
CLASSIFICATION_LOSSES = {"hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"}
_CALLS_PER_EPOCH = 100  # of a callback
_CALL_ROWS = 1_000_000  # of one kernel call


class Descent(Callbacks, Learner):
    """Base of classifier and regressor: epochs, stopping, callbacks."""

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
        """Return the parameters of all steps, after checking them."""
        ratio = {"l2": 0.0, "l1": 1.0, "elasticnet": self.l1_ratio, None: 0.0}[self.penalty]
        if ratio is None:
            raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")
        if self.learning_rate == "optimal" and self.alpha == 0.0:
            raise ValueError(
                "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the optimal learning rate."
            )
        alpha = 0.0 if self.penalty is None else float(self.alpha)
        code, epsilon = CODES[self.loss], float(self.epsilon)
        t0 = steps.optimal_t0(code, epsilon, self.alpha) if self.learning_rate == "optimal" else 0.0
        decay = (0.01 if sparse else 1.0) * self.fit_intercept
        average = float(self.average) if self.average else 0.0
        return steps.Settings(
            code, epsilon, alpha * ratio, alpha * (1.0 - ratio), float(self.alpha),
            steps.SCHEDULES[self.learning_rate], float(self.eta0), float(self.power_t), float(t0), float(decay),
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
            Whether this is a call of `partial_fit`, which continues the previous one.
        """
        random = check_random_state(self.random_state)
        sparse = isinstance(rows.place, Csr)
        settings = self._settings(sparse)
        t = self.t_ if partial and hasattr(self, "t_") else 1.0
        descents = _Descents(self, rows, targets, weights, settings)
        descents.states = [
            steps.initial_state(w, float(b), t, settings.eta0) for w, b in zip(coef, intercept, strict=True)
        ]
        train, held = self._split(rows, targets, random, partial)
        order, stored = train.copy(), train.copy()
        tell = self._iterations("step", None, X, targets[0])
        curve, best, idle = [], np.full(len(targets), np.inf), np.zeros(len(targets), dtype=int)
        active, best_score, stopped, epoch = list(range(len(targets))), -np.inf, False, 0
        for epoch in range(1, n_epochs + 1):
            if self.shuffle:
                steps.shuffle(train, int(random.randint(2**31 - 1)), descents.window, stored, order)
            losses = [s.numbers[steps.LOSS] for s in descents.states]
            stopped = descents.epoch(order, stored, active, tell, epoch)
            descents.refuse_overflow(epoch, X)
            lost = np.array([s.numbers[steps.LOSS] - b for s, b in zip(descents.states, losses, strict=True)])
            curve.append(float(lost.sum() / len(order)))
            if stopped or partial:
                break
            if self.early_stopping:
                score = self._held_out_score(descents, held)
                idle[:] = idle[0] + 1 if self.tol is not None and score < best_score + self.tol else 0
                best_score = max(best_score, score)
            else:
                worse = lost > best - (self.tol or 0.0) * len(order)
                idle = np.where(worse & (self.tol is not None), idle + 1, 0)
                best = np.minimum(best, lost)
            active = self._still_active(descents, active, idle)
            if not active:
                break
        self.n_iter_, self.loss_curve_ = epoch, curve
        self.t_ = float(max(s.numbers[steps.T] for s in descents.states))
        if active and not stopped and not partial and self.tol is not None:
            self._warn_unfinished()
        return descents.coefficients(self.average)

    def _still_active(self, descents, active, idle):
        """Return the descents that continue: those that still gain, and those whose learning rate can be reduced."""
        continuing = []
        for k in active:
            if idle[k] >= self.n_iter_no_change:
                numbers = descents.states[k].numbers
                if self.learning_rate != "adaptive" or numbers[steps.RATE] <= 1e-6:
                    continue
                numbers[steps.RATE] /= 5.0
                idle[k] = 0
            continuing.append(k)
        return continuing

    def _split(self, rows, targets, random, partial: bool):
        """Return (numbers of the training rows, numbers of the held-out rows or None)."""
        n = rows.n_rows
        if not self.early_stopping or partial:
            return np.arange(n, dtype=np.int32), None
        is_classifier, labels = hasattr(self, "classes_"), rows["y"]
        kind = StratifiedShuffleSplit if is_classifier else ShuffleSplit
        split = kind(test_size=self.validation_fraction, random_state=random)
        usable = rows_to_hold_out(labels if is_classifier else None, n)
        _, chosen = next(split.split(np.zeros((len(usable), 1)), labels[usable]))
        held = usable[chosen]
        train = np.setdiff1d(np.arange(n), held)
        if not len(train) or not len(held):
            raise ValueError(
                f"Splitting {n} samples into a train set and a validation set with validation_fraction="
                f"{self.validation_fraction} led to an empty set. Change validation_fraction or the number of samples."
            )
        return train.astype(np.int32), np.sort(held)

    def _warn_unfinished(self) -> None:
        warnings.warn(
            f"The loss was still decreasing after max_iter={self.max_iter} epochs. Raise max_iter or tol, choose another "
            "learning_rate or eta0, and scale the columns of X to a similar spread.",
            ConvergenceWarning,
            stacklevel=5,
        )

    def _held_out_score(self, descents, held) -> float:
        raise NotImplementedError

    def _attributes(self, coef, intercept) -> dict[str, Any]:
        """Return the fitted attributes of a model with these weights."""
        raise NotImplementedError


class _Descents:
    """The descents of one fit, one for each score."""

    def __init__(self, model, rows, targets, weights, settings):
        self.model, self.rows, self.settings = model, rows, settings
        self.targets, self.weights = targets, weights
        self.X = rows.place.load(0, rows.n_rows)
        self.sparse = isinstance(rows.place, Csr)
        self.window = steps.window_rows(self.X)
        self.states: list[steps.State] = []

    def epoch(self, order, stored, active, tell, epoch: int) -> bool:
        """Visit all rows of `order`; return whether a callback requested a stop."""
        callbacks = getattr(self.model, "_skl_callbacks", None)
        batch = self.settings.batch
        chunk = max(batch, _CALL_ROWS // batch * batch)
        if callbacks:
            share = -(-len(order) // (_CALLS_PER_EPOCH * batch))
            chunk = batch * min(max(1, int(getattr(callback, "every", share))) for callback in callbacks)
        for lo in range(0, len(order), chunk):
            which = order[lo : lo + chunk]
            self._run_steps(which, stored[lo + self.window : lo + self.window + chunk], active)
            if callbacks and tell(lambda: self.figures(which, epoch), self.attributes):  # noqa: B023 (called at once)
                return True
        return False

    def _run_steps(self, which, ahead, active) -> None:
        def task(i):
            k = active[i]
            steps.run_steps(
                self.X, self.targets[k], self.weights[k], which, ahead, self.settings, self.states[k]
            )

        run(task, len(active), self.model._n_threads())

    def figures(self, which, epoch: int) -> dict[str, Any]:
        """Return the figures for callbacks, of the rows just visited."""
        rows, code, epsilon = matvec.take_rows(self.X, which), self.settings.loss, self.settings.epsilon
        m, d = len(which), self.rows.n_features
        total = norm = 0.0
        for state, y, v in zip(self.states, self.targets, self.weights, strict=True):
            w, b = steps.current_weights(state)
            z, r, gradient = np.empty(m), np.empty(m), np.zeros(d + 1)
            matvec.matvec(rows, np.zeros(d), w, b, z)
            total += sum_loss_gradient(z, y[which], v[which], code, epsilon, r) / m
            matvec.rmatvec(rows, np.zeros(d), r, gradient)
            gradient /= m
            gradient[:-1] += self.settings.l2 * w
            gradient[-1] *= self.model.fit_intercept
            norm += float(gradient @ gradient)
        rates = [
            steps.learning_rate(
                self.settings.schedule, self.settings.eta0, s.numbers[steps.RATE], self.settings.alpha,
                self.settings.t0, self.settings.power, s.numbers[steps.T],
            ) for s in self.states
        ]  # fmt: skip
        w, b = self.coefficients(average=False)
        return {
            "loss": total, "gradient_norm": norm**0.5, "learning_rate": max(rates), "epoch": epoch,
            "coef": w, "intercept": b,
        }  # fmt: skip

    def attributes(self) -> dict[str, Any]:
        """Return the current fitted attributes."""
        return self.model._attributes(*self.coefficients(self.model.average))

    def coefficients(self, average) -> tuple[np.ndarray, np.ndarray]:
        """Return (coef, intercept), averaged if `average` says so and averaging has begun."""
        of_sparse_steps = self.sparse and self.settings.batch == 1 and self.settings.momentum == 0.0
        weights = []
        for s in self.states:
            if average and s.numbers[steps.T] - 1.0 >= float(average):
                weights.append(steps.average_weights(s, of_sparse_steps=of_sparse_steps))
            else:
                weights.append(steps.current_weights(s))
        return np.array([w for w, _ in weights]), np.array([b for _, b in weights])

    def refuse_overflow(self, epoch: int, X) -> None:
        """Raise ValueError if a weight is not finite: because of `X`, or because of the learning rate."""
        for s in self.states:
            if not (np.isfinite(s.w).all() and np.isfinite(s.numbers).all()):
                refuse_nonfinite(self.model, X)
                raise ValueError(
                    f"Floating-point under-/overflow occurred at epoch #{epoch}. Scaling input data with "
                    "StandardScaler or MinMaxScaler might help, or a smaller eta0."
                )


def scores_of(rows, which, coef, intercept) -> np.ndarray:
    """Return the scores of the rows `which`, of shape (len(which), n_scores)."""
    chosen = matvec.take_rows(rows.place.load(0, rows.n_rows), which)
    z = np.empty((len(which), len(coef)))
    for k in range(len(coef)):
        column = np.empty(len(which))
        matvec.matvec(
            chosen, np.zeros(coef.shape[1]), np.ascontiguousarray(coef[k]), float(intercept[k]), column
        )
        z[:, k] = column
    return z


def initial_weights(
    coef: Any, intercept: Any, n_scores: int, n_features: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the initial (coef, intercept), after checking them; zeros by default."""
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
