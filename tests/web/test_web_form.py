"""The page of one case, as a browser without JavaScript has it."""

import json
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from served import application, customers, saved, serving
from starlette.testclient import TestClient

from groundup.ship import bundle
from groundup.web import fields, form


class Controls(HTMLParser):
    """Id -> what a screen reader is told of a control: its label, what describes it, whether it is invalid."""

    def __init__(self, html):
        super().__init__()
        self.labels, self.controls, self.texts, self._open = {}, {}, {}, []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ("input", "select") and attrs.get("type") != "hidden":
            self.controls[attrs["id"]] = attrs
        if tag == "label":
            self.labels[attrs["for"]] = ""
            self._open = [(tag, attrs["for"])]
        if tag == "p" and "id" in attrs:
            self.texts[attrs["id"]] = ""
            self._open = [(tag, attrs["id"])]

    def handle_data(self, data):
        for tag, key in self._open:
            (self.labels if tag == "label" else self.texts)[key] += data

    def handle_endtag(self, tag):
        if tag in ("label", "p"):
            self._open = []


def asked(client, filled, keys, **changes):
    return client.post(
        "/form.json", data={**filled, **{keys[name]: text for name, text in changes.items()}}
    ).json()


def field_message(context, key):
    return next(f["message"] for g in context["groups"] for f in g["fields"] if f["key"] == key)


def test_no_probability_is_certain_and_shares_are_written_alike(client, filled, keys):
    said = asked(client, filled, keys, balance="1000000000")["answer"]
    assert sorted(share["words"] for share in said["probabilities"]) == ["<0.1%", ">99.9%"]
    assert "is >99.9%." in said["words"]


def test_reasons_say_what_they_are_counted_from(client):
    assert "Relative to the model's score on average over training rows." in client.get("/").text


def test_it_begins_with_an_example_and_its_answer(client, model):
    context = client.get("/form.json").json()
    answer = model.predict_row(model.contract.example)
    assert context["state"] == "example"
    assert context["answer"]["headline"] == answer
    shares = dict(zip(model.classes, model.predict_proba_row(model.contract.example), strict=True))
    assert {s["label"]: s["percent"] for s in context["answer"]["probabilities"]} == pytest.approx(
        {label: 100 * p for label, p in shares.items()}, abs=0.01
    )
    page = client.get("/").text
    assert f"<bdi>{answer}</bdi></p>" in page


def test_rows_of_the_training_table_are_shown_only_if_asked_for(client, model, bundle_file):
    only = client.get("/form.json").json()
    assert only["n_examples"] == 1
    assert "typical case" in client.get("/").text
    for number in ("7", "x"):
        assert client.get(f"/form.json?example={number}").json()["example"] == 1
    with TestClient(
        application(model, bundle_file, stored_examples=True), base_url="http://127.0.0.1"
    ) as asked:
        n_examples = asked.get("/form.json").json()["n_examples"]
        assert n_examples > 5
        assert "a row of the training table" in asked.get("/?example=2").text
        for number in range(1, n_examples + 1):
            context = asked.get(f"/form.json?example={number}").json()
            assert (context["example"], context["answer"]["status"]) == (number, "ok")
        assert asked.get(f"/form.json?example={n_examples + 1}").json()["example"] == 1


def test_it_can_begin_empty(client):
    context = client.get("/form.json?start=empty").json()
    assert context["state"] == "empty"
    assert context["answer"] is None
    assert {f["value"] for g in context["groups"] for f in g["fields"]} == {""}


def test_a_posted_form_keeps_its_values_and_is_predicted(client, filled, keys, model):
    changed = {
        **filled,
        keys["months"]: "33",
        keys["plan"]: fields.to_text(model.contract.column("plan"), "plus"),
    }
    page = client.post("/", data=changed)
    assert page.status_code == 200
    row = {**model.contract.example, "months": 33, "plan": "plus"}
    context = client.post("/form.json", data=changed).json()
    assert context["answer"]["headline"] == model.predict_row(row)
    assert {f["key"]: f["value"] for g in context["groups"] for f in g["fields"]} == changed
    assert 'value="33"' in page.text
    found = Controls(page.text)
    assert set(keys.values()) <= set(found.controls)


def test_every_control_has_a_label_and_what_describes_it_is_there(client, keys):
    found = Controls(client.get("/").text)
    for name, key in keys.items():
        assert name in found.labels[key]
        for described in found.controls[key].get("aria-describedby", "").split():
            assert found.texts[described].strip()


@pytest.mark.parametrize(
    ("name", "text", "kind", "severity", "heading"),
    [
        ("months", "500", "range", "warn", "Outside the range of training"),
        ("months", "-1", "range", "warn", "Outside the range of training"),
        ("months", "", "missing", "warn", "Empty"),
        ("months", "soon", "type", "error", "Not a number"),
        ("months", "1e999", "infinite", "error", "Not a finite number"),
        ("plan", "", "missing", "warn", "Empty"),
        ("plan", "gold", "unseen", "warn", "Not seen in training"),
        ("town", "Atlantis", "unseen", "warn", "Not seen in training"),
        ("since", "31.31.2021", "type", "error", "Not a date"),
        ("online", "maybe", "type", "error", "Not one of the choices"),
    ],
)
def test_what_is_wrong_is_told_apart_beside_its_field(
    client, filled, keys, name, text, kind, severity, heading
):
    context = asked(client, filled, keys, **{name: text})
    message = field_message(context, keys[name])
    assert (message["kind"], message["severity"], message["heading"]) == (kind, severity, heading)
    assert [link["key"] for link in context["summary"]] == [keys[name]]
    refused = severity == "error"
    assert (context["answer"]["status"] == "refused") == refused
    page = client.post("/", data={**filled, keys[name]: text})
    found = Controls(page.text)
    assert (found.controls[keys[name]].get("aria-invalid") == "true") == refused
    assert message["text"] in found.texts[f"{keys[name]}-message"].replace("\n", " ")
    assert f'<a href="#{keys[name]}">' in page.text, "the summary leads to the field"


