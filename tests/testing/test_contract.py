# ruff: noqa: RUF012 (learners are shown here as a user writes them)
"""The suite itself: a model that fulfils the contract passes, and each check finds a model that breaks its rule."""

import contextlib
import time
from numbers import Real
from typing import NamedTuple

import numpy as np
import pytest

from groundup.engine.kernels import kernel
from groundup.engine.rows import Memmap, budget
from groundup.errors import CheckFailed, UsageError
from groundup.models.estimator import (
    REGRESSION,
    Array,
    Callbacks,
    ClassifierMixin,
    Interval,
    Labels,
    Learner,
    LogUniform,
    ModelDescription,
    RegressorMixin,
    Scalar,
    TransformerMixin,
    encode_labels,
    fitting,
)
from groundup.testing import check_learner, learner_checks, reference, storing


class Sums(NamedTuple):
    """Per class: its weight, and the weighted sum of its rows."""

    weight: np.ndarray
    total: np.ndarray

    @classmethod
    def of(cls, block, n_classes):
        out = cls(np.zeros(n_classes), np.zeros((n_classes, block.X.shape[1])))
        _sums(block.X, block["code"], block["weight"], *out)
        return out

    def merge(self, other):
        return Sums(self.weight + other.weight, self.total + other.total)


@kernel
def _sums(X, code, weight, out_weight, out_total):
    for i in range(len(X)):
        out_weight[code[i]] += weight[i]
        if weight[i] > 0:
            for j in range(X.shape[1]):
                out_total[code[i], j] += weight[i] * X[i, j]


@kernel
def _distances(X, centre, out):
    for i in range(len(X)):
        for k in range(len(centre)):
            out[i, k] = 0.0
            for j in range(X.shape[1]):
                out[i, k] += (X[i, j] - centre[k, j]) ** 2


class Centres(ClassifierMixin, Learner):
    """The nearest centre: short, and right in all that the contract requires."""

    _state = {"classes_": Labels(), "centre_": Array("f8", "n_classes n_features")}

    @fitting
    def fit(self, X, y, sample_weight=None):
        rows = self._rows(X, y, sample_weight)
        self.classes_, codes = encode_labels(rows["y"])
        rows.add("code", codes)
        weight, total = rows.reduce(Sums, len(self.classes_))
        self.centre_ = total / np.maximum(weight, 1e-300)[:, None]
        return self

    def decision(self, X):
        X = self._features(X)
        return self._fill(_distances, X, self.centre_, n_columns=len(self.classes_))

    def predict(self, X):
        best = self.decision(X).argmin(axis=1)
        return self.classes_[best]


class Descent(Callbacks, RegressorMixin, Learner):
    """Least squares by gradient descent, for the callbacks."""

    description = ModelDescription(tasks=REGRESSION, search_space={"step": LogUniform(1e-3, 1.0)})

    weights = "none"
    _parameter_constraints = {"step": [Interval(Real, 0, None, closed="neither")]}
    _state = {"coef_": Array("f8", "n_features"), "centre_": Scalar(float), "n_iter_": Scalar(int, low=1)}

    def __init__(self, step=0.1):
        self.step = step

    @fitting
    def fit(self, X, y):
        X_, y_ = X, y
        rows = self._rows(X, y, y_numeric=True)
        X, y = rows.place.load(0, rows.n_rows), rows["y"]
        tell = self._iterations("iteration", 20, X_, y_)
        scale = self.step / (np.mean(X.astype(float) ** 2) * X.shape[1] + 1e-30)
        coef, self.centre_ = np.zeros(X.shape[1]), float(y.mean())
        for i in range(20):
            residual = _predicted(X, coef, self.centre_) - y
            coef = coef - scale * (residual @ X.astype(float)) / len(y)
            self.n_iter_ = i + 1
            if self.report(tell, float(np.mean(residual**2)), coef):
                break
        self.coef_ = coef
        self._iterations_end(X_, y_)
        return self

    def report(self, tell, loss, coef):
        return tell(lambda: {"loss": loss}, lambda: {**self.get_state(), "coef_": coef})

    def predict(self, X):
        X = self._features(X)
        return self._fill(_linear, X, self.coef_, self.centre_)


@kernel
def _linear(X, coef, centre, out):
    for i in range(len(X)):
        out[i] = centre
        for j in range(X.shape[1]):
            out[i] += X[i, j] * coef[j]


