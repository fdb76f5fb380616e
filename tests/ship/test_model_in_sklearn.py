"""A loaded model is an estimator to scikit-learn's scorers and inspection, and explains rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.metrics import check_scoring, get_scorer, roc_auc_score

from groundup.errors import UsageError
from groundup.models import LogisticRegression, Ridge
from groundup.ship import bundle
from groundup.tables import Contract, read
from groundup.tables.prepare import TablePreparer


def saved(target, learner, folder):
    """A model of 200 customers, its rows as a pandas frame, and their target."""
    from sklearn.pipeline import make_pipeline

    rng = np.random.default_rng(0)
    months, plan = rng.integers(1, 60, 200), rng.choice(["basic", "plus"], 200)
    score = months / 20 - 2 * (plan == "plus") + rng.normal(size=200)
    y = np.where(score > 0.5, "yes", "no") if target == "leaves" else score
    frame = pd.DataFrame({"months": months, "plan": plan, target: y})
    contract = Contract.infer(read(frame), target)
    rows = contract.conform(frame).frame
    model = make_pipeline(TablePreparer("linear"), learner).fit(rows, y)
    about = bundle.Target(name=target, task="classification" if target == "leaves" else "regression")
    path = folder / f"{target}.groundup"
    bundle.save(model, path, rows[:8], target=about, contract=contract)
    return bundle.load(path), frame[["months", "plan"]], y


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return saved("leaves", LogisticRegression(), tmp_path_factory.mktemp("c"))


@pytest.fixture(scope="module")
def regressor(tmp_path_factory):
    return saved("spent", Ridge(), tmp_path_factory.mktemp("r"))


def test_scorers_take_a_classifier(classifier):
    model, frame, y = classifier
    assert is_classifier(model)
    assert model.classes_.tolist() == ["no", "yes"]
    auc = roc_auc_score(y, model.predict_proba(frame)[:, 1])
    assert get_scorer("roc_auc")(model, frame, y) == pytest.approx(auc)
    assert get_scorer("accuracy")(model, frame, y) == np.mean(model.predict(frame) == y)


def test_scorers_take_a_regressor(regressor):
    model, frame, y = regressor
    assert is_regressor(model)
    assert not hasattr(model, "classes_")
    off = model.predict(frame) - y
    assert check_scoring(model, "neg_mean_squared_error")(model, frame, y) == pytest.approx(-np.mean(off**2))


def test_inspection_takes_a_model(classifier):
    model, frame, y = classifier
    found = permutation_importance(model, frame, y, scoring="roc_auc", n_repeats=2, random_state=0)
    assert found.importances_mean.min() > 0
    curve = partial_dependence(model, frame.astype({"months": float}), ["months"], grid_resolution=4)
    assert curve["average"].shape == (1, 4)


def test_fitting_leaves_it_as_it_is(classifier):
    model, frame, y = classifier
    before = model.predict_proba(frame)
    assert model.fit(frame, y[::-1]) is model
    assert np.array_equal(model.predict_proba(frame), before)


def test_explained_rows_are_put_in_words(classifier):
    model, frame, _ = classifier
    found = model.explain(frame)
    assert found.row(3) == model.explain_row(dict(frame.iloc[2]))
    assert found.of("no").row(3).label == "no"
    with pytest.raises(UsageError, match="no row 201"):
        found.row(201)
