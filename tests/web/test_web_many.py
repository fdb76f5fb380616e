"""The page of many cases: no row is lost, no formula runs, and what cannot be taken says why."""

import csv
import io
import re

import polars as pl
import pytest
from served import application, customers
from starlette.testclient import TestClient


def upload(client, data, name="cases.csv", where="/many.json"):
    return client.post(where, files={"file": (name, data, "text/csv")})


def table(n=40):
    return customers(n, seed=1).drop("leaves", "value")


def downloaded(client, answered):
    got = client.get(f"/many/{answered['token']}/{answered['download']}")
    assert got.status_code == 200
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    assert got.headers["content-disposition"] == f'attachment; filename="{answered["download"]}"'
    return list(csv.DictReader(io.StringIO(got.text)))


def test_every_row_is_answered_as_the_model_answers_it(client, model):
    frame = table()
    answered = upload(client, frame.write_csv().encode()).json()["answered"]
    assert (answered["n_rows"], answered["n_refused"]) == (40, 0)
    assert len(answered["verdicts"]) == 40
    rows = downloaded(client, answered)
    said = model.predict(frame.select(model.contract.features))
    assert [row["prediction"] for row in rows] == said.tolist()
    shares = model.predict_proba(frame.select(model.contract.features))
    assert [float(row["probability_yes"]) for row in rows] == shares[:, 1].tolist()
    assert sum(n for _, n, _ in answered["counts"]) == 40


def test_rows_that_cannot_be_read_stay_in_their_place_and_say_why(client):
    frame = table(12).with_columns(pl.col("months").cast(pl.String))
    lines = frame.write_csv().splitlines()
    lines[3] = "many" + lines[3][lines[3].index(",") :]
    lines.insert(6, "1,2")  # a line that is no row
    context = upload(client, "\n".join(lines).encode()).json()
    answered = context["answered"]
    assert (answered["n_rows"], answered["n_refused"]) == (13, 2)
    assert [v["row"] for v in answered["verdicts"] if v["status"] == "refused"] == [3, 6]
    rows = downloaded(client, answered)
    assert len(rows) == 13
    assert [i for i, row in enumerate(rows, 1) if not row["prediction"]] == [3, 6]
    assert "'many'" in rows[2]["problem"]
    page = upload(client, "\n".join(lines).encode(), where="/many").text
    assert "Without an answer" in page


def test_a_name_that_comes_twice_is_told(client):
    lines = table(3).write_csv().splitlines()
    twice = "\n".join([lines[0] + ",months", *(line + ",1" for line in lines[1:])])
    answered = upload(client, twice.encode()).json()["answered"]
    assert any(
        "repeats the name 'months': it is renamed to 'months_2'" in told for told in answered["tallies"]
    )


def test_bars_count_every_row_and_shares_are_written_alike(client):
    frame = table(20).with_columns(pl.col("months").cast(pl.String))
    lines = frame.write_csv().splitlines()
    lines[3] = "many" + lines[3][lines[3].index(",") :]
    answered = upload(client, "\n".join(lines).encode()).json()["answered"]
    assert sum(n for _, n, _ in answered["counts"]) + answered["n_refused"] == answered["n_rows"]
    assert answered["refused_share"] == "5.0%"
    assert all(re.fullmatch(r"[0-9]+[.][05]%", words) for _, _, words in answered["counts"])
    page = upload(client, "\n".join(lines).encode(), where="/many").text
    bars = page[page.index("<h3>Answers</h3>") : page.index("<h3>To look at</h3>")]
    widths = [float(width) for width in re.findall(r'class="part" width="([0-9.]+)%"', bars)]
    assert sum(widths) == pytest.approx(100, abs=0.05)
    assert "no answer" in bars
    assert "no answer" not in upload(client, table(6).write_csv().encode(), where="/many").text


