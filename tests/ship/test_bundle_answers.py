"""Model.answer: labels, probabilities and warnings of rows from one preparation and one call of the learner."""

import numpy as np
import pytest
from bundled import FEATURES, contract_of, customers, fitted

from groundup.models import HistGradientBoostingClassifier
from groundup.ship import bundle


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pipeline, X = fitted(HistGradientBoostingClassifier(max_iter=8, random_state=0), "leaves")
    path = tmp_path_factory.mktemp("answers") / "m.groundup"
    return bundle.save(pipeline, path, X, contract=contract_of())


def test_one_call_prepares_once_and_walks_once(model, monkeypatch):
    calls = []

    def counted(owner, name):
        method = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given: calls.append(name) or method(*given))

    counted(model._preparer, "transform")
    counted(model._preparer, "transform_row")
    counted(model.learner, "_raw_scores")
    rows = customers().select(FEATURES)
    model.answer(rows)
    assert calls == ["transform", "_raw_scores"]
    calls.clear()
    model.answer_row(rows.row(0, named=True))
    assert calls == ["transform_row", "_raw_scores"]


def test_every_method_has_the_bits_of_answer(model):
    rows = customers(seed=1).select(FEATURES)
    answers = model.answer(rows)
    assert answers.labels.tolist() == model.predict(rows).tolist()
    assert answers.probabilities.tobytes() == model.predict_proba(rows).tobytes()
    for i, row in enumerate(rows.head(20).iter_rows(named=True)):
        one = model.answer_row(row)
        assert one.labels[0] == model.predict_row(row) == answers.labels[i]
        assert one.probabilities.tobytes() == answers.probabilities[i].tobytes()


def test_rows_are_refused_warned_or_ok_and_say_why(model):
    rows = customers().select(FEATURES).head(4).to_dicts()
    rows[1] |= {"months": 900}
    rows[2] |= {"months": "many", "plan": "gold"}
    answers = model.answer(rows, errors="null")
    assert answers.refused.tolist() == [False, False, True, False]
    assert answers.warned.tolist() == [False, True, False, False]
    assert [bool(text) for text in answers.warnings] == [False, True, True, False]
    assert "'many' is not a number; column 'plan'" in answers.warnings[2]
    assert answers.statuses == ["ok", "warning", "refused", "ok"]
    statuses = [model.contract.conform_row(row).status for row in rows]
    assert statuses == ["ok", "warning", "refused", "ok"]


def test_an_answer_that_is_not_finite_is_refused(model):
    answers = model.answer(customers().select(FEATURES).head(2))
    answers = bundle.Answers(answers.labels, np.array([[0.5, 0.5], [np.nan, 0.5]]), answers.checked)
    assert answers.refused.tolist() == [False, True]
    assert answers.warnings == ["", "the prediction is not a finite number"]
