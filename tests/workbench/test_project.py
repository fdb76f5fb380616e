"""The whole flow on small tables: results, determinism, predictions, segments. Stored runs: test_stored_runs.py."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss, roc_auc_score

import groundup as gu
from groundup.errors import CheckFailed, GroundupError, UsageError
from groundup.workbench.run.events import Message, StepStarted
from groundup.workbench.use.predict import predict

LINEAR = ["LogisticRegression"]


@pytest.fixture(scope="module")
def built(tmp_path_factory, make_frame):
    path = tmp_path_factory.mktemp("project") / "p"
    project = gu.Project(make_frame(), target="y", path=path, learners=LINEAR)
    project.build(max_fits=10)
    return project


def test_result(built):
    r = built.result
    assert (r.task, r.target, r.best.learner) == ("binary", "y", "LogisticRegression")
    assert [row.learner for row in r.leaderboard] == ["LogisticRegression", "DummyClassifier"]
    row = r.leaderboard[0]
    assert row.chosen
    assert len(row.fold_scores) == 5
    assert row.fit_s > 0
    assert row.row_us > 0
    assert row.bytes > 0
    assert set(r.metrics) == {"train", "valid", "test"}
    assert r.metrics["test"]["roc_auc"] > 0.85
    assert r.baseline["test"]["roc_auc"] == 0.5
    assert r.ended == "fits"
    assert r.n_fits == 10
    assert built.bundle.is_file()
    assert r.contract["target"] == "y"
    json.dumps(r.to_object(), allow_nan=False)
    assert built.leaderboard.height == 2
    assert any("id" in note for note in r.notes)


def test_test_score_is_that_of_the_saved_model(built, make_frame):
    rows = built.split.test
    frame = make_frame()[rows]
    said = predict(built.bundle, frame).frame
    p = said.select("probability_no", "probability_yes").to_numpy()
    assert built.metrics["test"]["roc_auc"] == pytest.approx(
        roc_auc_score(frame["y"].to_numpy() == "yes", p[:, 1])
    )
    assert built.metrics["test"]["log_loss"] == pytest.approx(log_loss(frame["y"], p))
    assert said["prediction"].to_list() == built.predict(frame)["prediction"].to_list()


@pytest.mark.usefixtures("no_report")
def test_fresh_runs_anew_to_the_same_bundle(built, make_frame):
    before = built.bundle.read_bytes()
    again = gu.Project(make_frame(), target="y", path=built.path, learners=LINEAR)
    assert not again.build(max_fits=10, fresh=True).stored
    assert again.bundle.read_bytes() == before


@pytest.mark.usefixtures("no_report")
def test_changed_data_is_a_new_run_and_says_so(built, make_frame):
    heard = []
    frame = make_frame().with_columns(pl.col("a") + 1)
    other = gu.Project(frame, target="y", path=built.path, learners=LINEAR, listen=heard.append)
    assert not other.build(max_fits=5).stored
    told = [e.text for e in heard if isinstance(e, Message)]
    assert told[0] == "A new run: the data, max_fits changed since the last one."
    assert "The project now uses this run" in told[1]
    assert "groundup use " in told[1]
    assert other.bundle != built.bundle


def test_a_missing_report_is_written_with_the_stored_result(built, make_frame):
    report = built.bundle.parent / "report.html"
    report.unlink()
    assert gu.Project(make_frame(), target="y", path=built.path, learners=LINEAR).build(max_fits=10).stored
    assert report.is_file()


def test_the_journal_has_every_step(built):
    lines = [json.loads(line) for line in (built.bundle.parent / "journal.jsonl").read_text().splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds[0] == "started"
    assert kinds[-1] == "ended"
    assert {"candidate", "compared", "chosen", "tested"} <= set(kinds)


@pytest.mark.usefixtures("no_report")
def test_steps_one_by_one(tmp_path, make_frame):
    heard = []
    project = gu.Project(make_frame(), target="y", path=tmp_path / "p", learners=LINEAR, listen=heard.append)
    with pytest.raises(GroundupError, match="no result yet"):
        _ = project.metrics
    with pytest.raises(GroundupError, match="No models have been compared"):
        _ = project.leaderboard
    board = project.compare(max_fits=5)
    assert board["learner"].to_list() == ["LogisticRegression", "DummyClassifier"]
    assert not list((tmp_path / "p").rglob("result.json"))
    assert project.finalize().metrics["test"]["roc_auc"] > 0.8
    steps = [e for e in heard if isinstance(e, StepStarted)]
    assert StepStarted("refit", "refitting logistic regression on the training and validation sets") in steps
    assert "test" in [e.step for e in steps]
    assert "built" in repr(project)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks(tmp_path, task, make_frame):
    frame = make_frame(task=task)
    result = gu.Project(frame, target="y", path=tmp_path).build(max_fits=15)
    assert result.task == task
    name = {"multiclass": "log_loss", "regression": "rmse"}[task]
    assert result.best.metric == name
    assert result.metrics["test"][name] < result.baseline["test"][name]
    said = predict(result.bundle, frame.drop("y"))
    assert said.frame.height == frame.height
    assert said.n_failed == 0


@pytest.mark.usefixtures("no_report")
def test_boosting_takes_its_iterations_from_valid(tmp_path, make_frame):
    learners = ["HistGradientBoostingRegressor"]
    frame = make_frame(n=1600, task="regression")
    result = gu.Project(frame, target="y", path=tmp_path, learners=learners).build(max_fits=5)
    assert result.best.params["early_stopping"] is False
    assert 1 <= result.best.params["max_iter"] <= 300


def test_segments(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 60)
    frame = pl.DataFrame(
        {
            "CustomerID": np.arange(1, 181),
            "income": np.array([10.0, 50.0, 90.0])[labels] + rng.normal(size=180),
            "score": np.array([80.0, 10.0, 80.0])[labels] + rng.normal(size=180),
            "kind": np.array(["a", "b", "c"])[labels],
        }
    )
    project = gu.Project(frame, path=tmp_path)
    assert project.compare()["setting"][0].startswith("n_clusters=3")
    result = project.build()
    assert result.best.params["n_clusters"] == 3
    assert "strong structure" in result.best.reason
    assert "CustomerID" in project.contract.ignored
    assert "CustomerID" not in result.best.reason
    assert sorted(s.rows for s in result.segments) == sorted(
        np.bincount(labels[project.split.development]).tolist()
    )
    assert all(s.values["kind"] in "abc" and f"kind {s.values['kind']}" in s.words for s in result.segments)
    assert result.metrics["test"]["silhouette"] > 0.7
    said = project.predict(frame)["prediction"].to_numpy()
    assert len({(a, b) for a, b in zip(said, labels, strict=True)}) == 3


def test_unknown_names_have_a_hint(tmp_path, make_frame):
    with pytest.raises(UsageError, match="Did you mean 'LogisticRegression'"):
        gu.Project(make_frame(), target="y", path=tmp_path, learners=["LogisticRegresion"]).build()
    with pytest.raises(GroundupError, match="'yy'"):
        gu.Project(make_frame(), target="yy", path=tmp_path).build()


# ---------------------------------------------------------------------- predictions of whole tables


def test_bad_rows_are_marked_and_the_others_predicted(built, make_frame):
    frame = make_frame(n=20).drop("y").with_columns(pl.col("a").cast(pl.String))
    cells = frame["a"].to_list()
    cells[3], cells[7] = "abc", "inf"
    bad = frame.with_columns(pl.Series("a", cells))
    found, clean = predict(built.bundle, bad), predict(built.bundle, frame)
    assert found.n_failed == 2
    assert found.frame["prediction"].is_null().arg_true().to_list() == [3, 7]
    assert found.frame["probability_yes"].is_null().arg_true().to_list() == [3, 7]
    assert "'abc'" in found.frame["problem"][3]
    keep = [i for i in range(20) if i not in (3, 7)]
    assert found.frame["prediction"][keep].to_list() == clean.frame["prediction"][keep].to_list()


def test_reordered_extra_missing_and_unseen(built, make_frame):
    frame = make_frame(n=10).drop("y")
    clean = predict(built.bundle, frame).frame
    shuffled = frame.select(reversed(frame.columns)).with_columns(extra=pl.lit(1))
    found = predict(built.bundle, shuffled)
    assert found.frame["probability_yes"].to_list() == clean["probability_yes"].to_list()
    assert "extra" in found.extra
    with pytest.raises(CheckFailed, match="no column 'a'"):
        predict(built.bundle, frame.drop("a"))
    unseen = predict(built.bundle, frame.with_columns(c=pl.lit("violet")))
    assert unseen.n_failed == 0
    assert unseen.n_warned == 10
    assert "'violet' was not seen" in unseen.frame["problem"][0]


def test_one_row_as_a_mapping_and_no_rows(built, make_frame):
    row = make_frame(n=1).drop("y").row(0, named=True)
    assert predict(built.bundle, row).frame.height == 1
    assert predict(built.bundle, make_frame(n=5).drop("y").head(0)).frame.height == 0


def test_input_columns_keep_their_names(built, make_frame):
    frame = make_frame(n=4).rename({"y": "prediction"})
    columns = predict(built.bundle, frame).frame.columns
    assert columns == [
        "id",
        "a",
        "b",
        "c",
        "prediction_",
        "prediction",
        "probability_no",
        "probability_yes",
        "problem",
    ]
    assert predict(built.bundle, frame, keep=False).frame.columns == columns[-4:]


def test_ragged_records_keep_their_position(built, tmp_path, make_frame):
    path = tmp_path / "ragged.csv"
    frame = make_frame(n=60).drop("y")
    lines = frame.write_csv().splitlines()
    lines.insert(3, "r9999,1.0,2.0,red,5,6,7,8")
    path.write_text("\n".join(lines) + "\n")
    found = predict(built.bundle, path).frame
    assert found.height == 61
    assert found["prediction"].is_null().arg_true().to_list() == [2]
    assert "line 4 is not a row" in found["problem"][2]
    assert found["id"].drop_nulls().to_list() == frame["id"].to_list()


@pytest.mark.usefixtures("no_report")
def test_a_leak_is_suspected(tmp_path, make_frame):
    frame = make_frame().with_columns(leak=(pl.col("y") == "yes").cast(pl.Int64))
    result = gu.Project(frame, target="y", path=tmp_path, learners=LINEAR, accept=["leak"]).build(max_fits=5)
    assert any("suspiciously high" in told for told in result.warnings)


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(
    ("labels", "dtype"), [([0, 1], pl.Int64), ([False, True], pl.Boolean), (["a", "b"], pl.String)]
)
def test_labels_keep_their_type(tmp_path, labels, dtype):
    a = np.random.default_rng(0).normal(size=80)
    frame = pl.DataFrame({"a": a, "y": [labels[int(v > 0)] for v in a]})
    project = gu.Project(frame, target="y", path=tmp_path, learners=LINEAR)
    assert project.build(max_fits=5).confusion["labels"] == labels
    assert project.predict(frame)["prediction"].dtype == dtype


def test_a_class_of_one_row(tmp_path):
    a = np.random.default_rng(0).normal(size=120)
    frame = pl.DataFrame({"a": a, "y": ["lonely" if i == 3 else "pq"[int(a[i] > 0)] for i in range(120)]})
    result = gu.Project(frame, target="y", path=tmp_path).build(max_fits=10)
    assert result.task == "multiclass"
    assert all(not row.error for row in result.leaderboard)
    assert any("has a single row" in note for note in result.notes)


@pytest.mark.parametrize("n", [3, 4, 5])
def test_a_handful_of_rows_is_reported_as_too_few(tmp_path, n):
    frame = pl.DataFrame({"a": np.arange(n, dtype=float), "y": ["p", "q", "p", "q", "p"][:n]})
    with pytest.raises(GroundupError, match=r"too few|cannot be"):
        gu.Project(frame, target="y", path=tmp_path).build(max_fits=10)


def test_enormous_targets(tmp_path):
    a = np.random.default_rng(0).normal(size=100)
    frame = pl.DataFrame({"a": a, "y": a * 1e200})
    result = gu.Project(frame, target="y", path=tmp_path, learners=["Ridge"], accept=["a"]).build(max_fits=5)
    assert result.metrics["test"]["r2"] > 0.99
    assert result.metrics["test"]["mse"] is None
    assert "test.mse" in result.undefined
