"""Sets that the user makes: files of their own, sizes, the order of the rows, a number of segments."""

import numpy as np
import polars as pl
import pytest

from groundup.errors import CheckFailed, GroundupError, UsageError
from groundup.workbench.project import Project

OPTIONS = {"learners": ["LogisticRegression"]}


@pytest.fixture
def files(tmp_path, make_frame):
    """A training file, and a test file in another dialect with other columns besides."""
    frame = make_frame(400)
    frame = frame.with_columns(a=pl.col("a").round(3), b=pl.col("b").round(3))
    frame[:300].write_csv(tmp_path / "train.csv")
    frame[300:].select("y", "c", "b", "a", "id", more=pl.lit(1)).write_csv(
        tmp_path / "test.csv", separator=";"
    )
    return tmp_path


def test_a_test_file_is_the_test_set_and_nothing_else(files, make_frame):
    p = Project(files / "train.csv", "y", test=files / "test.csv", path=files / "p", **OPTIONS)
    assert p.split.test.tolist() == list(range(300, 400))
    assert len(p.split.train) + len(p.split.valid) == 300
    assert p.table.frame["a"].dtype == pl.Float64
    assert p.contract.n_rows <= 300
    result = p.build(max_fits=3)
    assert result.part_files["test"].rows == 100
    assert result.data.rows == 300
    answers = p.predict(files / "test.csv")
    truth = make_frame(400)["y"][300:]
    assert (answers["prediction"] == truth).mean() == pytest.approx(result.metrics["test"]["accuracy"])


def test_the_cells_of_a_test_file_reach_no_part_of_the_contract(files):
    planted = pl.read_csv(files / "test.csv", separator=";").with_columns(
        a=pl.lit(987654.0), c=pl.lit("violet")
    )
    planted.write_csv(files / "test.csv")
    p = Project(files / "train.csv", "y", test=files / "test.csv", path=files / "p", **OPTIONS)
    p.build(max_fits=2)
    bundle = p.bundle.read_bytes()
    assert b"987654" not in bundle
    assert b"violet" not in bundle
    assert "violet" not in p.contract.to_json()
    assert "987654" not in p.contract.to_json()


def test_validation_and_test_rows_may_both_be_files_or_frames(files):
    train = pl.read_csv(files / "train.csv")
    p = Project(train[:200], "y", valid=train[200:], test=files / "test.csv", **OPTIONS)
    assert p.split.train.tolist() == list(range(200))
    assert p.split.valid.tolist() == list(range(200, 300))
    assert p.split.origins == {"valid": "the valid frame", "test": "test.csv"}


def test_other_rows_are_another_run(files):
    one = Project(files / "train.csv", "y", test=files / "test.csv", path=files / "p", **OPTIONS).build(
        max_fits=2
    )
    again = Project(files / "train.csv", "y", test=files / "test.csv", path=files / "p", **OPTIONS).build(
        max_fits=2
    )
    assert again.stored
    pl.read_csv(files / "test.csv", separator=";")[:90].write_csv(files / "test.csv")
    other = Project(files / "train.csv", "y", test=files / "test.csv", path=files / "p", **OPTIONS).build(
        max_fits=2
    )
    assert not other.stored
    assert other.settings["test"] != one.settings["test"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda f: f.drop("y"), CheckFailed, r"test\.csv has no target column 'y'"),
        (lambda f: f.rename({"y": "Y"}), CheckFailed, "Rename 'Y' to 'y'"),
        (lambda f: f.drop("a", "c"), CheckFailed, r"no column 'a', 'c'.*\n.*--ignore a"),
        (
            lambda f: f.with_columns(y=pl.lit("maybe")),
            GroundupError,
            r"class.*row 1, column 'y', value 'maybe'",
        ),
        (
            lambda f: f.with_columns(y=pl.lit(None)),
            GroundupError,
            "No row of the test set has a target value",
        ),
    ],
)
def test_files_that_do_not_fit_are_clear_errors(files, change, error, words):
    change(pl.read_csv(files / "test.csv", separator=";")).write_csv(files / "test.csv")
    with pytest.raises(error, match=words):
        _ = Project(files / "train.csv", "y", test=files / "test.csv", **OPTIONS).split


def test_cells_that_cannot_be_read_count_as_missing_with_their_row(files):
    rows = pl.read_csv(files / "test.csv", separator=";").with_columns(pl.col("a").cast(pl.String))
    rows[2, "a"] = "many"
    rows.write_csv(files / "test.csv")
    table = Project(files / "train.csv", "y", test=files / "test.csv").table
    assert table.frame["a"][302] is None
    assert any("row 3: 'many'" in str(note) for note in table.notes)


def test_copies_of_training_rows_in_a_test_file_are_found(files):
    train, test = pl.read_csv(files / "train.csv"), pl.read_csv(files / "test.csv", separator=";")
    pl.concat([test.select(train.columns), train[:40]]).write_csv(files / "test.csv")
    found = Project(files / "train.csv", "y", test=files / "test.csv").audit.findings
    (copies,) = [finding for finding in found if finding.kind == "duplicates"]
    assert "row 101 of test.csv equals row 1" in copies.message


@pytest.mark.parametrize(
    "options",
    [
        {"test_size": "25"},
        {"test_size": 0.2, "valid_size": "10%"},
        {"test_size": 60},
    ],
)
def test_sizes_are_kept(make_frame, options):
    found = Project(make_frame(300), "y", **options).split
    expected = {"25": 25, 0.2: 60, 60: 60}[options["test_size"]]
    assert abs(len(found.test) - expected) <= 1


@pytest.mark.parametrize(
    "options",
    [
        {"test_size": 25.5},
        {"test_size": "half"},
        {"test_size": 0},
        {"test_size": -0.2},
        {"test_size": True},
        {"test_size": 0.2, "test": "test.csv"},
        {"split_column": "c", "test": "test.csv"},
        {"segments": 3},
    ],
)
def test_options_that_contradict_each_other_are_errors_at_once(options):
    with pytest.raises(UsageError):
        Project("nowhere.csv", "y", **options)


def test_rows_in_the_order_of_time(make_frame):
    p = Project(make_frame(300), "y", time="row-order")
    assert p.split.rule == "time"
    assert p.split.test.tolist() == list(range(255, 300))
    assert p.contract.time is None


def test_a_column_of_that_name_is_a_column(make_frame):
    frame = make_frame(300).with_columns(pl.Series("row-order", np.arange(300)[::-1]))
    assert Project(frame, "y", time="row-order").split.test.max() == 44


def test_a_number_of_segments(tmp_path):
    p = Project("sample:iris", ignore=["species"], segments=4, path=tmp_path)
    assert len(p.build().segments) == 4
