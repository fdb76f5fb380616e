"""``groundup build`` as a user types it."""

import shutil

import polars as pl
import pytest

QUICK = ("--max-fits", 5, "--learner", "LogisticRegression")


@pytest.fixture
def kept(tmp_path, project):
    """A copy of the project that was built once, to be changed."""
    return shutil.copytree(project, tmp_path / "kept")


def test_terminal_output(built):
    project, said = built
    for word in (
        "240 rows",
        "customer_id",
        "sealed",
        "Leaderboard",
        "Logistic regression",
        "Baseline",
        "Choice",
        "Verdict",
    ):
        assert word in said.out, word
    assert f"groundup predict {project}" in said.out
    assert "\x1b[" not in said.out


@pytest.mark.usefixtures("no_report")
def test_json_is_one_object_with_the_promised_keys(groundup, table, tmp_path):
    said = groundup("build", table, "--target", "left", *QUICK, "--project", tmp_path / "p", "--json")
    found = said.json
    assert {"task", "best", "leaderboard", "metrics", "contract", "bundle", "warnings"} <= set(found)
    assert found["task"] == "binary"
    assert set(found["metrics"]) == {"train", "valid", "test"}
    assert {"roc_auc", "accuracy", "log_loss", "f1", "precision", "recall"} <= set(found["metrics"]["test"])
    row = found["leaderboard"][0]
    assert len(row["fold_scores"]) == 5
    assert row["fit_s"] > 0
    assert row["row_us"] > 0
    assert row["bytes"] > 0
    assert found["contract"]["target"] == "left"
    assert (tmp_path / "p").is_dir()
    again = groundup("build", table, "--target", "left", *QUICK, "--project", tmp_path / "p", "--json").json
    assert again["stored"]
    assert again["metrics"] == found["metrics"]


@pytest.mark.usefixtures("no_report")
def test_the_same_command_prints_the_stored_result(groundup, table, kept):
    words = ("build", table, "--target", "left", *QUICK, "--project", kept)
    said = groundup(*words)
    assert "stored result, nothing was run" in said.out
    assert "--fresh" in said.out
    assert "Leaderboard" in said.out
    fresh = groundup(*words, "--fresh")
    assert "stored result" not in fresh.out


@pytest.mark.usefixtures("no_report")
def test_other_settings_are_a_new_run(groundup, table, kept):
    said = groundup("build", table, "--target", "left", *QUICK, "--project", kept, "--seed", 3)
    assert "A new run: seed changed" in said.out
    words = ("build", table, "--target", "left", *QUICK, "--project", kept, "--json")
    said = groundup(*words, "--seed", 4)
    assert "A new run: seed changed" in said.err
    assert said.json["task"] == "binary"
    assert groundup(*words, "--seed", 5, "--quiet").err == ""


def test_errors_are_objects_with_json(groundup, table, tmp_path):
    said = groundup("build", table, "--target", "lef", "--project", tmp_path / "p", "--json")
    assert said.code == 2
    error = said.json["error"]
    assert error["code"] == 2
    assert "Did you mean 'left'?" in error["problem"]
    assert said.err.startswith("error: ")


def test_a_table_of_one_feature(groundup, tmp_path):
    said = bad(groundup, tmp_path, "a,y\n" + rows(60, "{i}.5,{k}"))
    assert said.code == 0, said
    assert "60 rows, 2 columns; 1 feature:" in said.out


@pytest.mark.slow
def test_segments_without_a_target(groundup, tmp_path):
    path = tmp_path / "people.csv"
    rows = [f"{i},{10 * (i % 3) + i / 100},{7 * (i % 3 == 1) + i / 90}" for i in range(1, 91)]
    path.write_text("CustomerID,income,score\n" + "\n".join(rows) + "\n")
    said = groundup("build", path, "--project", tmp_path / "p", "--max-fits", 10)
    assert said.code == 0, said
    assert "Segments" in said.out
    assert "CustomerID: " in said.out
    found = groundup("build", path, "--project", tmp_path / "p", "--max-fits", 10, "--json").json
    assert found["task"] == "clustering"
    assert found["best"]["params"]["n_clusters"] == 3


# ---------------------------------------------------------------------- bad input: one message, no traceback


def bad(groundup, tmp_path, data, *words, target="y"):
    path = tmp_path / "bad.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return groundup("build", path, "--target", target, "--project", tmp_path / "p", *QUICK, *words)


