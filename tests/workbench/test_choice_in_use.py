"""The choice as a user meets it: advice that was tried, a baseline that nothing beats, categories of boosting."""

import numpy as np
import polars as pl

import groundup as gu
from groundup.workbench.display.advice import advise
from groundup.workbench.display.sections import contract_of
from groundup.workbench.examination import read_examination
from groundup.workbench.record import Examination


def build(frame, path, *learners):
    project = gu.Project(frame, "y", path=path / "p", learners=list(learners))
    result = project.build(max_fits=5)
    return result, read_examination(project.bundle.parent)


def actions(result, examination):
    return [one.action for one in advise(result, examination, contract_of(result))]


def test_columns_are_left_out_on_advice_only_if_that_was_tried(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5))
    names = ["a", "b", "idle one", "idle2", "idle3"]
    y = np.where(X[:, 0] + X[:, 1] + 0.3 * rng.normal(size=400) > 0, "yes", "no")
    frame = pl.DataFrame(dict(zip(names, X.T, strict=True)) | {"y": y})
    result, examination = build(frame, tmp_path, "LogisticRegression")
    tried = examination.fewer_columns
    assert set(tried.dropped) <= {"idle one", "idle2", "idle3"}
    assert tried.with_all == result.leaderboard[0].mean
    # what the advice says comes true if it is followed
    kept = frame.drop(tried.dropped)
    without = gu.Project(kept, "y", path=tmp_path / "q", learners=["LogisticRegression"]).compare(max_fits=5)
    assert abs(without["mean"][0] - tried.without) < 1e-9
    assert tried.is_as_good
    assert "Leave out columns" in actions(result, examination)
    for trial in (None, tried.model_copy(update={"is_as_good": False})):
        quiet = examination.model_copy(update={"fewer_columns": trial})
        assert "Leave out columns" not in actions(result, quiet)


def test_the_result_says_that_no_model_beats_the_baseline_and_what_was_left_out(tmp_path):
    rng = np.random.default_rng(1)
    noise = dict(zip("abcdefgh", rng.normal(size=(8, 200)), strict=True))
    frame = pl.DataFrame({"id": [f"r{i}" for i in range(200)]} | noise | {"y": rng.normal(size=200)})
    result, _ = build(frame, tmp_path, "DecisionTreeRegressor")
    assert "no model beats the baseline" in result.best.reason
    assert "the best" not in result.best.reason
    assert result.warnings[0].startswith(
        "No model is better than the baseline. Columns that are left out: id ("
    )


def test_a_build_gives_boosting_its_categories(tmp_path):
    rng = np.random.default_rng(0)
    c = rng.choice(["red", "green", "blue", "black"], 300)
    y = np.isin(c, ["black", "green"]) * 5.0 + rng.normal(size=300)
    frame = pl.DataFrame({"a": rng.normal(size=300), "c": c, "y": y})
    result, _ = build(frame, tmp_path, "HistGradientBoostingRegressor")
    learner = gu.load(result.bundle).learner
    assert learner.categorical_features == [1]
    assert "categorical_features" not in result.best.params


def test_an_interval_that_is_too_narrow_says_so():
    examination = Examination(
        intervals={"test": {"rmse": (1.0, 2.0), "mae": (0.5, 1.0)}}, narrow={"test": ["rmse"]}
    )
    assert examination.interval_text("test", "rmse") == "1.000 to 2.000 (likely too narrow)"
    assert examination.interval_text("test", "mae") == "0.500 to 1.000"
    assert examination.interval_text("valid", "mae") == ""
