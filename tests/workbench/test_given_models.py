"""Estimators and splitters that a user gives in Python."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, VotingClassifier
from sklearn.ensemble import RandomForestClassifier as TheirForest
from sklearn.linear_model import LogisticRegression as TheirLogistic
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold, StratifiedKFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from groundup.errors import UsageError
from groundup.models import DecisionTreeClassifier, HistGradientBoostingClassifier, LogisticRegression, Ridge
from groundup.workbench.display.reproduce import reproduce
from groundup.workbench.project import Project


def test_the_parameters_of_an_estimator_are_its_setting(make_frame, tmp_path):
    models = [
        DecisionTreeClassifier(max_depth=2),
        DecisionTreeClassifier(max_depth=5, random_state=7),
        "logistic",
    ]
    result = Project(make_frame(300), "y", learners=models, path=tmp_path).build(max_fits=30)
    rows = {row.learner: row for row in result.leaderboard}
    assert rows["DecisionTreeClassifier"].params == {"random_state": 0, "max_depth": 2}
    assert rows["DecisionTreeClassifier 2"].params == {"random_state": 7, "max_depth": 5}
    assert rows["DecisionTreeClassifier"].n_settings == rows["DecisionTreeClassifier 2"].n_settings == 1
    assert rows["DecisionTreeClassifier 2"].title == "Decision tree (max_depth=5)"
    assert rows["LogisticRegression"].n_settings > 1
    assert models[0].get_params()["random_state"] is None  # the user's object is unchanged


def test_tuning_changes_only_what_is_not_stated(make_frame, tmp_path):
    model = HistGradientBoostingClassifier(max_iter=5, learning_rate=0.2)
    p = Project(make_frame(200), "y", learners=model, tune_given=True, path=tmp_path)
    p.compare(max_fits=30)
    entries = [e for e in p.journal.entries if e["kind"] == "candidate" and "Dummy" not in e["learner"]]
    assert len(entries) > 1
    assert all(e["params"]["learning_rate"] == 0.2 and e["params"]["max_iter"] == 5 for e in entries)


def test_the_same_estimators_are_the_same_run(make_frame, tmp_path):
    def build(**stated):
        learners = [DecisionTreeClassifier(**stated)]
        return Project(
            make_frame(200), "y", learners=learners, path=tmp_path, split=KFold(3, shuffle=True)
        ).build(max_fits=5)

    first = build(max_depth=3)
    assert build(max_depth=3).stored
    assert not build(max_depth=4).stored
    assert first.split.folds == 3


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (TheirForest(), "Give RandomForestClassifier of groundup.models"),
        (TheirLogistic, "Give LogisticRegression of groundup.models"),
        (GradientBoostingClassifier(), "Give HistGradientBoostingClassifier of groundup.models"),
        (VotingClassifier([]), "Derive it from groundup.models.estimator.Learner"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "Give its last step as the model"),
        (3, "a name or an estimator"),
    ],
)
def test_what_no_bundle_can_hold_is_said_at_once(model, words):
    with pytest.raises(UsageError, match=words):
        Project("nowhere.csv", "y", learners=[model])


def test_an_estimator_of_another_task_is_an_error(make_frame):
    with pytest.raises(UsageError, match="Ridge is no model for classification"):
        Project(make_frame(100), "y", learners=[Ridge()]).compare(max_fits=1)


@pytest.mark.parametrize(
    ("splitter", "n_folds"),
    [(KFold(4), 4), (KFold(3, shuffle=True), 3), (StratifiedKFold(6), 6), (TimeSeriesSplit(3), 3)],
)
def test_a_splitter_makes_the_folds(make_frame, splitter, n_folds):
    p = Project(make_frame(200), "y", split=splitter)
    folds, again = p.split.folds(5), p.split.folds(5)
    assert len(folds) == n_folds
    assert all(np.array_equal(a.valid, b.valid) for a, b in zip(folds, again, strict=True))
    for fold in folds:
        assert set(fold.train) | set(fold.valid) <= set(p.split.train)
        assert not set(fold.train) & set(fold.valid)
    assert any(type(splitter).__name__ in str(note) for note in p.split.notes)


def test_groups_reach_the_splitter(make_frame):
    p = Project(make_frame(200).with_columns(g=np.arange(200) // 5), "y", group="g", split=GroupKFold(3))
    groups = p.table.frame["g"].to_numpy()
    for fold in p.split.folds():
        assert not set(groups[fold.train]) & set(groups[fold.valid])
    with pytest.raises(UsageError, match=r"GroupKFold.*\n.*group="):
        Project(make_frame(200), "y", split=GroupKFold(3)).split.folds()


def test_splitters_that_cannot_compare_models_are_errors(make_frame):
    with pytest.raises(UsageError, match="scores a row more than once"):
        Project(make_frame(200), "y", split=RepeatedKFold()).split.folds()
    with pytest.raises(UsageError, match="takes a splitter"):
        Project(make_frame(200), "y", split=5)


OPTIONS = {
    "test_size": 0.2,
    "valid_size": 30,
    "class_weight": "balanced",
    "threshold": "recall>=0.8",
    "metric": "f1",
    "positive": "no",
    "seed": 4,
    "ignore": ["id"],
}


@pytest.mark.parametrize(
    ("extra", "has_command"),
    [
        ({"learners": ["tree"]}, True),
        ({"learners": ["tree"], "time": "row-order", "cost": {("yes", "no"): 5}, "threshold": None}, True),
        (
            {"learners": [DecisionTreeClassifier(max_depth=2), "logit"], "split": KFold(3, shuffle=True)},
            False,
        ),
    ],
)
def test_the_script_of_a_report_states_every_option(make_frame, tmp_path, monkeypatch, extra, has_command):
    monkeypatch.chdir(tmp_path)
    make_frame(400)[:300].write_csv("data.csv")
    make_frame(400)[300:].write_csv("more.csv")
    options = {**OPTIONS, **extra}
    if has_command and "time" not in extra:
        options = {**options, "test": "more.csv", "test_size": None}
    result = Project("data.csv", "y", path="first", **options).build(max_fits=4)
    again = reproduce(result)
    with pytest.raises(SystemExit) as ended:
        exec(compile(again.script, "script", "exec"), {"__name__": "script"})
    assert not ended.value.code
    assert bool(again.command) == has_command
    if has_command:
        import json
        import shlex

        from typer.testing import CliRunner

        from groundup.cli import application

        said = CliRunner().invoke(application(), [*shlex.split(again.command)[1:], "--json"])
        assert json.loads(said.stdout)["digest"] == result.digest
