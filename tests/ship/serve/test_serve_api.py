"""The API over the wire: answers, problems, probes, schema, card, manual."""

import json
import re
import threading
import urllib.parse

import pytest
from fastapi import APIRouter
from serving import serving

from groundup.ship.serve import Predictor


def test_one_row_has_all_that_is_promised(client, model, row):
    reply = client.predict(row)
    said = reply.json
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert said["model"] == {"name": model.name, "version": f"sha256:{model.digest}"}
    assert reply.headers["x-model-version"] == said["model"]["version"]
    assert urllib.parse.unquote(reply.headers["x-model-name"]) == model.name
    assert reply.headers["x-request-id"] == said["request_id"]
    (answer,) = said["answers"]
    assert answer["row"] == 1
    assert answer["id"]
    assert answer["status"] == "ok"
    assert answer["notes"] == []
    assert answer["prediction"] == model.predict_row(row)
    assert list(answer["probabilities"].values()) == model.predict_proba_row(row).tolist()
    assert "reasons" not in answer


def test_the_callers_request_id_comes_back_if_it_is_a_plain_word(client, row):
    assert client.predict(row, X_Request_ID="order-7.a").json["request_id"] == "order-7.a"
    for odd in ("a b", "x" * 200, "<script>", ""):
        assert client.predict(row, X_Request_ID=odd).json["request_id"] != odd


def test_many_rows_are_judged_each_by_itself(client, row):
    reply = client.predict([row, {**row, "months": "x"}, {**row, "plan": "gold"}, 5, row])
    assert reply.status == 200
    assert [a["status"] for a in reply.json["answers"]] == ["ok", "refused", "doubtful", "refused", "ok"]
    assert [a["row"] for a in reply.json["answers"]] == [1, 2, 3, 4, 5]
    first, last = reply.json["answers"][0], reply.json["answers"][-1]
    assert first["probabilities"] == last["probabilities"]
    assert client.predict([]).json["answers"] == []


def test_one_bad_row_in_a_thousand(client, row):
    answers = client.predict([row] * 499 + [{**row, "months": "x"}] + [row] * 500).json["answers"]
    assert [a["row"] for a in answers if a["status"] != "ok"] == [500]
    assert len({json.dumps(a["probabilities"]) for a in answers}) == 2


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_row_alone_that_is_refused_names_its_fields(client, row, wrapped):
    bad = {**row, "months": "x", "spent": [1], "plan": "gold"}
    reply = client.predict(bad, explain=False if wrapped else None)
    said = reply.json
    assert reply.status == said["status"] == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert said["type"] == "/docs#refused"
    assert "'months'" in said["detail"]
    assert "2 errors" in said["detail"]
    base = "#/rows" if wrapped else "#"
    assert [(e["row"], e["field"], e["kind"], e["pointer"]) for e in said["errors"]] == [
        (1, "months", "type", f"{base}/months"),
        (1, "spent", "type", f"{base}/spent"),
        (1, "plan", "unseen", f"{base}/plan"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "kind"),
    [
        ("GET", "/nothing", None, {}, 404, "not-found"),
        ("POST", "/nothing", b"{}", {}, 404, "not-found"),
        ("GET", "/predict", None, {}, 405, "method"),
        ("DELETE", "/predict", None, {}, 405, "method"),
        ("POST", "/schema", b"{}", {}, 405, "method"),
        (
            "POST",
            "/predict",
            b"a=1",
            {"Content-Type": "application/x-www-form-urlencoded"},
            415,
            "media-type",
        ),
        ("POST", "/predict", b"{}", {}, 415, "media-type"),
        ("POST", "/predict", None, {"Content-Type": "application/json"}, 400, "malformed"),
        ("POST", "/predict", b"[1e999", {"Content-Type": "application/json"}, 400, "malformed"),
        ("POST", "/predict", b"7", {"Content-Type": "application/json"}, 422, "not-rows"),
        ("GET", "/predict/../../etc/passwd", None, {}, 404, "not-found"),
        ("GET", "/docs%00", None, {}, 404, "not-found"),
    ],
)
def test_every_error_is_a_problem(client, method, path, body, headers, status, kind):
    reply = client.ask(method, path, body, headers)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.json["type"] == f"/docs#{kind}"
    assert reply.json["status"] == status
    assert reply.json["title"]
    assert reply.json["hint"]
    assert reply.json["request_id"] == reply.headers["x-request-id"]
    if status == 405:
        assert reply.headers["allow"]