def _predicted(X, coef, centre):
    out = np.empty(len(X))
    _linear(X, coef, centre, out)
    return out


class Picker(TransformerMixin, Learner):
    """Columns in the order of their variance, by an index that a kernel follows."""

    weights = "none"
    _state = {"order_": Array("i8", "n_features")}

    @fitting
    def fit(self, X, y=None):
        rows = self._rows(X)
        self.order_ = np.argsort(rows.place.load(0, rows.n_rows).var(axis=0))
        return self

    def transform(self, X):
        X = self._features(X)
        return self._fill(_pick, X, self.order_, n_columns=len(self.order_)).astype(X.dtype)

    def get_feature_names_out(self, input_features=None):
        return np.array([f"picked{j}" for j in self.order_], dtype=object)


@kernel
def _pick(X, order, out):
    for i in range(len(X)):
        for j in range(len(order)):
            out[i, j] = X[i, order[j]]


class CarefulPicker(Picker):
    def _check_state(self):
        if not np.array_equal(np.sort(self.order_), np.arange(self.n_features_in_)):
            raise ValueError("order_ is no permutation")


# Learners that each break one rule.


class ThreadDependent(Centres):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.centre_ = self.centre_ * (1 + 1e-15 * budget())
        return self


class Unseeded(Centres):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.centre_ += 1e-9 * np.random.default_rng().normal(size=self.centre_.shape)
        return self


class Neighbourly(Centres):
    def decision_function(self, X):
        return self.decision(X).min(axis=1) - 1e-12 * len(X)


class WidelyNeighbourly(Centres):
    def decision_function(self, X):
        return self.decision(X).min(axis=1) - 1e-12 * len(X) * (np.shape(X)[1] > 8)


class Weightless(Centres):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)


class Unmasking(Centres):
    def fit(self, X, y, sample_weight=None):
        return super().fit(np.asarray(X), y, sample_weight)


class Naming(Centres):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, np.array([str(v) for v in y]), sample_weight)


class Following(Centres):
    """A learner of sparse rows that follows their indices: SciPy's copy to a dense array."""

    sparse = True
    weights = "none"

    @fitting
    def fit(self, X, y):
        if hasattr(X, "tocsr"):
            X = np.array([[X.data[X.indices == j].sum() for j in range(X.shape[1])]] * X.shape[0])
        rows = Centres()._rows(X, y)
        self.n_features_in_, self._dtype_in = X.shape[1], rows.dtype
        self.classes_, _ = encode_labels(rows["y"])
        self.centre_ = np.zeros((len(self.classes_), X.shape[1])) + X.mean(axis=0)
        return self

    def predict(self, X):
        return np.full(X.shape[0], self.classes_[0])


class Orderly(Following):
    """One that reads the columns of a sparse row in the order in which they are stored."""

    @fitting
    def fit(self, X, y):
        super().fit(X, y)
        if hasattr(X, "tocsr"):
            self.centre_ = self.centre_ + X.indices[:2] @ [1.0, 2.0]
        return self


class Undeclared(Centres):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.secret_ = 1
        return self


class Scribbler(Centres):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        if isinstance(X, np.ndarray) and X.flags.writeable:
            X[0, 0] += 1
        return self


class Trusting(Centres):
    def decision(self, X):
        X = self._features(X)
        out = np.empty((len(X), len(self.classes_)))
        _distances(X, self.centre_, out)
        return out


class Untidy(Centres):
    def fit(self, X, y, sample_weight=None):
        self.centre_ = None
        return super().fit(X, y, sample_weight)


class Deaf(Centres):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end:
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(0.01)
        return self


class Numbering(Centres):
    def predict(self, X):
        return self.decision(X).argmin(axis=1)


class Forgetful(Centres):
    def __getstate__(self):
        state = dict(super().__getstate__())
        if "centre_" in state:
            state["centre_"] = state["centre_"].round(6)
        return state


class Nameless(Centres):
    def fit(self, X, y, sample_weight=None):
        return super().fit(np.asarray(X), y, sample_weight)


class Unchecked(Centres):
    def _rows(self, X, y=None, sample_weight=None, **checks):
        return super()._rows(X, y, sample_weight, finite="later")