def test_no_probability_is_certain(client):
    frame = table(3).with_columns(balance=pl.lit(1e9))
    answered = upload(client, frame.write_csv().encode()).json()["answered"]
    assert {verdict["probability"] for verdict in answered["verdicts"]} == {">99.9%"}


def test_a_formula_is_not_run_by_the_spreadsheet_that_opens_the_answers(client):
    frame = table(6).with_columns(plan=pl.lit("=cmd|'/c calc'!A0"))
    answered = upload(client, frame.write_csv().encode()).json()["answered"]
    assert answered["n_escaped"] == 6
    assert {row["plan"] for row in downloaded(client, answered)} == {"'=cmd|'/c calc'!A0"}
    assert answered["verdicts"][0]["status"] == "doubtful"


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (b"", "a.csv", "empty"),
        (b"   \n", "a.csv", "empty"),
        (b"months,plan\n1,basic\n", "a.csv", "'spent'"),
        (b"\x00\xff\xfe garbage", "a.csv", ""),
        (b"PK\x03\x04", "a.xlsx", "Only text tables"),
        (b"a,b\n1,2\n", "../../etc/passwd", "Only text tables"),
        (b"a,b\n1,2\n", "x" * 1000 + ".csv", "has no column"),
        (b"months,plan,spent" + b",q" * 1_000_000 + b"\n1,basic,2\n", "a.csv", "more than 5,000 cells"),
        (b"months,plan,spent" + b',"q\nr"' * 500_000 + b"\n1,basic,2\n", "a.csv", "more than 5,000 cells"),
        (b'months,plan,x"y' + b',"q\nr"' * 500_000 + b"\n1,basic,2\n", "a.csv", "more than 5,000 cells"),
        (b"months,plan,spent\n" + b";" * 2_000_000, "a.csv", "more than 5,000 cells"),
    ],
)
def test_a_file_that_is_no_table_of_cases_is_refused_with_the_reason(client, data, name, told):
    said = upload(client, data, name)
    assert said.status_code == 422
    context = said.json()
    assert context["answered"] is None
    assert told in context["refusal"]
    assert "groundup-" not in context["refusal"], "the name of a temporary file tells nobody anything"
    assert upload(client, data, name, "/many").status_code == 422


def test_no_file_at_all_is_told(client):
    assert client.post("/many.json").json()["refusal"] == "No file was chosen."
    assert client.post("/many.json", data={"file": "text"}).json()["refusal"] == "No file was chosen."
    sent = client.post("/many", files={"file": ("", b"", "application/octet-stream")})  # as a browser does
    assert sent.status_code == 422
    assert "<strong>No file was chosen.</strong>" in sent.text
    assert re.search('<form id="many"[^>]* novalidate>', sent.text), (
        "else the browser sends nothing, and is all that speaks"
    )


def test_limits_are_stated_and_kept(model):
    with TestClient(
        application(model, max_rows=10, max_body_bytes=10_000), base_url="http://127.0.0.1"
    ) as client:
        context = client.get("/many.json").json()
        assert (context["max_rows"], context["max_bytes"]) == (10, 10_000)
        page = client.get("/many").text
        assert "at most 10 rows and 10 kB" in page
        told = upload(client, table(11).write_csv().encode()).json()
        assert "11 rows" in told["refusal"]
        assert "groundup predict" in told["hint"]
        assert upload(client, table(10).write_csv().encode()).status_code == 200
        assert upload(client, b"x" * 20_000).status_code == 413


def test_only_who_has_the_address_gets_the_answers(client):
    answered = upload(client, table(3).write_csv().encode()).json()["answered"]
    assert client.get(f"/many/{answered['token']}/other.csv").status_code == 404
    gone = client.get(f"/many/{'A' * 22}/{answered['download']}")
    assert gone.status_code == 404
    assert "Bring the file again" in gone.text


def test_the_page_tells_the_columns_that_a_file_needs(client, model):
    page = client.get("/many").text
    for name in model.contract.features:
        assert f"<code><bdi>{name}</bdi></code>" in page
