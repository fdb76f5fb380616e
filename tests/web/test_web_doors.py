"""What one door accepts for a cell, all accept, and they answer the same: file, frame, rows, one row, REST, form."""

# ruff: noqa: DTZ001 - a moment without a zone is UTC

import datetime as dt
import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest

from groundup.errors import GroundupError
from groundup.workbench.use.predict import predict

OK, WARNING, REFUSED = "ok", "warning", "refused"
AHEAD = dt.timezone(dt.timedelta(hours=14))
# column, the cell as Python has it, as JSON has it, as text has it, status of the row
CELLS = [
    ("online", True, True, "True", OK),
    ("online", False, False, "false", OK),
    ("online", 1, 1, "1", OK),
    ("online", 0.0, 0.0, "0", OK),
    ("online", "yes", "yes", "yes", OK),
    ("online", "No", "No", "No", OK),
    ("online", np.bool_(True), True, "TRUE", OK),
    ("online", Decimal(1), 1, "1.0", OK),
    ("online", 2, 2, "2", REFUSED),
    ("online", "maybe", "maybe", "maybe", REFUSED),
    ("online", pd.NA, None, "", WARNING),
    ("spent", 120.5, 120.5, "120.5", OK),
    ("spent", "120.5", "120.5", " 120.5 ", OK),
    ("spent", Decimal("120.5"), 120.5, "120.50", OK),
    ("spent", Fraction(241, 2), 120.5, "120.5", OK),
    ("spent", np.float32(120.5), 120.5, "120.5", OK),
    ("spent", np.longdouble(120.5), 120.5, "120.5", OK),
    ("spent", np.array(120.5), 120.5, "120.5", OK),
    ("spent", dt.timedelta(minutes=2), 120, "120", OK),
    ("spent", np.timedelta64(120, "s"), 120, "120", OK),
    ("spent", pd.Timedelta(minutes=2), 120, "120", OK),
    ("spent", None, None, "", OK),
    ("spent", float("nan"), None, "nan", OK),
    ("spent", Decimal("NaN"), None, "NaN", OK),
    ("spent", pd.NA, None, "NA", OK),
    ("spent", pd.NaT, None, "", OK),
    ("spent", np.ma.masked, None, "", OK),
    ("spent", 1e9, 1e9, "1e9", WARNING),
    ("spent", 10**400, 10**400, "1" + "0" * 400, REFUSED),
    ("spent", Decimal("1e400"), 10**400, "1e400", REFUSED),
    ("spent", "abc", "abc", "abc", REFUSED),
    ("spent", 1j, "1j", "1j", REFUSED),
    ("spent", np.array([1.0]), [1.0], "[1.0]", REFUSED),
    ("spent", b"12", "b'12'", "b'12'", REFUSED),
    ("months", np.int64(12), 12, "12", OK),
    ("months", "12", "12", "12", OK),
    ("months", 12.5, 12.5, "12.5", WARNING),
    ("plan", "basic", "basic", "basic", OK),
    ("plan", np.str_("basic"), "basic", " basic ", OK),
    ("plan", None, None, "", WARNING),
    ("plan", pd.NA, None, "<NA>", WARNING),
    ("plan", "gold", "gold", "gold", WARNING),
    ("since", dt.datetime(2020, 6, 1), "2020-06-01", "2020-06-01", OK),
    ("since", dt.date(2020, 6, 1), "2020-06-01", "2020-06-01", OK),
    ("since", pd.Timestamp("2020-06-01 02:00+02:00"), "2020-06-01T02:00+02:00", "2020-06-01T02:00+02:00", OK),
    ("since", np.datetime64("2020-06-01"), "2020-06-01", "2020-06-01", OK),
    ("since", np.datetime64("2020-06-01T00", "ns"), "2020-06-01T00:00", "2020-06-01T00:00", OK),
    ("since", pd.Period("2020-06", freq="M"), "2020-06-01", "2020-06-01", OK),
    ("since", dt.datetime(2999, 1, 1), "2999-01-01", "2999-01-01", WARNING),
    ("since", dt.date(1, 1, 1), "0001-01-01", "0001-01-01", WARNING),
    ("since", dt.datetime(9999, 12, 31, 23, 59), "9999-12-31T23:59", "9999-12-31T23:59", WARNING),
    (
        "since",
        dt.datetime(1, 1, 1, tzinfo=AHEAD),
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00+14:00",
        REFUSED,
    ),
    ("since", np.datetime64("0000-01-01"), "0000-01-01", "0000-01-01", REFUSED),
    ("since", np.datetime64("19999-01-01"), "19999-01-01", "19999-01-01", REFUSED),
    ("since", pd.NaT, None, "NaT", WARNING),
    ("since", 20200601, 20200601, "5", REFUSED),
]