class Diskless(Centres):
    places = frozenset({"memory", "memmap"})

    def fit(self, X, y, sample_weight=None):
        if isinstance(X, Memmap):
            X = X.load(0, X.n_rows) + 1e-9
        return super().fit(X, y, sample_weight)


class Confident(Centres):
    places = frozenset({"memory"})

    def fit(self, X, y, sample_weight=None):
        X = X.load(0, X.n_rows) if isinstance(X, Memmap) else X
        return super().fit(X, y, sample_weight)


class Silent(Descent):
    def report(self, tell, loss, coef):
        return tell(lambda: {"progress": loss})


class Secretive(Descent):
    def report(self, tell, loss, coef):
        return tell(lambda: {"loss": loss})


class Hasty(Centres):
    """Fast, and writes over the old fit as it goes."""

    def fit(self, X, y, sample_weight=None):
        self.centre_ = None
        X, y = X[:100], y[:100]  # faster than any timer
        return super().fit(X, y, sample_weight)


class Unstoppable(Descent):
    def report(self, tell, loss, coef):
        super().report(tell, loss, coef)


class Misplaced(Centres):
    description = ModelDescription(tasks=REGRESSION)


class Misspelt(Descent):
    description = ModelDescription(search_space={"steps": LogUniform(1e-3, 1.0)})


class Unbounded(Descent):
    description = ModelDescription(portfolio=({"step": 0.1}, {"step": -0.1}))


class Boastful(Centres):
    description = ModelDescription(exact_explanations=True)


BROKEN = [
    (Misplaced, "description_fits_the_class"),
    (Misspelt, "description_fits_the_class"),
    (Unbounded, "description_fits_the_class"),
    (Boastful, "explanations_are_exact"),
    (ThreadDependent, "same_bits_for_any_number_of_threads"),
    (Unseeded, "same_bits_when_fitted_again"),
    (Neighbourly, "rows_are_independent"),
    (WidelyNeighbourly, "wide_rows_are_independent"),
    (Weightless, "weight_is_repetition"),
    (Weightless, "weight_zero_is_absence"),
    (Weightless, "bad_weights_are_refused"),
    (Unmasking, "masked_cells_are_refused"),
    (Naming, "missing_targets_are_refused"),
    (Following, "malformed_sparse_rows_are_refused"),
    (Orderly, "sparse_rows_of_any_order_give_the_same_bits"),
    (Undeclared, "every_attribute_is_declared"),
    (Scribbler, "input_stays_untouched"),
    (Trusting, "plain_arrays_raise_the_same_errors"),
    (Untidy, "failed_fit_leaves_no_trace"),
    (Hasty, "interrupted_fit_leaves_no_trace"),
    (Deaf, "interrupted_fit_leaves_no_trace"),
    (Numbering, "labels_of_any_type"),
    (Forgetful, "pickle_keeps_the_bits"),
    (Nameless, "tables_give_the_same_bits"),
    (Unchecked, "rows_on_disk_are_checked"),
    (Diskless, "same_bits_from_disk"),
    (Confident, "says_that_it_works_in_memory_only"),
    (Silent, "callbacks_get_the_loss"),
    (Secretive, "callbacks_get_the_loss"),
    (Unstoppable, "callbacks_can_stop"),
    (Picker, "changed_state_is_refused_or_harmless"),
]


def _check(learner, name, **options):
    return next(c for c in learner_checks(learner, **options) if c.name == name)


@pytest.mark.parametrize(("learner", "name"), BROKEN, ids=lambda v: getattr(v, "__name__", v))
def test_a_broken_rule_is_found(learner, name):
    result = _check(learner(), name).run()
    assert result.status == "failed", name
    assert result.why


@pytest.mark.parametrize("learner", [Centres(), Descent(), CarefulPicker()], ids=str)
def test_a_right_learner_passes_all_of_ours(learner):
    for check in learner_checks(learner):
        if not check.name.startswith("check_"):
            check()