def test_what_training_had_empty_may_be_empty(client, filled, keys):
    context = asked(client, filled, keys, spent="")
    assert context["answer"]["status"] == "ok"
    assert context["summary"] == []


def test_a_form_that_lacks_fields_is_predicted_as_empty(client):
    context = client.post("/form.json", data={}).json()
    assert context["state"] == "typed"
    assert context["answer"]["status"] == "warning"


def test_the_snippets_ask_for_the_very_answer(model, bundle_file, filled, keys, tmp_path):
    with serving(model, bundle_file) as address, TestClient(application(model), base_url=address) as client:
        context = asked(client, filled, keys, months="61", town="Größe")
        headline = context["answer"]["headline"]
        script = tmp_path / "ask.py"
        script.write_text(context["snippets"]["python"], encoding="ascii")
        told = subprocess.run(
            [sys.executable, str(script)], check=True, capture_output=True, text=True
        ).stdout
        assert f"'prediction': '{headline}'" in told
        shell = tmp_path / "ask.sh"
        shell.write_text(context["snippets"]["curl"], encoding="ascii")
        said = json.loads(subprocess.run(["sh", str(shell)], check=True, capture_output=True).stdout)
        answer = said["answers"][0]
        assert answer["prediction"] == headline
        assert [n["kind"] for n in answer["notes"]] == ["unseen"]
        percent = {s["label"]: s["percent"] for s in context["answer"]["probabilities"]}
        assert {k: round(100 * p, 2) for k, p in answer["probabilities"].items()} == percent


def test_a_token_is_never_written_out(model):
    token = "a-long-and-secret-token"
    with TestClient(application(model, token=token), base_url="http://127.0.0.1") as client:
        assert client.get("/").status_code == 401
        page = client.get("/", headers={"Authorization": f"Bearer {token}"}).text
        assert "GROUNDUP_TOKEN" in page
        assert token not in page


def test_another_sites_page_is_refused(client, filled):
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
    ):
        assert client.post("/", data=filled, headers=headers).status_code == 403
    assert client.post("/", data=filled, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_number_is_told_with_its_unit_and_its_usual_error(value_model):
    with TestClient(application(value_model), base_url="http://127.0.0.1") as client:
        said = client.get("/form.json").json()["answer"]
        assert said["headline"].endswith(" EUR")
        assert "off by 31.25 EUR on average" in said["words"]
        assert said["probabilities"] == []


def test_many_columns_are_grouped_the_strongest_first(tmp_path):
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 120))
    frame = pl.DataFrame({f"x{j}": X[:, j] for j in range(120)})
    frame = frame.with_columns(y=pl.Series(np.where(3 * X[:, 77] + X[:, 99] > 0, "a", "b")))
    model = saved(frame, "y", tmp_path / "wide.groundup")
    with TestClient(application(model), base_url="http://127.0.0.1") as client:
        context = client.get("/form.json").json()
        first, rest = context["groups"]
        assert (len(first["fields"]), len(rest["fields"])) == (form.N_STRONGEST, 120 - form.N_STRONGEST)
        assert (first["is_open"], rest["is_open"]) == (True, False)
        filled = fields.write_form(model.contract, model.contract.example)
        key = rest["fields"][-1]["key"]
        wrong = client.post("/form.json", data={**filled, key: "no number"}).json()
        assert wrong["groups"][1]["is_open"], "a field that needs attention is not folded away"


def test_the_card_believes_a_result_only_of_its_own_bundle(model, bundle_file):
    from groundup.web.card import make_card

    card = make_card(model, bundle_file)
    assert card.version == model.digest[:12]
    assert card.date
    assert card.caution == card.verdict == ""
    assert [s.title for s in card.scores] == ["ROC AUC", "Accuracy"]
    assert "85 times in 100" in card.scores[0].words
    labels = {label.value: label.count for label in model.contract.labels}
    most = max(labels, key=labels.get)
    assert f"always predicting “{most}”" in card.scores[1].words
    assert customers().height == card.n_rows


def test_a_decision_rule_is_applied_and_said(model, filled, tmp_path):
    target = bundle.Target(name="leaves", task="classification", positive="no", threshold=0.999)
    ruled = bundle.save(
        model.pipeline, tmp_path / "m.groundup", model.stored_rows, target=target, contract=model.contract
    )
    with TestClient(application(ruled), base_url="http://127.0.0.1") as client:
        said = client.post("/form.json", data=filled).json()["answer"]
        card = client.get("/model").json()
    assert said["headline"] == "yes"  # the probability of "no" is below the threshold
    assert "“no” is predicted from a probability of 0.999 on." in said["words"]
    assert [share["label"] for share in said["probabilities"]] == ["no", "yes"]
    assert said["reasons"]["raises"] == "for “no”"
    assert (card["positive"], card["threshold"], card["classes"]) == ("no", 0.999, ["no", "yes"])
