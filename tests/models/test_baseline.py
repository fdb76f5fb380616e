"""The baselines give scikit-learn's results, and keep our contract of state and places."""

import inspect

import numpy as np
import polars as pl
import pytest
from sklearn import dummy

from groundup.engine.rows import Memmap
from groundup.models import DummyClassifier, DummyRegressor

X = np.random.default_rng(0).normal(size=(90, 3))
LABELS = np.array(["no", "yes", "perhaps"])[np.random.default_rng(1).choice(3, size=90, p=[0.5, 0.3, 0.2])]
NUMBERS = np.random.default_rng(2).gamma(2, size=90)
WEIGHT = np.random.default_rng(3).uniform(size=90)

CLASSIFIERS = [
    {"strategy": "prior"},
    {"strategy": "most_frequent"},
    {"strategy": "stratified", "random_state": 0},
    {"strategy": "uniform", "random_state": 0},
    {"strategy": "constant", "constant": "yes"},
]
REGRESSORS = [
    {"strategy": "mean"},
    {"strategy": "median"},
    {"strategy": "quantile", "quantile": 0.2},
    {"strategy": "constant", "constant": 3},
]


def _again(model):
    """Return the model as a bundle would bring it back."""
    return type(model).from_state(model.get_params(), model.get_state())


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("parameters", CLASSIFIERS)
def test_classifier(parameters, weight):
    ours = DummyClassifier(**parameters).fit(X, LABELS, sample_weight=weight)
    theirs = dummy.DummyClassifier(**parameters).fit(X, LABELS, sample_weight=weight)
    for model in (ours, _again(ours)):
        np.testing.assert_array_equal(model.predict(X), theirs.predict(X))
        np.testing.assert_array_equal(model.predict_proba(X), theirs.predict_proba(X))
        assert model.score(X, LABELS) == theirs.score(X, LABELS)
        np.testing.assert_array_equal(model.classes_, theirs.classes_)


@pytest.mark.parametrize("parameters", CLASSIFIERS)
def test_classifier_of_two_outputs(parameters):
    both = np.column_stack([LABELS, np.roll(LABELS == "yes", 3).astype(str)])
    if "constant" in parameters:
        parameters = parameters | {"constant": ["yes", "True"]}
    ours = DummyClassifier(**parameters).fit(X, both)
    theirs = dummy.DummyClassifier(**parameters).fit(X, both)
    for model in (ours, _again(ours)):
        np.testing.assert_array_equal(model.predict(X), theirs.predict(X))
        for a, b in zip(model.predict_proba(X), theirs.predict_proba(X), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("target", [NUMBERS, np.column_stack([NUMBERS, -NUMBERS])], ids=["one", "two"])
@pytest.mark.parametrize("parameters", REGRESSORS)
def test_regressor(parameters, target, weight):
    if "constant" in parameters and target.ndim == 2:
        parameters = parameters | {"constant": [3.5, 4]}
    ours = DummyRegressor(**parameters).fit(X, target, sample_weight=weight)
    theirs = dummy.DummyRegressor(**parameters).fit(X, target, sample_weight=weight)
    for model in (ours, _again(ours)):
        np.testing.assert_array_equal(model.predict(X), theirs.predict(X))
        assert model.score(X, target) == theirs.score(X, target)
        np.testing.assert_array_equal(model.constant_, theirs.constant_)


@pytest.mark.parametrize("name", ["DummyClassifier", "DummyRegressor"])
def test_the_contract_of_names(name):
    ours, theirs = globals()[name], getattr(dummy, name)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    for method in ("fit", "predict", "score"):
        assert str(inspect.signature(getattr(ours, method))) == str(
            inspect.signature(getattr(theirs, method))
        )


def test_rows_on_disk_and_frames(tmp_path):
    place = Memmap.write(tmp_path / "X.npy", [X], *X.shape, X.dtype)
    frame = pl.DataFrame(X, schema=["a", "b", "c"])
    for rows in (place, frame):
        regressor = DummyRegressor().fit(rows, NUMBERS)
        assert regressor.constant_ == NUMBERS.mean()
        assert regressor.n_features_in_ == 3
        assert DummyClassifier().fit(rows, LABELS).predict(X[:1]) == ["no"]
    np.testing.assert_array_equal(DummyRegressor().fit(frame, frame["a"]).constant_, [[X[:, 0].mean()]])


def test_a_float32_target_is_averaged_in_float64():
    target = NUMBERS.astype(np.float32)
    assert DummyRegressor().fit(X, target).constant_ == target.astype(np.float64).mean()


@pytest.mark.parametrize("model", [DummyClassifier(), DummyRegressor()])
def test_a_fit_that_fails_leaves_nothing(model):
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        model.fit(X, NUMBERS > 1, sample_weight=-WEIGHT)
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, NUMBERS[:5] > 1)
    with pytest.raises(ValueError, match=r"onstant"):
        DummyClassifier(strategy="constant", constant="never").fit(X, LABELS)
    assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_outputs_", 2),
        ("class_prior_", np.array([0.5, 0.5])),
        ("class_prior_", np.array([0.5, 0.7, -0.2])),
        ("classes_", np.array(["b", "a", "c"])),
        ("n_classes_", 4),
        ("_strategy", "best"),
    ],
)
def test_a_classifier_state_that_does_not_fit_is_refused(name, value):
    model = DummyClassifier().fit(X, LABELS)
    with pytest.raises(ValueError, match=name.strip("_").partition("_")[0]):
        DummyClassifier.from_state({}, model.get_state() | {name: value})


def test_a_regressor_state_that_does_not_fit_is_refused():
    model = DummyRegressor().fit(X, NUMBERS)
    for wrong in ({"n_outputs_": 2}, {"constant_": np.array([[np.nan]])}, {"constant_": np.zeros(1)}):
        with pytest.raises(ValueError, match="constant_"):
            DummyRegressor.from_state({}, model.get_state() | wrong)