def rows(n, line):
    return "".join(line.format(i=i, k=i % 2, m=i % 3) + "\n" for i in range(n))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("", "empty"),
        ("a,y\n", "only a header"),
        ("y\n" + rows(20, "{k}"), "no column that can be a feature"),
        ("a,y\n1,0\n", ""),
        ("a,y\n" + rows(30, "{i},1"), "nothing to predict"),
        ("a,y\n" + rows(30, "{i},"), "is missing in all 30 rows"),
        (b"\x00\x01\x02\xff\xfe" * 400, ""),
        ("name,y\n" + rows(30, ",{k}"), "no column that can be a feature"),
    ],
)
def test_what_cannot_be_built(groundup, tmp_path, data, told):
    said = bad(groundup, tmp_path, data)
    assert said.code in {1, 2}, said
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert told in said.err, said.err
    assert "Traceback" not in said.err
    assert "bug" not in said.err, said.err


def test_missing_file(groundup, tmp_path):
    said = groundup("build", tmp_path / "none.csv", "--target", "y")
    assert said.code != 0
    assert "none.csv" in said.err.replace("\n", "")
    assert "bug" not in said.err


def test_wrong_target_name(groundup, table, tmp_path):
    said = groundup("build", table, "--target", "lef", "--project", tmp_path / "p")
    assert said.code == 2
    assert "Did you mean 'left'?" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ("--budget", "soon"),
        ("--budget", "-5s"),
        ("--task", "guess"),
        ("--time", "none"),
        ("--group", "none"),
        ("--learner", "Oracle"),
    ],
)
def test_wrong_options(groundup, table, tmp_path, words):
    said = groundup("build", table, "--target", "left", "--project", tmp_path / "p", *words)
    assert said.code == 2, said
    assert said.err.startswith("error: ")
    assert "bug" not in said.err


def test_usage_errors_come_from_the_shell(groundup, table):
    assert groundup("build", table, "--max-fits", 0).code == 2
    assert groundup("build").code == 2
    assert groundup("fly").code == 2


def test_odd_tables_that_can_be_built(groundup, tmp_path):
    head = "a,b,gone,y\n"
    some_missing = head + rows(60, "{i},{m},,{k}") + "5,1,,\n7,2,,\n"
    said = bad(groundup, tmp_path, some_missing)
    assert said.code == 0, said
    assert "2 rows without a target value are not used" in said.out.replace("\n", " ")
    assert "gone: no training row has a value" in said.out
    lonely = "a,y\n" + rows(60, "{i},{k}") + "61,2\n"
    said = bad(groundup, tmp_path, lonely)
    assert said.code == 0, said
    assert "a single row" in said.out.replace("\n", " ")
    ragged = "a,b,y\n" + rows(40, "{i},{m},{k}") + "1,2,3,4,5\n" + rows(20, "{i},{m},{k}")
    said = bad(groundup, tmp_path, ragged)
    assert said.code == 0, said
    assert "line 42" in said.out.replace("\n", " ") or "1 record" in said.out


@pytest.mark.slow
def test_ten_thousand_columns(groundup, tmp_path):
    n = 10_000
    head = ",".join([*(f"c{i}" for i in range(n)), "y"])
    body = [",".join([*(str((i * j) % 7) for i in range(n)), str(j % 2)]) for j in range(40)]
    said = bad(groundup, tmp_path, head + "\n" + "\n".join(body) + "\n", "--max-fits", 1)
    assert said.code == 0, said.err