def test_every_answer_has_the_security_headers(client, row):
    for reply in (client.predict(row), client.get("/docs"), client.get("/nothing"), client.raw(b"x")):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["x-model-version"]
        assert "access-control-allow-origin" not in reply.headers
        assert "server" not in reply.headers


def test_not_ready_until_warm(model, row, monkeypatch):
    go = threading.Event()
    warm_up = Predictor.warm_up

    def slow(self):
        go.wait(30)
        warm_up(self)

    monkeypatch.setattr(Predictor, "warm_up", slow)
    with serving(model, wait=False) as client:
        assert client.get("/healthz").status == 200
        for reply in (client.get("/readyz"), client.predict(row)):
            assert reply.status == 503
            assert reply.json["type"] == "/docs#warming-up"
            assert reply.headers["retry-after"] == "1"
        go.set()
        while client.get("/readyz").status != 200:
            pass
        assert client.predict(row).status == 200


class Slow(APIRouter):
    """Pages that need a while, or fail."""

    def __init__(self, go):
        super().__init__()
        self.go = go

    def warm_up(self, predictor):
        assert predictor.ready
        self.go.wait(30)
        raise ValueError("no page")


def test_pages_are_warmed_up_before_all_is_ready(model, row, caplog):
    go = threading.Event()
    with serving(model, wait=False, extra_routers=[Slow(go)]) as client:
        while (reply := client.predict(row)).status != 200:
            assert reply.json["type"] == "/docs#warming-up"
        assert client.get("/readyz").status == 503
        go.set()
        while client.get("/readyz").status != 200:
            pass
    assert "pages could not be warmed up" in caplog.text


def test_a_model_that_cannot_be_warmed_up_is_never_ready(model, monkeypatch, caplog):
    def broken(self):
        raise ValueError("no")

    monkeypatch.setattr(Predictor, "warm_up", broken)
    with serving(model, wait=False) as client:
        assert client.get("/readyz").status == 503
        assert client.get("/healthz").status == 200
    assert "could not be warmed up" in caplog.text


def test_the_schema_is_the_contract(client, model, row):
    reply = client.get("/schema")
    schema = reply.json
    assert reply.headers["content-type"] == "application/schema+json"
    assert list(schema["properties"]) == list(model.contract.features) == schema["required"]
    assert schema["examples"] == [row]
    assert schema["properties"]["months"]["type"] == ["number", "null"]
    assert schema["properties"]["online"]["type"] == ["boolean", "null"]
    assert schema["properties"]["since"]["type"] == ["string", "null"]
    assert "ISO 8601" in schema["properties"]["since"]["description"]
    plan = schema["properties"]["plan"]
    assert set(plan["x-levels"]) == {"basic", "plus", "Größe XL"}


def test_the_card_tells_metrics_and_origin(client, model):
    card = client.get("/model").json
    assert card["metrics"] == {"test": {"roc_auc": 0.91}}
    assert card["version"] == f"sha256:{model.digest}"
    assert card["classes"] == ["no", "yes"]
    assert card["features"] == list(model.contract.features)
    assert card["made_on"]["versions"]


def test_still_pages_have_an_etag(client):
    for path in ("/schema", "/model", "/docs", "/docs.css", "/openapi.json"):
        first = client.get(path)
        again = client.get(path, **{"If-None-Match": first.headers["etag"]})
        assert (first.status, again.status, again.body) == (200, 304, b"")
        assert client.ask("HEAD", path).headers["etag"] == first.headers["etag"]


