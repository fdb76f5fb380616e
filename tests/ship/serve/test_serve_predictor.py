"""Verdicts row by row: told apart, and none spoils its neighbours."""

import json
from datetime import datetime

import numpy as np
import pytest
from bundled import Centroids, contract_of, customers, fitted, models
from serving import serving

from groundup.errors import UsageError
from groundup.ship import bundle
from groundup.ship.serve.predictor import FEW, Predictor
from groundup.workbench.use.predict import answer as answer_table
from groundup.workbench.use.prediction_input import take


@pytest.fixture(scope="module")
def predictor(model):
    return Predictor(model)


def kinds(answer):
    return [(note.field, note.kind, note.severity) for note in answer.notes]


@pytest.mark.parametrize(
    ("changed", "status", "expected"),
    [
        ({}, "ok", []),
        ({"spent": None}, "ok", []),
        ({"months": None}, "doubtful", [("months", "missing", "warn")]),
        ({"months": 900}, "doubtful", [("months", "range", "warn")]),
        ({"months": 12.5}, "doubtful", [("months", "fraction", "warn")]),
        ({"months": "900.5"}, "doubtful", [("months", "range", "warn"), ("months", "fraction", "warn")]),
        ({"plan": "gold"}, "doubtful", [("plan", "unseen", "warn")]),
        ({"months": True}, "doubtful", [("months", "converted", "warn")]),
        ({"months": "many"}, "refused", [("months", "type", "error")]),
        ({"months": [1]}, "refused", [("months", "type", "error")]),
        ({"months": {"a": 1}}, "refused", [("months", "type", "error")]),
        ({"months": float("inf")}, "refused", [("months", "infinite", "error")]),
        ({"months": 10**400}, "refused", [("months", "infinite", "error")]),
        ({"months": "1e999"}, "refused", [("months", "infinite", "error")]),
        ({"since": "yesterday"}, "refused", [("since", "type", "error")]),
        ({"online": "perhaps"}, "refused", [("online", "type", "error")]),
        ({"plan": ["plus"]}, "refused", [("plan", "type", "error")]),
        ({"Month": 3}, "doubtful", [("Month", "unknown", "warn")]),
        ({"leaves": "yes"}, "ok", []),
    ],
)
def test_each_doubt_has_its_own_kind(predictor, row, changed, status, expected):
    for n_rows in (1, FEW + 1):
        for answer in predictor.predict_rows([{**row, **changed}] * n_rows):
            assert answer.status == status
            assert kinds(answer) == expected
            assert (answer.prediction is None) == (status == "refused")
            assert (answer.probabilities is None) == (status == "refused")


def test_an_absent_field_is_not_a_missing_value(predictor, row):
    del row["plan"]
    (answer,) = predictor.predict_rows([{**row, "Plan": "plus"}])
    assert kinds(answer) == [("plan", "absent", "error")]
    assert "Did you mean 'Plan'?" in answer.notes[0].message


@pytest.mark.parametrize("thing", [None, 3, "text", [], [1], True, 1.5])
def test_what_is_no_row_is_refused_alone(predictor, row, thing):
    first, wrong, last = predictor.predict_rows([row, thing, row])
    assert kinds(wrong) == [(None, "row", "error")]
    assert first.status == last.status == "ok"


def test_many_unknown_fields_are_summed_up(predictor, row):
    (answer,) = predictor.predict_rows([{**row, **{f"field {i}": i for i in range(40)}, "x" * 100_000: 1}])
    assert len(answer.notes) == 6
    assert "36 more fields" in answer.notes[-1].message


@pytest.mark.parametrize("n_rows", [3, FEW + 10])
def test_a_bad_row_never_spoils_its_neighbours(predictor, n_rows):
    rows = customers(n_rows).select("months", "spent", "plan", "online", "since").to_dicts()
    alone = [predictor.predict_rows([r])[0] for r in rows]
    mixed = predictor.predict_rows([{**rows[0], "months": "x"}, *rows[1:-1], {"months": 3}])
    assert mixed[0].status == mixed[-1].status == "refused"
    for one, among in zip(alone[1:-1], mixed[1:-1], strict=True):
        assert (one.prediction, one.probabilities) == (among.prediction, among.probabilities)