def test_each_of_our_checks_is_proven_to_find_something():
    names = {c.name for learner in (Centres(), Descent(), CarefulPicker()) for c in learner_checks(learner)}
    ours = {n for n in names if not n.startswith("check_")}
    proven = {name for _, name in BROKEN}
    plain = {  # each asserts one fact of one call; scikit-learn's checks prove most of them besides
        "any_container_gives_the_same_bits",
        "bundle_keeps_the_bits",
        "changed_pickle_is_refused",
        "clone_forgets_the_fit",
        "locked_input_gives_the_same_bits",
        "output_in_frames",
        "state_is_plain",
        "state_keeps_the_bits",
        "targets_of_any_type",
        "weights_can_be_routed",
        "weights_of_one_change_nothing",
    }
    of_others = {"says_that_it_works_in_memory_only", "explanations_are_exact"}
    of_others |= {"malformed_sparse_rows_are_refused", "sparse_rows_of_any_order_give_the_same_bits"}
    assert ours == (proven | plain) - of_others


class Halving(RegressorMixin, Learner):
    """A sampler whose weights are right in the mean, or biased."""

    weights = "sampling"
    _state = {"mean_": Scalar(float)}

    def __init__(self, random_state=None, bias=0.0, peeks=False):
        self.random_state, self.bias, self.peeks = random_state, bias, peeks

    @fitting
    def fit(self, X, y, sample_weight=None):
        rows = self._rows(X, y, sample_weight, y_numeric=True)
        drawn = np.random.default_rng(self.random_state).choice(
            rows["y"], size=200, p=rows["weight"] / rows["weight"].sum()
        )
        self.mean_ = float(drawn.mean()) + self.bias * float(rows["weight"].max() > 1)
        if self.peeks:  # at rows that do not count
            self.mean_ += 0.1 * float(np.abs(rows.place.load(0, rows.n_rows)).max())
        return self

    def predict(self, X):
        return np.full(len(self._features(X)), self.mean_)


def test_weights_of_a_sampler_are_judged_in_the_mean():
    result = _check(Halving(), "weight_is_repetition_in_the_mean").run()
    assert result.status == "passed", result.why
    assert _check(Halving(bias=0.3), "weight_is_repetition_in_the_mean").run().status == "failed"
    result = _check(Halving(), "weight_zero_is_absence_in_the_mean").run()
    assert result.status == "passed", result.why
    assert _check(Halving(peeks=True), "weight_zero_is_absence_in_the_mean").run().status == "failed"
    assert not [c for c in learner_checks(Halving()) if c.name == "weight_is_repetition"]
    assert not [c for c in learner_checks(Halving(), weights="none") if "weight_is" in c.name]


def test_the_file_of_the_caller_is_checked():
    good = _check(Centres(), "file_keeps_the_bits", save_and_load=lambda model: model)
    assert good.run().status == "passed"

    def careless(model):
        state = {**model.get_state(), "centre_": model.centre_ + 1}
        return Centres.from_state({}, state)

    assert _check(Centres(), "file_keeps_the_bits", save_and_load=careless).run().status == "failed"


@pytest.fixture
def ours_only(monkeypatch):
    """Leave out scikit-learn's checks, which take their time."""
    monkeypatch.setattr(reference, "checks", lambda learner: [])
    monkeypatch.setattr(storing, "changed_state_is_refused_or_harmless", lambda learner: None)


def test_the_report_of_a_right_learner():
    seen = []
    report = check_learner(Centres, progress=seen.append)
    assert len(seen) == len(report.results)
    assert not report.failed
    assert len(report.passed) > 70
    assert str(report).startswith("Centres(): ")


@pytest.mark.usefixtures("ours_only")
def test_the_report_reads_and_the_failure_raises():
    reason = "centres are not reported"
    with pytest.raises(CheckFailed) as caught:
        check_learner(Undeclared())
    assert caught.value.report.failed == ["every_attribute_is_declared"]
    assert "['secret_'] are not declared" in str(caught.value)
    assert "AssertionError" in str(caught.value)

    report = check_learner(Undeclared(), expected_failures={"every_attribute_is_declared": reason})
    assert report.expected == {"every_attribute_is_declared": reason}
    assert reason in str(report)


@pytest.mark.usefixtures("ours_only")
def test_a_check_that_passes_may_not_be_expected_to_fail():
    report = check_learner(
        Centres(), expected_failures={"clone_forgets_the_fit": "it does not"}, on_fail="report"
    )
    assert report.failed == ["clone_forgets_the_fit"]
    with pytest.raises(UsageError, match="Did you mean 'clone_forgets_the_fit'"):
        check_learner(Centres(), expected_failures={"clone_forgets_the_fits": "no such check"})
    with pytest.raises(UsageError, match="neither"):
        check_learner(Centres(), on_fail="ignore")