def outcome(status, prediction, probability):
    """What a door answers, in a form to compare; the shares of all doors have the same bits."""
    return (status, None, None) if status == REFUSED else (status, prediction, probability)


def of_frame(made):
    row = made.frame.select("prediction", "probability_yes").row(0, named=True)
    return outcome(made.statuses[0], row["prediction"], row["probability_yes"])


@pytest.fixture(scope="module")
def base(model):
    row = dict(model.contract.example)
    return row | {"since": "2021-03-04", "plan": "plus"}


@pytest.mark.parametrize(("column", "cell", "in_json", "text", "status"), CELLS)
def test_every_door_gives_the_same_answer(
    model, client, bundle_file, keys, base, tmp_path, column, cell, in_json, text, status
):
    rows = {"python": base | {column: cell}, "json": base | {column: in_json}}
    one = model.contract.conform_row(rows["python"])
    if one.status == REFUSED:
        with pytest.raises(GroundupError):
            model.predict_row(rows["python"])
        with pytest.raises(GroundupError):
            model.predict([rows["python"]])
        expected = outcome(REFUSED, None, None)
    else:
        labels = model.classes.tolist()
        share = model.predict_proba_row(rows["python"])[labels.index("yes")]
        expected = outcome(one.status, str(model.predict_row(rows["python"])), share)
        assert str(model.predict([rows["python"]])[0]) == expected[1]
    assert expected[0] == status

    answers = {
        "rows": of_frame(predict(bundle_file, [rows["python"]])),
        "pandas": of_frame(
            predict(
                bundle_file,
                pd.DataFrame({k: pd.Series([v], dtype=object) for k, v in rows["python"].items()}),
            )
        ),
    }
    path = tmp_path / "row.csv"
    pl.DataFrame({k: [text if k == column else str(v)] for k, v in base.items()}).write_csv(path)
    answers["file"] = of_frame(predict(bundle_file, path, read={"header": True}))

    sent = client.post(
        "/predict", content=json.dumps([rows["json"]]), headers={"content-type": "application/json"}
    )
    assert sent.status_code == 200
    answer = sent.json()["answers"][0]
    answers["rest"] = outcome(
        answer["status"], answer["prediction"], (answer["probabilities"] or {}).get("yes")
    )

    from groundup.web import fields

    filled = fields.write_form(model.contract, base) | {keys[column]: text}
    if column == "plan" and text.strip() in ("basic", "plus"):  # a choice is sent by its number
        filled[keys[column]] = fields.to_text(model.contract.column(column), text.strip())
    form = client.post("/form.json", data=filled)
    assert form.status_code == 200
    shown = form.json()["answer"]
    headline = "No prediction yet" if expected[0] == REFUSED else expected[1]
    assert answers == dict.fromkeys(answers, expected)
    assert (shown["status"], shown["headline"]) == (expected[0], headline)


def test_a_column_may_be_named_as_in_the_file(model, client, bundle_file, base, tmp_path):
    padded = {f" {name}  ": value for name, value in base.items()}
    answer = str(model.predict_row(base))
    assert str(model.predict_row(padded)) == answer
    assert str(model.predict([padded])[0]) == answer
    for frame in (pl.DataFrame([padded]), pd.DataFrame([padded])):
        assert str(model.predict(frame)[0]) == answer
        assert predict(bundle_file, frame).frame["prediction"].to_list() == [answer]
    path = tmp_path / "row.csv"
    pl.DataFrame([padded]).write_csv(path)
    assert predict(bundle_file, path, read={"header": True}).frame["prediction"].to_list() == [answer]
    sent = client.post("/predict", json=padded).json()
    assert sent["answers"][0]["prediction"] == answer
    assert sent["answers"][0]["status"] == "ok"


def test_a_date_far_from_training_is_explained_beside_its_field(client, filled, keys):
    shown = client.post("/form.json", data=filled | {keys["since"]: "2999-01-01"}).json()
    field = next(f for group in shown["groups"] for f in group["fields"] if f["name"] == "since")
    assert field["message"]["heading"] == "Far from the dates of training"
    assert field["message"]["severity"] == "warn"
    near = client.post("/form.json", data=filled | {keys["since"]: "2022-12-01"}).json()
    assert near["answer"]["status"] == "ok"


def test_the_page_of_many_cases_tells_how_rows_were_aligned(client, base):
    head, row = (",".join(map(str, cells)) for cells in (base, base.values()))
    lines = [head, row + ",", row + ",", head, row.rpartition(",")[0]]
    files = {"file": ("t.csv", "\n".join(lines) + "\n", "text/csv")}
    result = client.post("/batch.json", files=files).json()["result"]
    assert result["n_rows"] == 3
    told = " ".join(result["tallies"])
    assert "delimiter at the end of 2 rows is ignored" in told or "2 rows have empty cells beyond" in told
    assert "repeats the header" in told
    assert "the last ones are missing" in told