@pytest.mark.parametrize("name", list(models()))
def test_few_and_many_have_the_bits_of_the_model(name, tmp_path):
    learner, target = models()[name]
    pipeline, X = fitted(learner, target)
    contract = contract_of(target=target) if target else contract_of_clusters(X)
    saved = bundle.save(pipeline, tmp_path / "m.groundup", X, contract=contract)
    predictor = Predictor(saved)
    rows = X.to_dicts()
    together = predictor.predict_rows(rows)
    alone = [predictor.predict_rows([r])[0] for r in rows[:60]]
    expected = saved.predict(X).tolist()
    assert [a.prediction for a in together] == expected
    assert [a.prediction for a in alone] == expected[:60]
    assert {type(a.prediction) for a in together} <= {bool, int, float, str}
    if saved.classes is not None:
        shares = saved.predict_proba(X).tolist()
        assert [list(a.probabilities.values()) for a in together] == shares
        assert [list(a.probabilities.values()) for a in alone] == shares[:60]
        assert all(type(label) is str for label in together[0].probabilities)


def contract_of_clusters(X):
    from groundup.tables import Contract

    return Contract.infer(X)


def test_dates_as_text_and_as_dates_are_one(predictor, row):
    moment = datetime(2021, 3, 4, 5, 6, 7)  # noqa: DTZ001
    said = predictor.predict_rows([{**row, "since": moment}, {**row, "since": moment.isoformat()}])
    assert said[0].probabilities == said[1].probabilities


def test_answers_are_json_and_ids_differ(predictor, row):
    answers = predictor.predict_rows([row] * 50)
    assert len({a.id for a in answers}) == 50
    json.dumps([a.to_json(1) for a in answers], allow_nan=False)
    assert predictor.predict_rows([]) == []


def test_an_answer_beyond_a_float_is_refused(tmp_path):
    from groundup.models import Ridge

    pipeline, X = fitted(Ridge(alpha=0.0), "value")
    saved = bundle.save(
        pipeline, tmp_path / "m.groundup", X, contract=contract_of(target="value"), target=_log_target()
    )
    predictor = Predictor(saved)
    (answer,) = predictor.predict_rows([dict(saved.contract.example) | {"spent": 1e9}])
    assert answer.status == "refused"
    assert (None, "answer", "error") in kinds(answer)


class Undecided(Centroids):
    """A stranger's learner whose probabilities are no numbers far out."""

    def predict_proba(self, X):
        shares = super().predict_proba(X)
        shares[np.asarray(X).max(axis=1) > 1e5] = np.nan
        return shares


@pytest.mark.parametrize("n_rows", [1, FEW + 1])
def test_probabilities_that_are_no_numbers_cost_their_own_row(n_rows, tmp_path):
    pipeline, X = fitted(Undecided(), "leaves")
    path = tmp_path / "m.groundup"
    saved = bundle.save(pipeline, path, X, contract=contract_of(), learners=[Undecided])
    row = dict(saved.contract.example)
    wild = {**row, "spent": 1e9}
    *sound, wrong = Predictor(saved).predict_rows([*[row] * n_rows, wild], explain=n_rows == 1)
    assert {answer.status for answer in sound} == {"ok"}
    assert (wrong.status, wrong.probabilities) == ("refused", None)
    assert (None, "answer", "error") in kinds(wrong)
    with serving(saved) as client:
        assert client.predict([row, wild], explain=True).json["answers"][1]["status"] == "refused"
        alone = client.predict(wild)
        assert (alone.status, alone.json["type"]) == (422, "/docs#refused")
        assert "not a finite number" in alone.json["detail"]
    given = take([row, wild], saved.contract.features, typed=True)
    told = answer_table(saved, given)
    assert told.frame["prediction"].to_list()[1] is None
    assert told.frame["problem"].to_list()[1].endswith("the prediction is not a finite number")
    assert (told.n_failed, told.listed[0]) == (1, "row 2: the prediction is not a finite number")


def _log_target():
    return bundle.Target(name="value", task="regression", transform="log")


def test_what_cannot_be_served_says_so(tmp_path):
    from groundup.models import Ridge

    pipeline, X = fitted(Ridge(), "value")
    saved = bundle.save(pipeline, tmp_path / "m.groundup", X)
    with pytest.raises(UsageError, match="no contract"):
        Predictor(saved)
