"""Reasons: the sentence and the bar say the same, in the unit of the model's score."""

import math

import pytest
from served import customers

from groundup.ship.serve.answers import Reason
from groundup.tables import Contract
from groundup.web.reasons import reasons_of


@pytest.fixture(scope="module")
def contract():
    return Contract.infer(customers(), target="leaves", ignore=["value"])


@pytest.mark.parametrize(
    ("effect", "unit", "label", "words"),
    [
        (math.log(2.5), "log-odds", "yes", "multiplies the odds of “yes” by 2.5"),
        (-math.log(2.5), "log-odds", "yes", "divides the odds of “yes” by 2.5"),
        (20.0, "log-odds", "yes", "multiplies the odds of “yes” by over 1000"),
        (-1.7e308, "log-odds", "yes", "divides the odds of “yes” by over 1000"),
        (0.123, "probability", "yes", "raises the probability of “yes” by 12.3 percentage points"),
        (-0.5, "score", "b", "speaks against “b”, by 0.5"),
        (1250.0, "value", None, "raises the answer by 1250 EUR"),
        (-12500.0, "value", None, "lowers the answer by 12,500 EUR"),
        (-math.log(2), "log", None, "divides the answer by 2"),
    ],
)
def test_an_effect_is_told_in_its_unit(contract, effect, unit, label, words):
    made = reasons_of([Reason("months", 3, effect, unit)], contract, label=label, unit="EUR")
    assert made.bars[0].words == words
    assert made.bars[0].size == math.copysign(100, effect)


def test_bars_are_to_scale_and_at_most_three(contract):
    given = [Reason("months", 3, -2.0, "log-odds"), Reason("plan", "plus", 1.0, "log-odds")]
    given += [Reason("spent", None, 0.5, "log-odds"), Reason("online", True, 0.1, "log-odds")]
    made = reasons_of(given, contract, label="yes", unit=None)
    assert [bar.size for bar in made.bars] == [-100.0, 50.0, 25.0]
    assert [bar.value for bar in made.bars] == ["3", "plus", "empty"]
    assert [bar.key for bar in made.bars] == ["c0", "c3", "c1"]
    assert (made.lowers, made.raises) == ("against “yes”", "for “yes”")


def test_what_is_usual_is_told_where_the_row_differs(contract):
    median = contract.column("months").quantiles[4]
    most = contract.column("plan").levels[0].value
    given = [Reason("months", median, 1.0, "value"), Reason("plan", "other", 1.0, "value")]
    assert [bar.usual for bar in reasons_of(given, contract, label=None, unit=None).bars] == ["", most]


def test_a_day_is_a_day(contract):
    made = reasons_of([Reason("since", "2021-02-03T00:00:00", 1.0, "value")], contract, label=None, unit=None)
    assert made.bars[0].value == "2021-02-03"


def test_the_page_shows_the_servers_reasons(client, model):
    said = client.get("/case.json").json()["said"]
    example = dict(model.contract.example)
    answer = client.post("/predict", json={"rows": example, "explain": True}).json()["answers"][0]
    told = [reason["field"] for reason in answer["reasons"]][:3]
    assert [bar["title"] for bar in said["reasons"]["bars"]] == told
    assert [bar["size"] > 0 for bar in said["reasons"]["bars"]] == [
        r["effect"] > 0 for r in answer["reasons"][:3]
    ]