def test_a_project_that_cannot_be_written(groundup, table, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("x")
    said = groundup("build", table, "--target", "left", *QUICK, "--project", blocked / "p")
    assert said.code == 1
    assert "bug" not in said.err, said.err


def test_debug_shows_the_traceback(groundup, tmp_path):
    from typer.testing import CliRunner

    from groundup.cli import application
    from groundup.errors import GroundupError

    found = CliRunner().invoke(application(), ["build", str(tmp_path / "none.csv"), "--debug"])
    assert isinstance(found.exception, GroundupError)


@pytest.mark.usefixtures("no_report")
def test_learners_of_the_whole_house(groundup, tmp_path):
    rng_table = pl.DataFrame(
        {"a": range(120), "b": [i % 5 for i in range(120)], "y": [float(i % 7) * 1.5 for i in range(120)]}
    )
    path = tmp_path / "t.parquet"
    rng_table.write_parquet(path)
    found = groundup(
        "build", path, "--target", "y", "--project", tmp_path / "p", "--max-fits", 15, "--json"
    ).json
    assert {row["learner"] for row in found["leaderboard"]} == {
        "LinearRegression",
        "Ridge",
        "HistGradientBoostingRegressor",
        "DummyRegressor",
    }
    assert all(not row["error"] for row in found["leaderboard"])


@pytest.mark.usefixtures("no_report")
def test_a_column_is_left_out_on_request(groundup, table, tmp_path):
    words = ("build", table, "--target", "left", *QUICK, "--project", tmp_path / "p")
    said = groundup(*words, "--ignore", "plan", "--json").json
    assert "plan" in [c["name"] for c in said["contract"]["columns"] if c["role"] == "ignored"]
    again = groundup(*words)
    assert "ignore changed" in again.out
    wrong = groundup(*words, "--ignore", "plann")
    assert wrong.code == 2
    assert "Did you mean 'plan'?" in wrong.err


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(("rule", "told"), [((), "also in the training"), (("--time", "day"), "exact cop")])
def test_copies_of_rows_are_told_once(groundup, table, tmp_path, rule, told):
    """By the audit where two parts have them, else by the contract's note; in build and show alike."""
    head, *rows = table.read_text().splitlines()
    rows = [f"{row},{2000 + i // 12}-{i % 12 + 1:02}-01" for i, row in enumerate(rows)]
    # By time the first rows and their copies are in train; dealt at random, copies of all meet in two parts.
    rows += rows[:3] if rule else rows[:60]
    file = tmp_path / "t.csv"
    file.write_text("\n".join([f"{head},day", *rows]) + "\n")
    words = ("build", file, "--target", "left", *QUICK, "--project", tmp_path / "p", *rule)
    for said in (groundup(*words), groundup("show", tmp_path / "p")):
        assert said.code == 0, said
        words = " ".join(said.out.split())
        assert words.count("exact copies") + words.count("also in the training or validation set") == 1
        assert told in words


def test_an_objective_is_stated_and_reported(groundup, table, tmp_path):
    stated = (
        "--metric",
        "f1",
        "--positive",
        "no",
        "--threshold",
        "precision>=0.7",
        "--cost",
        "actual=yes,predicted=no:3",
    )
    said = groundup("build", table, "--target", "left", *QUICK, *stated, "--project", tmp_path / "p")
    assert said.code == 0, said
    text = " ".join(said.out.split())
    assert "“no” is predicted from a probability of" in text
    assert "Positive class: “no”." in text
    assert "mean_cost" in text
    found = groundup(
        "build", table, "--target", "left", *QUICK, *stated, "--project", tmp_path / "p", "--json"
    ).json
    assert found["stored"]
    assert found["decision"]["positive"] == "no"
    assert found["best"]["metric"] == "f1"
    report = groundup("report", tmp_path / "p", "--markdown").out
    assert "predicting no for an actual yes costs 3" in report
    assert "“no” is predicted from a probability" in groundup("show", found["bundle"]).out
    wrong = groundup("build", table, "--target", "left", "--threshold", "recal>=0.8")
    assert (wrong.code, "Did you mean 'recall'" in wrong.err) == (2, True)


def test_a_weight_column_is_not_needed_to_predict(groundup, table, tmp_path):
    weighted = tmp_path / "weighted.csv"
    frame = pl.read_csv(table).with_columns((pl.arange(240) % 3 + 1).alias("w"))
    frame.write_csv(weighted)
    words = (
        "--target",
        "left",
        *QUICK,
        "--weight",
        "w",
        "--class-weight",
        '{"yes": 2}',
        "--project",
        tmp_path / "p",
    )
    said = groundup("build", weighted, *words)
    assert said.code == 0, said
    assert "Rows count by their weight, w" in " ".join(said.out.split())
    done = groundup("predict", tmp_path / "p", table, "--only")
    assert (done.code, done.out.count("\n")) == (0, 241)
    frame.with_columns(pl.when(pl.arange(240) == 4).then(-1).otherwise("w").alias("w")).write_csv(weighted)
    wrong = groundup("build", weighted, "--target", "left", "--weight", "w")
    assert "row 5, column 'w', value -1" in " ".join(wrong.err.split())
