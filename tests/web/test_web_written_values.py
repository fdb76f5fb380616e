"""Values as a training file writes them, at every door of the model: rows and tables in Python, HTTP, and the form."""

import re
import time

import pandas as pd
import pytest
from served import application, saved
from starlette.testclient import TestClient

from groundup.errors import GroundupError
from groundup.tables import read

N = 120
# Column -> the text of row i as the file has it, and the number that it means.
WRITTEN = {
    "income": lambda i: (f"${i * 40 + 900:,.2f}", i * 40 + 900.0),
    "weight": lambda i: (f"{i}.5 kg", i + 0.5),
    "rate": lambda i: (f"{i * 7 % 90}.1 %", i * 7 % 90 + 0.1),
    "balance": lambda i: (
        (f"({i * 31 % 50},100.0)", -(i * 31 % 50 * 1000 + 100.0)) if i % 50 else ("5.0", 5.0)
    ),
    "fee": lambda i: (f"0,{i + 100}", (i + 100) / 1000),
    "month": lambda i: (f"{2010 + i // 12}-{i % 12 + 1:02}", f"{2010 + i // 12}-{i % 12 + 1:02}-01"),
}
ROW = {name: written(17)[0] for name, written in WRITTEN.items()}
PLAIN = {name: written(17)[1] for name, written in WRITTEN.items()}
# Text that would be another number under another reading.
WRONG = {"income": "€5", "weight": "42 lb", "fee": "12.125", "rate": "12 kg", "month": "03/04/05"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "t.csv"
    lines = [",".join([*WRITTEN, "left"])]
    for i in range(N):
        cells = [f'"{written(i)[0]}"' for written in WRITTEN.values()]
        lines.append(",".join([*cells, "Yes" if i * 13 % 40 > 20 else "no"]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model(file):
    return saved(read(file), "left", file.parent / "t.groundup", name="t")


@pytest.fixture(scope="module")
def client(model, file):
    with TestClient(application(model, file.parent / "t.groundup"), base_url="http://127.0.0.1") as client:
        deadline = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield client


@pytest.fixture(scope="module")
def expected(model):
    """The probability that numbers and dates of the usual kind give."""
    return model.predict_proba([PLAIN])[0].tolist()


def test_rows_and_tables_in_python(model, file, expected):
    assert model.predict_proba([ROW])[0].tolist() == expected
    assert model.predict_proba_row(ROW).tolist() == expected
    table = pd.read_csv(file).drop(columns="left")
    assert model.predict_proba(table)[17].tolist() == expected
    assert model.predict_proba(read(file).frame.drop("left"))[17].tolist() == expected
    for name, text in WRONG.items():
        with pytest.raises(GroundupError, match=re.escape(text)):
            model.predict([{**ROW, name: text}])


def test_http(client, expected):
    answer = client.post("/predict", json=ROW).json()["answers"][0]
    assert list(answer["probabilities"].values()) == expected
    assert answer["status"] == "ok"
    padded = {f" {name} ": value for name, value in ROW.items()}
    assert (
        client.post("/predict", json=padded).json()["answers"][0]["probabilities"] == answer["probabilities"]
    )
    for name, text in WRONG.items():
        refused = client.post("/predict", json={**ROW, name: text})
        assert refused.status_code == 422
        assert [error["field"] for error in refused.json()["errors"]] == [name]


def test_the_form(client, expected):
    form = {f"c{i}": text for i, text in enumerate(ROW.values())}
    context = client.post("/form.json", data=form).json()
    shares = [share["words"] for share in context["answer"]["probabilities"]]
    assert sorted(shares) == sorted(f"{p:.1%}" for p in expected)
    fields = [f for group in context["groups"] for f in group["fields"]]
    assert [f["message"] for f in fields] == [None] * len(ROW)
    assert {f["name"]: f["unit"] for f in fields if f["unit"]} == {"income": "$", "weight": "kg", "rate": "%"}
    wrong = client.post("/form.json", data=form | {"c0": WRONG["income"], "c4": WRONG["fee"]}).json()
    messages = {f["name"]: f["message"] for group in wrong["groups"] for f in group["fields"] if f["message"]}
    assert messages.keys() == {"income", "fee"}
    assert "$1,234.5" in messages["income"]["text"]
    assert "1234,5" in messages["fee"]["text"]