def test_the_examples_of_the_document_are_real(client):
    document = client.get("/openapi.json").json
    post = document["paths"]["/predict"]["post"]
    for example in post["requestBody"]["content"]["application/json"]["examples"].values():
        assert client.raw(json.dumps(example["value"]).encode()).status == 200
    shown = post["responses"]["200"]["content"]["application/json"]["examples"]["one"]["value"]
    row = post["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
    said = client.predict(row).json
    assert shown["model"] == said["model"]
    for key in ("prediction", "probabilities", "status", "notes"):
        assert shown["answers"][0][key] == said["answers"][0][key]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    for path, ways in document["paths"].items():
        if "get" in ways:
            assert client.get(path).status == 200, path


def test_answers_have_the_shape_that_the_document_says(client, row):
    document = client.get("/openapi.json").json
    shapes = document["components"]["schemas"]
    for rows in (row, [row, {**row, "months": "x"}, 3]):
        check(client.predict(rows).json, shapes["Answers"], shapes)
    check(client.predict({**row, "months": "x"}).json, shapes["Problem"], shapes)


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def check(value, schema, shapes):
    """A small JSON Schema validator: of the words that our schemas use."""
    if "$ref" in schema:
        return check(value, shapes[schema["$ref"].rsplit("/", 1)[1]], shapes)
    if "enum" in schema:
        assert value in schema["enum"]
    if "type" in schema:
        kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        assert isinstance(value, tuple(TYPES[k] for k in kinds)), (value, kinds)
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= set(value)
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                check(value[name], inner, shapes)
    if isinstance(value, list):
        for item in value:
            check(item, schema["items"], shapes)
    return None


def test_the_manual_asks_no_other_host(client):
    page = client.get("/docs").body.decode()
    style = client.get("/docs.css").body.decode()
    assert "<script" not in page
    linked = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert linked
    assert all(link[0] in "/#" or link == "data:," for link in linked)
    assert "url(" not in style
    assert "@import" not in style
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert {link[1:] for link in linked if link.startswith("#")} <= ids
    for kind in ("refused", "too-large", "malformed"):
        assert kind in ids
    assert client.get("/").headers["location"] == "/docs"


def test_hostile_names_show_as_text(tmp_path):
    import polars as pl
    from sklearn.pipeline import Pipeline

    from groundup.models import Ridge
    from groundup.ship import bundle
    from groundup.tables import Contract, TablePreparer
    from groundup.tables.prepare import preprocessing_of

    evil, level = "</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>"
    frame = pl.DataFrame(
        {
            evil: [1.0, 2.0, 3.5, 4.0] * 5,
            "a/b~c": [level, "b\u202e\x07"] * 10,
            "y": [float(i) for i in range(20)],
        }
    )
    pipeline = Pipeline([("prepare", TablePreparer(preprocessing_of(Ridge()))), ("learn", Ridge())])
    X = frame.select(evil, "a/b~c")
    pipeline.fit(X, frame["y"].to_numpy())
    saved = bundle.save(
        pipeline, tmp_path / "m.groundup", X, contract=Contract.infer(frame, "y"), name="<b>\r\nX: y</b>"
    )
    with serving(saved) as client:
        page = client.get("/docs").body.decode()
        assert evil not in page
        assert level not in page
        assert "&lt;/script&gt;" in page
        reply = client.predict({evil: "<b>", "a/b~c": [level]})
        assert [e["pointer"] for e in reply.json["errors"]][1] == "#/a~1b~0c"
        assert "x" not in reply.headers
        assert client.predict({evil: 1, "a/b~c": level}).json["model"]["name"] == saved.name


def test_pages_of_others_stand_beside_the_api_behind_the_same_guards(model, row):
    from fastapi import APIRouter, Request

    router = APIRouter()

    @router.get("/")
    async def home(request: Request):
        (answer,) = request.app.state.predictor.predict_rows([row])
        return {"prediction": answer.prediction, "version": request.app.state.identity["version"]}

    with serving(model, extra_routers=[router]) as client:
        reply = client.get("/")
        assert reply.json == {"prediction": model.predict_row(row), "version": f"sha256:{model.digest}"}
        assert reply.headers["x-frame-options"] == "DENY"
        assert client.predict(row).status == 200


@pytest.mark.parametrize("body", [b'{"rows": 5}', b'{"rows": 5, "explain": true}'])
def test_rows_that_are_no_rows_are_not_taken_for_a_row(client, body):
    reply = client.ask("POST", "/predict", body, {"Content-Type": "application/json"})
    assert (reply.status, reply.json["type"]) == (422, "/docs#not-rows")
    assert reply.json["errors"][0]["field"] == "rows"
    assert "a number" in reply.json["errors"][0]["detail"]
