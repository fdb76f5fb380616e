"""Reasons: the strongest first, of any learner, and never at the price of the answer."""

import json

import numpy as np
import polars as pl
import pytest
from bundled import Centroids, contract_of, fitted
from serving import serving
from sklearn.pipeline import Pipeline

from groundup.errors import UsageError
from groundup.judge.explain import Explainer, explain_row
from groundup.models import HistGradientBoostingClassifier, KMeans, LogisticRegression, Ridge
from groundup.ship import bundle
from groundup.ship.serve import Predictor
from groundup.tables import Contract, TablePreparer


@pytest.mark.parametrize(
    ("learner", "target"),
    [
        (HistGradientBoostingClassifier(max_iter=8, random_state=0), "leaves"),
        (HistGradientBoostingClassifier(max_iter=8, random_state=0), "stage"),
        (LogisticRegression(), "leaves"),
        (Ridge(), "value"),
        (Centroids(), "leaves"),
        (KMeans(n_clusters=3, random_state=0), None),
    ],
    ids=["boosting", "three classes", "logistic", "ridge", "tried", "clusters"],
)
def test_three_reasons_of_any_learner(learner, target, tmp_path):
    pipeline, X = fitted(learner, target)
    contract = contract_of(target=target) if target else Contract.infer(X)
    model = bundle.save(pipeline, tmp_path / "m.groundup", X, contract=contract, learners=[Centroids])
    predictor = Predictor(model)
    row = dict(contract.example)
    (answer,) = predictor.predict_rows([row], explain=True)
    (plain,) = predictor.predict_rows([row])
    assert plain.reasons is None
    assert (plain.prediction, plain.probabilities) == (answer.prediction, answer.probabilities)
    assert 1 <= len(answer.reasons) <= 3
    sizes = [abs(reason.effect) for reason in answer.reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert all(r.field in contract.features and r.words and r.unit for r in answer.reasons)
    json.dumps(answer.to_json(explained=True), allow_nan=False)


def test_they_are_those_of_the_explainer(model, row):
    (answer,) = Predictor(model).predict_rows([row], explain=True)
    explainer = Explainer(model.pipeline, target=model.target, contract=model.contract)
    found = explain_row(explainer, model.contract.conform_row(row).values)
    assert [(r.field, r.effect, r.words) for r in answer.reasons] == [
        (r.column, r.contribution, r.words) for r in found.reasons
    ]


def test_over_the_wire(client, row):
    answers = client.predict([row, {**row, "months": "x"}], explain=True).json["answers"]
    assert [r["effect"] for r in answers[0]["reasons"]]
    assert set(answers[0]["reasons"][0]) == {
        *("field", "value", "usual", "effect", "unit"),
        *("warning", "does", "words"),
    }
    assert answers[1]["reasons"] is None
    assert "reasons" not in client.predict(row, explain=False).json["answers"][0]
    assert len(client.predict([row] * 100, explain=True).json["answers"]) == 100
    refused = client.predict([row] * 101, explain=True)
    assert (refused.status, refused.json["type"]) == (413, "/docs#too-many-rows")


@pytest.mark.parametrize("error", [UsageError("no way"), ZeroDivisionError()], ids=["refusal", "bug"])
def test_a_learner_without_reasons_still_answers(model, row, monkeypatch, error):
    from groundup.judge import explain

    def none(*_, **__):
        raise error

    monkeypatch.setattr(explain, "explain_row", none, raising=False)
    with serving(model) as client:
        (answer,) = client.predict(row, explain=True).json["answers"]
    assert answer["status"] == "ok"
    assert answer["reasons"] is None


def test_an_effect_beyond_what_a_float_holds_is_told_in_json(tmp_path):
    x = np.random.default_rng(0).normal(size=400)
    frame = pl.DataFrame({"x": x, "y": np.where(x > 0, "yes", "no")})
    contract = Contract.infer(frame, "y")
    preparer = TablePreparer("linear")
    learner = LogisticRegression(C=100.0).fit(preparer.fit_transform(frame[["x"]], frame["y"]), frame["y"])
    pipeline = Pipeline([("prepare", preparer), ("learn", learner)])
    model = bundle.save(pipeline, tmp_path / "m.groundup", frame[["x"]], contract=contract)
    assert learner.coef_[0, 0] > 2
    (answer,) = Predictor(model).predict_rows([{"x": -1e308}], explain=True)
    assert answer.prediction == "no"
    assert [reason.field for reason in answer.reasons] == ["x"]
    assert (
        json.loads(json.dumps(answer.to_json(explained=True), allow_nan=False))["reasons"][0]["effect"]
        < -1e308
    )
