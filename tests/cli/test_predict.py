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
    assert (told["rows"], told["without_prediction"], told["with_warnings"]) == (4, 2, 1)
    assert told["unused_columns"] == ["extra"]
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows[3]["extra"] == "=1+1"
    assert rows[1]["prediction"] is None


def test_no_row_predicted_is_code_3_and_the_output_is_written(groundup, project, tmp_path):
    path, out = tmp_path / "new.csv", tmp_path / "out.csv"
    path.write_text("spend,plan,age\nmuch,plus,40\n60,gold,old\n")
    assert groundup("predict", project, path, "-o", out).code == 3
    found = pl.read_csv(out)
    assert found["prediction"].is_null().all()
    assert found["problem"].to_list()[0] == "column 'spend': 'much' is not a number"


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


# ---------------------------------------------------------------------- labels and cells to the letter


@pytest.fixture(scope="module")
def signs(groundup, table, tmp_path_factory, without_report):
    """A project whose labels begin with signs."""
    folder = tmp_path_factory.mktemp("signs")
    path = folder / "signs.csv"
    text = table.read_text().replace(",yes\n", ",@nein\n").replace(",no\n", ",-\n")
    path.write_text(text)
    words = ("build", path, "--target", "left", "--max-fits", 5, "--learner", "LogisticRegression")
    with without_report():
        assert groundup(*words, "--project", folder / "p").code == 0
    return folder / "p", path


def test_labels_are_written_as_they_are(groundup, signs):
    said = groundup("predict", *signs)
    found = pl.read_csv(io.StringIO(said.out))
    assert set(found["prediction"]) == {"@nein", "-"}
    assert {"probability_@nein", "probability_-"} <= set(found.columns)
    assert found["left"].to_list() == pl.read_csv(signs[1])["left"].to_list()
    assert "apostrophe" not in said.err


