"""``groundup predict`` and ``show``: every row answered or told why not."""

import io
import json

import polars as pl
import pytest


def test_stdout_is_csv_in_the_input_order(groundup, project, table):
    said = groundup("predict", project, table)
    found = pl.read_csv(io.StringIO(said.out))
    assert said.code == 0
    assert found["customer_id"].to_list() == pl.read_csv(table)["customer_id"].to_list()
    assert {"prediction", "probability_no", "probability_yes", "problem"} <= set(found.columns)
    assert "240 rows" in said.err
    assert groundup("predict", project, table, "--quiet").err == ""


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_files_by_their_ending(groundup, project, table, tmp_path, ending):
    path = tmp_path / f"out.{ending}"
    assert groundup("predict", project, table, "-o", path).code == 0
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}[ending]
    found = read(path)
    assert found.height == 240
    p = found["probability_yes"].to_list()
    first = pl.read_csv(io.StringIO(groundup("predict", project, table, "-q").out))[
        "probability_yes"
    ].to_list()
    assert p == pytest.approx(first)


def test_bad_cells_are_listed_and_the_rest_is_answered(groundup, project, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("spend,plan,age,extra\n50,basic,30,x\nmuch,plus,40,x\n60,gold,1e999,x\n70,gold,33,=1+1\n")
    said = groundup("predict", project, path, "-o", tmp_path / "out.csv")
    assert said.code == 0
    found = pl.read_csv(tmp_path / "out.csv")
    assert found["prediction"].is_null().to_list() == [False, True, True, False]
    assert "'much'" in found["problem"][1]
    assert "'gold' was not seen" in found["problem"][3]
    assert found["extra"][3] == "'=1+1"
    assert "2 rows have no prediction" in said.err
    assert "row 2, column 'spend'" in said.err
    told = groundup("predict", project, path, "-o", tmp_path / "out.jsonl", "--json").json
    assert (told["rows"], told["without_prediction"], told["doubtful"]) == (4, 2, 1)
    assert told["unused_columns"] == ["extra"]
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows[3]["extra"] == "=1+1"
    assert rows[1]["prediction"] is None


def test_missing_column_is_code_3_with_its_name(groundup, project, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("plan,age\nbasic,30\n")
    said = groundup("predict", project, path)
    assert said.code == 3
    assert "'spend'" in said.err


def test_only_the_predictions(groundup, project, table):
    header = groundup("predict", project, table, "--only", "-q").out.splitlines()[0]
    assert header == "prediction,probability_no,probability_yes,problem"


@pytest.mark.parametrize("words", [("-o", "out.xls"), ("--json",)])
def test_wrong_output(groundup, project, table, words):
    said = groundup("predict", project, table, *words)
    assert said.code == 2
    assert "error: " in said.err


def test_inputs_are_never_replaced(groundup, project, table):
    before = table.read_bytes()
    assert groundup("predict", project, table, "-o", table).code == 2
    assert table.read_bytes() == before


def test_no_such_bundle(groundup, table, tmp_path):
    for path in (tmp_path / "none.groundup", tmp_path):
        said = groundup("predict", path, table)
        assert said.code in (1, 2)
        assert "bug" not in said.err
    damaged = tmp_path / "damaged.groundup"
    damaged.write_bytes(b"PK\x03\x04 nothing of worth")
    assert groundup("predict", damaged, table).code == 3


def test_show_a_project_and_a_bundle(groundup, project):
    said = groundup("show", project)
    assert said.code == 0
    assert "Leaderboard" in said.out
    assert "Verdict" in said.out
    found = groundup("show", project, "--json").json
    said = groundup("show", found["bundle"])
    assert said.code == 0
    assert "LogisticRegression" in said.out
    assert "replayed" in said.out.replace("\n", " ")
    told = groundup("show", found["bundle"], "--json").json
    assert told["target"] == "left"
    assert told["metrics"]["test"] == found["metrics"]["test"]
    assert groundup("show", project.parent).code in (1, 2)
