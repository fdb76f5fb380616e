"""``groundup explain``: a row in words, a table of all."""

import json

import polars as pl


def test_a_row_in_words(groundup, project, table):
    said = groundup("explain", project, table, "--row", 2)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("Row 2: ")
    assert len([line for line in lines if line.startswith("  “")]) == 3
    assert "on average over training rows" in said.out
    assert groundup("explain", project, table).out.startswith("Row 1: ")
    assert len(groundup("explain", project, table, "--top", 1).out.splitlines()) == 4


def test_a_row_as_json(groundup, project, table):
    told = groundup("explain", project, table, "--row", 2, "--json").json
    assert told["row"] == 2
    assert told["prediction"] in ("yes", "no")
    assert told["base"] + sum(told["contributions"].values()) - told["score"] < 1e-9
    assert set(told["contributions"]) == {"age", "plan", "spend"}


def test_a_table_of_all(groundup, project, table, tmp_path):
    said = groundup("explain", project, table, "-o", tmp_path / "out.parquet")
    assert said.code == 0
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found.height == 240
    assert {"score", "base", "reasons", "contribution_spend", "problem"} <= set(found.columns)
    assert "240 rows" in said.err
    assert ",".join(found.columns[:5]) == table.read_text().splitlines()[0]
    csv = groundup("explain", project, table, "-o", "-", "-q", "--only")
    assert csv.out.splitlines()[0].split(",")[0] == "prediction"
    assert (
        json.loads(groundup("explain", project, table, "-o", tmp_path / "o.csv", "--json").out)["rows"] == 240
    )


def test_wrong_use(groundup, project, table):
    assert "There is no row 999" in groundup("explain", project, table, "--row", 999).err
    assert groundup("explain", project, table, "--row", 0).code == 2
    assert groundup("explain", project, table, "--row", 1, "-o", "x.csv").code == 2
    assert groundup("explain", project, table, "-o", "x.doc").code == 2
    assert "Did you mean" in groundup("explain", project, table, "--label", "yess").err


def test_a_doubt_about_a_column_that_is_no_reason_is_told_too(groundup, project, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("spend,plan,age\n50,glod,30\n")
    said = groundup("explain", project, path, "--top", 1)
    assert "Warning: column 'plan': 'glod' was not seen in training" in said.out
    assert "glod" in groundup("explain", project, path, "--json").json["problem"]
