"""Reasons: the strongest contributions as data and in words."""

import json
import math

import numpy as np
import pytest

from groundup.errors import UsageError
from groundup.judge.explain import Explainer, explain_row
from groundup.judge.explain.reasons import _effect, reasons
from groundup.models import HistGradientBoostingClassifier, LinearRegression, LogisticRegression
from groundup.tables import Contract


class Target:
    name, labels, transform = "left", [], "none"


@pytest.fixture(scope="module")
def explained(rows, fitted):
    frame, z = rows
    labels = np.where(z > 0, "yes", "no")
    model = fitted(LogisticRegression(), frame, labels)
    contract = Contract.infer(frame.with_columns(left=labels), "left")
    return Explainer(model, target=Target(), contract=contract), model


def test_strongest_first_and_the_rest(rows, explained):
    explainer, model = explained
    row = rows[0].row(3, named=True)
    found = explain_row(explainer, row)
    assert len(found.reasons) == 3
    sizes = [abs(reason.contribution) for reason in found.reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert max(abs(v) for v in found.contributions.values()) == sizes[0]
    assert found.base + sum(found.contributions.values()) == pytest.approx(found.score, abs=1e-12)
    assert sum(r.contribution for r in found.reasons) + found.rest == pytest.approx(found.score - found.base)
    assert found.score == pytest.approx(model.decision_function(rows[0][3:4])[0], abs=1e-10)
    assert (found.label, found.unit, found.method) == ("yes", "log-odds", "linear")
    assert [r.direction for r in found.reasons] == [
        "raises" if r.contribution > 0 else "lowers" for r in found.reasons
    ]
    assert len(explain_row(explainer, row, top=2).reasons) == 2


def test_words_state_value_usual_value_and_effect(rows, explained):
    explainer, _ = explained
    row = {**rows[0].row(0, named=True), "plan": "pro", "months": 1, "fee": None}
    told = {r.column: r for r in explain_row(explainer, row, top=6).reasons}
    plan = told["plan"]
    factor = f"{math.exp(plan.contribution):.3g}"
    assert told["months"].words.startswith("“months” is 1 (usually ")
    effect = f"strongly raises the chance of “yes” (multiplies the odds by {factor})"
    assert plan.words == f"“plan” is “pro” (usually “basic”): {effect}"
    assert (plan.value, plan.usual) == ("pro", "basic")
    assert told["fee"].words.startswith("“fee” is missing: ")
    assert told["fee"].value is None
    assert told["since"].words.startswith("“since” is 202")
    assert "00:00" not in told["since"].words


@pytest.mark.parametrize(
    ("column", "value", "warning"),
    [
        ("plan", "gold", "not seen in training"),
        ("months", 900, "outside the range seen in training"),
        ("months", 12.5, "not whole, but training had whole numbers only"),
        ("months", None, "unlike in training"),
        ("months", 12, ""),
    ],
)
def test_a_doubt_about_the_value_stands_in_its_reason(rows, explained, column, value, warning):
    row = {**rows[0].row(0, named=True), column: value}
    told = {r.column: r for r in explain_row(explained[0], row, top=9).reasons}[column]
    assert told.warning == warning
    assert (f", {warning}" in told.words) == bool(warning)
    assert told.words.endswith(f": {told.does}")


def test_plain_json(rows, explained):
    told = explain_row(explained[0], rows[0].row(0, named=True), top=6).to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    shown = {"column", "value", "usual", "contribution", "direction", "warning", "does", "words"}
    assert set(told["reasons"][0]) == shown


def test_values_are_raised_and_lowered(rows, fitted):
    frame, z = rows
    explainer = Explainer(fitted(LinearRegression(), frame, 1000 * z))
    words = [r.words for r in explain_row(explainer, frame.row(0, named=True)).reasons]
    assert all("raises the prediction by" in w or "lowers the prediction by" in w for w in words)


def test_a_label_can_be_asked_for(rows, fitted):
    frame, z = rows
    y = np.array(["a", "b", "c"])[np.digitize(z, [-1, 0.5])]
    model = fitted(HistGradientBoostingClassifier(max_iter=5), frame, y)
    explainer, row = Explainer(model), frame.row(0, named=True)
    likeliest = explain_row(explainer, row)
    assert likeliest.label == model.predict(frame[:1])[0]
    assert "s the score of “" in likeliest.reasons[0].words
    assert explain_row(explainer, row, label="b").label == "b"
    with pytest.raises(UsageError, match="no score for 'd'"):
        explain_row(explainer, row, label="d")


def test_hostile_names_are_shown_as_text(rows, fitted):
    frame, z = rows
    frame = frame.rename({"plan": "plan\u202e</script>"})
    explainer = Explainer(fitted(LinearRegression(), frame, z))
    words = " ".join(r.words for r in explain_row(explainer, frame.row(0, named=True), top=9).reasons)
    assert "\u202e" not in words
    assert "plan<202E></script>" in words


def test_a_contribution_beyond_what_a_float_holds_is_still_the_first_reason(rows, explained):
    explainer, _ = explained
    row = rows[0].row(3, named=True)
    found = explainer.of_matrix(explainer.subject.row(row))
    found.values[0, 1], found.scores[0] = np.inf, np.inf
    with np.errstate(all="raise"):
        said = reasons(explainer, found, 0, row, top=2)
    assert said.reasons[0].column == found.columns[1]
    assert said.reasons[0].direction == "raises"
    assert "more than 1000" in said.reasons[0].words
    assert math.isfinite(said.rest)
    assert json.loads(json.dumps(said.to_dict(), allow_nan=False))["score"] is None


@pytest.mark.parametrize(
    ("given", "unit", "spoken", "of", "words"),
    [
        (math.log(2.5), "log-odds", "“yes”", None, "raises the chance of “yes” (multiplies the odds by 2.5)"),
        (-math.log(2.5), "log-odds", "“true”", None, "lowers the chance of “true” (divides the odds by 2.5)"),
        (
            20.0,
            "log-odds",
            "“yes”",
            None,
            "strongly raises the chance of “yes” (multiplies the odds by more than 1000)",
        ),
        (
            -1.7e308,
            "log-odds",
            "“yes”",
            None,
            "strongly lowers the chance of “yes” (divides the odds by more than 1000)",
        ),
        (
            0.123,
            "probability",
            "segment 2",
            None,
            "raises the probability of segment 2 by 12.3 percentage points",
        ),
        (-0.5, "score", "“b”", None, "lowers the score of “b” by 0.5"),
        (1250.0, "value", "", "EUR", "raises “price” by 1250 EUR"),
        (-12500.0, "value", "", None, "lowers “price” by 12,500"),
        (-math.log(2), "log", "", "EUR", "divides “price” by 2"),
    ],
)
def test_an_effect_is_told_in_its_unit(given, unit, spoken, of, words):
    assert _effect(given, unit, spoken, "price", of) == words
