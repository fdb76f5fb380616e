"""Columns whose names are patterns to Polars go through the whole flow: build, predict, explain, report."""

import polars as pl
import pytest

import groundup as gu
from groundup.workbench.use.explain import explain
from groundup.workbench.use.predict import predict

NAMES = ["*", "^a$", "^.*$", "^(?$"]


@pytest.fixture(scope="module")
def frame(make_frame):
    frame = make_frame(200).drop("id")
    odd = frame.rename({"b": "*", "c": "^a$"}).with_columns(
        pl.Series("^.*$", [f"2024-01-{i % 28 + 1:02}" for i in range(200)]),
        pl.Series("^(?$", ["yes", "no", "-", "NA"] * 50),
    )
    # Two rows of train twice, so that the audit groups rows by all their names.
    return pl.concat([odd, odd.head(8)])


@pytest.fixture(scope="module")
def built(frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("patterns")
    frame.write_csv(path / "t.csv")
    return gu.Project(path / "t.csv", target="y", path=path / "p", learners=["LogisticRegression"]).build(
        max_fits=7
    ), path


def test_it_is_built_with_every_column(built):
    result, _ = built
    assert {f"{name}_" for name in NAMES} <= {c["name"] for c in result.contract["columns"]}
    assert sum("stands for other names too" in note for note in result.notes) == len(NAMES)


def test_rows_of_every_kind_of_input_get_equal_predictions(built, frame):
    result, path = built
    frame.write_parquet(path / "t.parquet")
    frame.head(0).write_csv(path / "none.csv")
    said = [predict(result.bundle, source).frame for source in (path / "t.csv", path / "t.parquet", frame)]
    for one in said:
        assert one["prediction"].equals(said[0]["prediction"])
        assert {f"{name}_" for name in NAMES} <= set(one.columns)
    assert predict(result.bundle, path / "none.csv").frame.height == 0


def test_they_are_explained_and_reported(built, frame):
    result, path = built
    told = explain(result.bundle, frame.head(3))
    assert "contribution_^a$_" in told.frame.columns
    assert "^a$_" in next((path / "p").rglob("report.html")).read_text(encoding="utf-8")
