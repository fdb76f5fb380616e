"""An objective: what a user may state, and the whole flow that obeys it."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import make_scorer, mean_pinball_loss, precision_score, recall_score

import groundup as gu
from groundup.errors import GroundupError, UsageError
from groundup.tables import Contract
from groundup.workbench.display import terminal
from groundup.workbench.display.reproduce import reproduce
from groundup.workbench.display.sections import outcome_sections
from groundup.workbench.objective import Cost, Objective
from groundup.workbench.use.explain import explain
from groundup.workbench.use.predict import predict

LINEAR = ["LogisticRegression"]


@pytest.fixture(scope="module")
def build(tmp_path_factory, make_frame):
    """build(task, **objective): a built project."""

    def run(task="binary", frame=None, **stated):
        path = tmp_path_factory.mktemp("objective") / "p"
        frame = make_frame(task=task) if frame is None else frame
        stated = {"learners": LINEAR if task != "regression" else ["Ridge"], **stated}
        project = gu.Project(frame, target="y", path=path, **stated)
        project.build(max_fits=5)
        return project

    return run


@pytest.fixture(scope="module")
def found(build):
    """A project whose threshold was found under a constraint, for the first class in order."""
    return build(threshold="recall>=0.9", positive="no")


# ---------------------------------------------------------------------- what is stated


def test_every_way_to_state_costs_is_the_same():
    expected = (Cost("bad", "good", 5.0), Cost("good", "bad", 0.5))
    ways = [
        {("bad", "good"): 5, ("good", "bad"): 0.5},
        {"bad": {"good": 5}, "good": {"bad": 0.5}},
        ["actual=bad,predicted=good:5", "predicted=bad, actual=good: 0.5"],
        [{"actual": "bad", "predicted": "good", "cost": 5}, ("good", "bad", 0.5)],
    ]
    for way in ways:
        assert Objective.of(cost=way).cost == expected
    assert Objective.of(cost="actual=a,b:c,predicted=d=e,f:2").cost == (Cost("a,b:c", "d=e,f", 2.0),)
    assert Objective.of(cost={(1, True): 5}).cost == Objective.of(cost="actual=1,predicted=true:5").cost


def test_json_gives_an_equal_objective():
    one = Objective.of("PR AUC", 1, "Recall >= 80%", {("0", "1"): 2}, '{"1": 3}')
    stated = json.loads(json.dumps(one.to_json()))
    assert stated == {
        "metric": "average_precision",
        "positive": "1",
        "threshold": "recall>=0.8",
        "cost": ["actual=0,predicted=1:2"],
        "class_weight": {"1": 3.0},
    }
    assert Objective.of(**stated) == one
    assert Objective.of().to_json() == {}


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({"threshold": "30"}, r"between 0 and 1[\s\S]*For 30%, give 0.3"),
        ({"threshold": True}, "cannot be read"),
        ({"threshold": "recal>=0.8"}, "Did you mean 'recall'"),
        ({"threshold": "recall<=0.8"}, "needs the sign >="),
        ({"threshold": "recall>=80"}, r"For 80%, give 0.8"),
        ({"threshold": "nan"}, "between 0 and 1"),
        ({"metric": 3}, "a name or a function"),
        ({"cost": "actual=bad:5"}, "Write it as actual=CLASS"),
        ({"cost": {"bad": 5}}, "names the actual and the predicted class"),
        ({"cost": {("a", "b"): float("nan")}}, "A cost is a number"),
        ({"cost": [{"actual": "a", "cost": 1}]}, "the keys actual, predicted and cost"),
        ({"class_weight": "heavy"}, "balanced, or a JSON object"),
        ({"class_weight": {"a": -1}}, "number of at least 0"),
        ({"class_weight": {"a": 0}}, "Every class weight is 0"),
    ],
)
def test_what_cannot_be_read_says_how_to_write_it(stated, told):
    with pytest.raises(UsageError, match=told):
        Objective.of(**stated)


@pytest.mark.parametrize(
    ("task", "stated", "told"),
    [
        ("multiclass", {"threshold": "auto"}, r"between two classes[\s\S]*--cost"),
        ("regression", {"threshold": 0.4}, "between two classes"),
        ("regression", {"cost": {("a", "b"): 2}}, "for classes"),
        ("regression", {"class_weight": "balanced"}, "for classes"),
        ("regression", {"metric": "f1"}, "is for two classes"),
        ("multiclass", {"positive": "low"}, "two classes; this task is multiclass"),
        ("binary", {"positive": "yess"}, r"Did you mean 'yes'[\s\S]*'no', 'yes'"),
        ("binary", {"cost": {("yes", "noo"): 2}}, "no class 'noo'"),
        ("binary", {"cost": {("yes", "no"): -2}}, "less than the correct prediction"),
        ("binary", {"cost": {("yes", "no"): 0, ("no", "yes"): 0}}, "No mistake costs anything"),
        ("binary", {"metric": "mean_cost"}, "needs the costs"),
        ("binary", {"class_weight": {"maybe": 2}}, "no class 'maybe'"),
        ("binary", {"weight": "c"}, "weights are numbers"),
        ("binary", {"weight": "b"}, "no weight"),
        ("binary", {"weight": "a"}, r"negative or infinite.*row \d+, column 'a', value -"),
        ("binary", {"weight": "y"}, "must be different columns"),
    ],
)
def test_what_does_not_fit_the_data_leaves_no_folder(make_frame, tmp_path, task, stated, told):
    project = gu.Project(make_frame(task=task), target="y", path=tmp_path / "p", **stated)
    with pytest.raises(GroundupError, match=told):
        project.build(max_fits=1)
    assert not (tmp_path / "p").exists()


def test_segments_have_no_objective(make_frame, tmp_path):
    for stated, told in (({"metric": "f1"}, "by their silhouette"), ({"weight": "a"}, "needs a target")):
        project = gu.Project(make_frame().drop("y"), path=tmp_path / "p", **stated)
        with pytest.raises(UsageError, match=told):
            project.build(max_fits=1)


# ---------------------------------------------------------------------- the flow


def test_the_metric_that_is_asked_for_decides(build):
    result = build(metric="neg_brier_score").result
    assert (result.best.metric, result.best.greater_is_better) == ("brier", False)
    assert next(iter(result.metrics["test"])) == "brier"
    assert {"roc_auc", "accuracy"} <= set(result.metrics["test"])
    assert "average_precision" not in result.metrics["test"]
    assert result.leaderboard[0].mean == result.leaderboard[0].scores["brier"]
    assert result.leaderboard[0].mean < result.leaderboard[-1].mean


def own_score(y_true, y_pred, sample_weight=None):
    """Share of correct labels, of my own"""
    return float(np.average(y_true == y_pred, weights=sample_weight))


def test_a_function_decides_and_is_reported(build):
    project = build(metric=own_score)
    result, name = project.result, f"{__name__}:own_score"
    assert result.best.metric == name == result.settings["metric"]
    assert result.metrics["test"][name] == result.metrics["test"]["accuracy"]
    assert "Share of correct labels, of my own" in project.report.markdown()
    assert "not known, so there is no verdict" in result.verdict
    assert project.importance(repeats=1).metric == name


def test_a_function_that_fails_is_named_before_any_fit(make_frame, tmp_path):
    def broken_score(y_true, y_pred):
        raise RuntimeError("boom")

    def empty_score(y_true, y_pred):
        return float("nan")

    for function, told in ((broken_score, "RuntimeError: boom"), (empty_score, "its value is nan")):
        project = gu.Project(make_frame(), target="y", path=tmp_path / "p", metric=function)
        with pytest.raises(GroundupError, match=f"{function.__name__} cannot be computed: {told}"):
            project.build(max_fits=1)
    assert not (tmp_path / "p").exists()


def test_a_scorer_of_sklearn_decides(build):
    scorer = make_scorer(mean_pinball_loss, alpha=0.9, greater_is_better=False)
    result = build("regression", metric=scorer).result
    assert result.best.metric == "sklearn.metrics:mean_pinball_loss(alpha=0.9)"
    assert result.leaderboard[0].mean < result.leaderboard[-1].mean


def test_test_scores_are_of_the_decided_labels(found, make_frame):
    rows = found.split.test
    frame, rule = make_frame()[rows], found.result.decision
    said = found.predict(frame)
    expected = np.where(said["probability_no"].to_numpy() >= rule.threshold, "no", "yes")
    assert said["prediction"].to_list() == expected.tolist()
    y, v = frame["y"].to_numpy(), expected
    assert found.metrics["test"]["recall"] == pytest.approx(recall_score(y, v, pos_label="no"))
    assert found.metrics["test"]["precision"] == pytest.approx(precision_score(y, v, pos_label="no"))
    assert (rule.positive, rule.is_met) == ("no", True)
    assert rule.scores["recall"] >= 0.9


def test_the_rule_is_in_the_bundle_and_every_face_says_it(found):
    model = gu.load(found.bundle)
    rule = found.result.decision
    assert (model.positive, model.target.threshold) == ("no", rule.threshold)
    text = terminal.plain_text(outcome_sections(found.result))
    assert f"“no” is predicted from a probability of {rule.threshold:.4g} on" in " ".join(text.split())
    assert "Positive class: “no”. The test set was opened once." in " ".join(text.split())
    page = found.report.html()
    assert "Precision and recall by threshold" in page
    assert f"decides at {rule.threshold:.4g}" in page


def test_the_same_run_is_read_from_the_store_and_repeated_by_its_script(found, make_frame, tmp_path):
    again = gu.Project(
        make_frame(), target="y", path=found.path, learners=LINEAR, threshold="recall >= 90%", positive="no"
    )
    assert again.build(max_fits=5).stored
    command, script, _ = reproduce(found.result)
    assert "--positive no --threshold 'recall>=0.9'" in command
    assert "    threshold='recall>=0.9'," in script
    other = gu.Project(make_frame(), target="y", path=tmp_path / "q", learners=LINEAR, threshold="recall>=0.9",
        positive="no")  # fmt: skip
    assert other.build(max_fits=5).digest == found.result.digest


def test_explanations_are_of_the_positive_class(found, make_frame):
    said = explain(found.bundle, make_frame().head(5)).frame
    assert said["explained"].to_list() == ["no"] * 5
    plain = explain(found.bundle, make_frame().head(5), label="yes").frame
    assert said["score"].to_list() == pytest.approx((-plain["score"]).to_list())


def test_costs_of_two_classes_decide_by_a_threshold(build):
    project = build(cost={("yes", "no"): 5})
    result = project.result
    assert (result.best.metric, result.decision.threshold) == ("mean_cost", pytest.approx(1 / 6))
    matrix = np.array(result.confusion["counts"])
    assert result.metrics["test"]["mean_cost"] == pytest.approx(
        (matrix * [[0, 1], [5, 0]]).sum() / matrix.sum()
    )
    kept = build(cost={("yes", "no"): 5}, metric="roc_auc").result
    assert kept.best.metric == "roc_auc"
    assert kept.decision.threshold == result.decision.threshold
    assert kept.metrics["test"]["mean_cost"] == pytest.approx(result.metrics["test"]["mean_cost"])


def test_costs_of_more_classes_decide_by_the_smallest_expectation(build, make_frame):
    project = build("multiclass", cost={"top": {"low": 20, "mid": 20}})
    costs = np.array(project.result.decision.costs)
    assert costs.tolist() == [[0, 1, 1], [1, 0, 1], [20, 20, 0]]
    said = project.predict(make_frame(task="multiclass").head(60))
    p = said.select("probability_low", "probability_mid", "probability_top").to_numpy()
    expected = np.array(["low", "mid", "top"])[(p @ costs).argmin(axis=1)]
    assert said["prediction"].to_list() == expected.tolist()
    assert said["prediction"].to_list() != np.array(["low", "mid", "top"])[p.argmax(axis=1)].tolist()
    assert (
        gu.load(project.bundle).predict_row(make_frame(task="multiclass").row(0, named=True)) == expected[0]
    )


def test_a_weight_is_a_repetition(build, make_frame):
    """The split is by row, so a table of repeated rows is not the same problem; scores and fits are."""
    frame = make_frame().with_columns((pl.arange(300) % 3).alias("n"))
    project = build(frame=frame, weight="n")
    contract, result = project.contract, project.result
    assert contract.by_name["n"].role == "weight"
    assert "n" not in contract.features
    rows = project.split.test
    often = frame[rows][np.repeat(np.arange(len(rows)), frame["n"].to_numpy()[rows])]
    said = predict(project.bundle, often.drop("n")).frame
    assert result.metrics["test"]["accuracy"] == pytest.approx((said["prediction"] == said["y"]).mean())
    unweighted = build(frame=frame.drop("n"))
    assert unweighted.result.metrics["test"]["log_loss"] != result.metrics["test"]["log_loss"]


def test_rows_without_a_target_need_no_weight(make_frame):
    frame = make_frame().with_columns(
        pl.when(pl.arange(300) == 7).then(None).otherwise("y").alias("y"),
        pl.when(pl.arange(300) == 7).then(None).otherwise(1.0).alias("w"),
    )
    contract = Contract.infer(frame, "y", weight="w")
    assert contract.weights(frame)[7] == 0.0


def test_class_weights_move_the_fit_and_not_the_scores(build):
    plain, heavy = build(), build(class_weight={"yes": 20})
    assert heavy.metrics["test"]["recall"] > plain.metrics["test"]["recall"]
    assert heavy.result.baseline == plain.result.baseline
    both = build(class_weight="balanced", cost={("yes", "no"): 5}).warnings
    assert any("Class weights move the predicted probabilities" in text for text in both)


def test_models_that_cannot_obey_are_left_out_by_name(build, make_frame, tmp_path):
    result = build(learners=["RidgeClassifier", *LINEAR], threshold=0.3).result
    assert [row.learner for row in result.leaderboard] == ["LogisticRegression", "DummyClassifier"]
    assert any("Ridge classifier was left out: it gives no probabilities" in text for text in result.warnings)
    alone = gu.Project(
        make_frame(), target="y", path=tmp_path / "p", learners=["RidgeClassifier"], threshold=0.3
    )
    with pytest.raises(UsageError, match="gives no probabilities"):
        alone.build(max_fits=1)


def test_a_constraint_out_of_reach_is_a_warning(build, make_frame):
    noise = make_frame().with_columns(pl.Series("y", np.where(np.arange(300) % 7 == 0, "yes", "no")))
    result = build(frame=noise, threshold="precision>=0.99").result
    assert not result.decision.is_met
    assert any("No threshold reaches a precision of 0.99" in text for text in result.warnings)


def test_the_journal_has_the_threshold_that_was_found(found):
    lines = (found.bundle.parent / "journal.jsonl").read_text().splitlines()
    (entry,) = [line for line in map(json.loads, lines) if line["kind"] == "threshold"]
    assert entry["threshold"] == found.result.decision.threshold