def test_changed_cells_are_counted_and_raw_changes_none(groundup, project, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("spend,plan,age,extra,phone\n50,basic,30,=1+1,+49 1\n60,plus,40,-yes,-\n")
    said = groundup("predict", project, path)
    found = pl.read_csv(io.StringIO(said.out))
    assert found["extra"].to_list() == ["'=1+1", "-yes"]
    assert found["phone"].to_list() == ["+49 1", "-"]
    assert "1 cell that a spreadsheet would run as a formula has an apostrophe" in said.err
    told = groundup("predict", project, path, "-o", tmp_path / "out.csv", "--json").json
    assert told["escaped_cells"] == 1
    said = groundup("predict", project, path, "--raw")
    assert pl.read_csv(io.StringIO(said.out))["extra"].to_list() == ["=1+1", "-yes"]
    assert "apostrophe" not in said.err
    told = groundup("predict", project, path, "-o", tmp_path / "out.csv", "--json", "--raw").json
    assert told["escaped_cells"] == 0


def test_a_header_alone_is_an_empty_result(groundup, project, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("spend,plan,age\n")
    said = groundup("predict", project, path)
    assert said.code == 0
    assert said.out.strip() == "spend,plan,age,prediction,probability_no,probability_yes,problem"
    assert "0 rows" in said.err
    assert "no rows" in said.err
    assert groundup("predict", project, path, "-o", tmp_path / "o.csv", "--json").json["rows"] == 0
    for ending in ("parquet", "jsonl"):
        assert groundup("predict", project, path, "-o", tmp_path / f"o.{ending}").code == 0


def test_one_row_is_one(groundup, project, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("spend,plan,age\n50,basic,30\n")
    err = groundup("predict", project, path).err
    assert "1 row\n" in err
    path.write_text("spend,plan,age\nmuch,basic,30\n60,gold,30\n")
    err = groundup("predict", project, path).err
    assert "1 row has no prediction" in err
    assert "1 row has a warning" in err


def test_parquet_from_text_keeps_what_was_written(groundup, project, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(f"spend,plan,age,big\n50.10,basic,30,{2**53 + 1}\nmuch,plus,40,7\n")
    assert groundup("predict", project, path, "-o", tmp_path / "o.parquet").code == 0
    found = pl.read_parquet(tmp_path / "o.parquet")
    assert found["spend"].to_list() == ["50.10", "much"]
    assert found["age"].to_list() == [30, 40]
    assert found["big"].to_list() == [2**53 + 1, 7]


# ---------------------------------------------------------------------- errors as objects


@pytest.mark.parametrize(
    "words", [("predict", "none.groundup", "none.csv", "-o", "out.csv"), ("show", "none")]
)
def test_an_error_is_one_object_with_json(groundup, words):
    said = groundup(*words, "--json")
    found = said.json["error"]
    assert set(found) == {"problem", "hint", "file", "row", "column", "value", "code"}
    assert found["code"] == said.code != 0
    assert said.err.startswith("error: ")
    assert found["problem"] in said.err


def test_a_bundle_is_loaded_once(groundup, project, monkeypatch):
    from groundup.ship.bundle import files

    loads = []
    load = files._load
    monkeypatch.setattr(files, "_load", lambda *words: loads.append(words) or load(*words))
    bundle = groundup("show", project, "--json").json["bundle"]
    assert groundup("show", bundle).code == 0
    assert len(loads) == 1


# ---------------------------------------------------------------------- many rare levels, and how a file was read


def write_tickets(path, first: int, n: int, *, plan: str = "basic"):
    lines = ["ticket,plan,spend,left"]
    for i in range(first, first + n):
        ticket = f"T{i}" if i % 3 else f"shared {i % 5}"
        lines.append(f"{ticket},{plan if i % 2 else 'plus'},{i % 50},{'yes' if i % 50 > 25 else 'no'}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def tickets(groundup, tmp_path_factory, without_report):
    folder = tmp_path_factory.mktemp("tickets")
    words = ("build", write_tickets(folder / "t.csv", 0, 300), "--target", "left", "--max-fits", 5)
    words += ("--accept", "spend")  # it tells all of the target
    with without_report():
        said = groundup(*words, "--learner", "LogisticRegression", "--project", folder / "p", "--json")
    assert "ticket" in [c["name"] for c in said.json["contract"]["columns"] if c["role"] == "feature"]
    return folder / "p"


def test_levels_that_are_usually_new_are_one_line_for_the_column(groundup, tickets, tmp_path):
    new = write_tickets(tmp_path / "new.csv", 1000, 90)
    said = groundup("predict", tickets, new, "-o", tmp_path / "out.csv")
    assert "a warning" not in said.err
    told = " ".join(said.err.split())
    assert told.count("'ticket'") == 1
    assert (
        "column 'ticket': 60 rows have values not seen in training (usual for this column): 'T1000', 'T1001'"
        in told
    )
    found = pl.read_csv(tmp_path / "out.csv")["problem"].to_list()
    assert sum(p is not None and "was not seen" in p for p in found) == 60


def test_an_unusual_level_is_a_doubt_about_its_rows(groundup, tickets, tmp_path):
    new = write_tickets(tmp_path / "new.csv", 1000, 90, plan="gold")
    said = groundup("predict", tickets, new, "-o", tmp_path / "out.csv")
    assert "45 rows have a warning" in said.err
    assert "column 'plan': 45 rows have values not seen in training: 'gold', ..." in said.err
    told = groundup("predict", tickets, new, "-o", tmp_path / "out.csv", "--json").json
    assert told["with_warnings"] == 45
    assert [(t["column"], t["n_rows"], t["usual"]) for t in told["by_column"]] == [
        ("plan", 45, False),
        ("ticket", 60, True),
    ]
    assert all("plan" in problem for problem in told["problems"])


@pytest.mark.usefixtures("no_report")
def test_how_the_training_file_was_read_is_remembered(groundup, table, tmp_path):
    odd = tmp_path / "odd.csv"
    odd.write_bytes(table.read_text().replace(",", "~").replace("plus", "pl\u00fcs").encode("cp1252"))
    stated = ("--delimiter", "~", "--encoding", "cp1252")
    words = ("build", odd, "--target", "left", "--max-fits", 5, "--learner", "LogisticRegression")
    assert groundup(*words, *stated, "--project", tmp_path / "p").code == 0
    plain = groundup("predict", tmp_path / "p", odd, *stated)
    assert "read as" not in plain.err
    said = groundup("predict", tmp_path / "p", odd)
    assert said.out == plain.out
    assert "read like the training file: delimiter '~', encoding 'cp1252'" in said.err
    # A file that does not have the columns when read so is read by detection.
    usual = tmp_path / "usual.csv"
    usual.write_text(table.read_text().replace("plus", "pl\u00fcs"), encoding="utf-8")
    said = groundup("predict", tmp_path / "p", usual, "-o", tmp_path / "o.csv", "--json").json
    assert said["read_as_in_training"] == {}
    assert said["by_column"] == []
    # What is stated now wins.
    mixed = tmp_path / "mixed.csv"
    mixed.write_bytes(usual.read_text(encoding="utf-8").encode("cp1252"))
    said = groundup("predict", tmp_path / "p", mixed, "--delimiter", ",")
    assert "read like the training file: encoding 'cp1252'" in said.err


def test_a_name_that_comes_twice_is_told(groundup, project, tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("spend,plan,age,age\n50,basic,30,1\n60,plus,40,1\n")
    said = groundup("predict", project, path, "-o", tmp_path / "out.csv")
    told = "column 4 repeats the name 'age': it is renamed to 'age_2'"
    assert told in said.err
    assert groundup("predict", project, path, "-o", tmp_path / "out.csv", "--json").json[
        "renamed_columns"
    ] == [told]


def test_columns_that_are_lost_say_what_to_rename_and_which_delimiter(groundup, project, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("SPEND,plan,age\n50,basic,30\n")
    assert "The input has 'SPEND': rename it to 'spend'" in groundup("predict", project, path).err
    path.write_text("spend;plan;age\n50;basic;30\n")
    assert "set the delimiter to ';'" in groundup("predict", project, path, "--delimiter", ",").err
