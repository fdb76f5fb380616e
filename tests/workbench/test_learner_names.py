"""Names of models in any spelling, for both kinds of targets."""

import pytest

from groundup.errors import UsageError
from groundup.models.registry import MODELS
from groundup.workbench.steps.learner_names import canonical
from groundup.workbench.steps.learners import learners_of, list_models


def found(name, task):
    return [entry.name for entry in learners_of(task, [name]).entries]


@pytest.mark.parametrize(
    ("name", "classes", "numbers"),
    [
        ("RandomForest", "RandomForestClassifier", "RandomForestRegressor"),
        ("random forest", "RandomForestClassifier", "RandomForestRegressor"),
        ("RANDOM-FOREST", "RandomForestClassifier", "RandomForestRegressor"),
        ("rf", "RandomForestClassifier", "RandomForestRegressor"),
        ("gradient boosting", "HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
        ("GradientBoostingClassifier", "HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
        ("hist_gradient_boosting", "HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
        ("linear", "LogisticRegression", "LinearRegression"),
        ("ridge", "RidgeClassifier", "Ridge"),
        ("decision tree", "DecisionTreeClassifier", "DecisionTreeRegressor"),
        ("Extra Trees", "ExtraTreesClassifier", "ExtraTreesRegressor"),
        ("AdaBoost", "AdaBoostClassifier", "AdaBoostRegressor"),
        ("SGD", "SGDClassifier", "SGDRegressor"),
    ],
)
def test_any_sensible_name_is_known(name, classes, numbers):
    assert found(name, "binary") == [classes]
    assert found(name, "regression") == [numbers]


@pytest.mark.parametrize(
    ("name", "task", "model"),
    [
        ("logistic", "binary", "LogisticRegression"),
        ("Logistic Regression", "multiclass", "LogisticRegression"),
        ("lasso", "regression", "Lasso"),
        ("elastic-net", "regression", "ElasticNet"),
        ("Poisson regression", "regression", "PoissonRegressor"),
        ("k-means", "clustering", "KMeans"),
    ],
)
def test_names_of_one_task(name, task, model):
    assert found(name, task) == [model]


@pytest.mark.parametrize("name", [name for name in MODELS if not name.startswith(("Dummy", "Isolation"))])
def test_every_class_name_means_itself(name):
    tasks = [t for t in ("binary", "regression", "clustering") if name in [e.name for e in _all(t)]]
    assert tasks
    assert all(found(name, task) == [name] == found(name.lower(), task) for task in tasks)


def _all(task):
    kind = {"binary": "classification"}.get(task, task)
    return list_models(kind)


def test_the_class_of_the_other_kind_is_replaced_and_noted():
    learners = learners_of("regression", ["RandomForestClassifier"])
    assert [entry.name for entry in learners.entries] == ["RandomForestRegressor"]
    assert "RandomForestClassifier predicts classes" in learners.notes[0]
    assert not learners_of("binary", ["random forest"]).notes


@pytest.mark.parametrize(
    ("name", "task", "words"),
    [
        ("randomforrest", "binary", "Did you mean 'RandomForestClassifier'"),
        ("Lgistic", "binary", "Did you mean 'LogisticRegression'"),
        ("lasso", "binary", "Lasso is one for regression"),
        ("xgboost", "binary", "Models for classification: "),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest(name, task, words):
    with pytest.raises(UsageError, match=words):
        learners_of(task, [name])


def test_spellings_of_one_model_identify_the_same_run():
    assert (
        canonical(["random forest"]) == canonical(["rf"]) == canonical(["RANDOM_FOREST"]) == ["RandomForest"]
    )
    assert canonical(["logisticregression"]) == ["LogisticRegression"]
    assert canonical(["of my own"]) == ["of my own"]
