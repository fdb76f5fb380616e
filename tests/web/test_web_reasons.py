"""Reasons: the sentence and the bar say the same, in the unit of the model's score."""

import math

import pytest
from served import customers

from groundup.ship.serve.answers import Reason
from groundup.tables import Contract
from groundup.web.reasons import reason_bars

START = "on average over training rows"


@pytest.fixture(scope="module")
def contract():
    return Contract.infer(customers(), target="leaves", ignore=["value"])


def reason(field, value, effect, *, usual=None, warning="", does="raises it"):
    return Reason(field, value, usual, effect, "log-odds", warning, does, f"{field}: {does}")


@pytest.mark.parametrize("effect", [math.log(2.5), -1.7e308])
def test_words_and_doubt_are_those_of_the_server(contract, effect):
    given = reason("plan", "gold", effect, usual="basic", warning="not seen in training", does="moves it")
    (bar,) = reason_bars([given], contract, "yes", START).bars
    assert (bar.value, bar.usual, bar.words) == ("gold", "basic", "moves it")
    assert bar.warning == "Not seen in training"
    assert bar.size == math.copysign(100, effect)


def test_bars_are_to_scale_and_at_most_three(contract):
    given = [reason("months", 3, -2.0), reason("plan", "plus", 1.0)]
    given += [reason("spent", None, 0.5), reason("online", True, 0.1)]
    made = reason_bars(given, contract, "yes", START)
    assert [bar.size for bar in made.bars] == [-100.0, 50.0, 25.0]
    assert [bar.value for bar in made.bars] == ["3", "plus", "empty"]
    assert [bar.key for bar in made.bars] == ["c0", "c3", "c1"]
    assert (made.lowers, made.raises) == ("against “yes”", "for “yes”")


def test_what_is_usual_is_told_where_the_row_differs(contract):
    given = [reason("months", 30, 1.0, usual=30.0), reason("plan", "other", 1.0, usual="basic")]
    assert [bar.usual for bar in reason_bars(given, contract, None, START).bars] == ["", "basic"]


def test_a_day_is_a_day(contract):
    made = reason_bars([reason("since", "2021-02-03T00:00:00", 1.0)], contract, None, START)
    assert made.bars[0].value == "2021-02-03"


def test_the_reasons_carry_the_doubt_that_the_field_has(client, filled, keys):
    """In the page and in its JSON: whoever reads the reasons only must not miss it."""
    form = {**filled, keys["months"]: "900"}
    bars = client.post("/form.json", data=form).json()["answer"]["reasons"]["bars"]
    assert {bar["key"]: bar["warning"] for bar in bars}[
        keys["months"]
    ] == "Outside the range seen in training"
    assert "Outside the range seen in training." in client.post("/", data=form).text


def test_the_page_shows_the_servers_reasons(client, model):
    said = client.get("/form.json").json()["answer"]
    example = dict(model.contract.example)
    answer = client.post("/predict", json={"rows": example, "explain": True}).json()["answers"][0]
    told = [reason["field"] for reason in answer["reasons"]][:3]
    assert [bar["title"] for bar in said["reasons"]["bars"]] == told
    assert [bar["size"] > 0 for bar in said["reasons"]["bars"]] == [
        r["effect"] > 0 for r in answer["reasons"][:3]
    ]
