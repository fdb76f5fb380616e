"""Nothing that stands in the rows of the test set alone is in what a run writes, but its scores."""

import zipfile

import numpy as np
import polars as pl
import pytest

import groundup as gu

PLANTED = ("987654", "1834-05", "verysecret")


@pytest.fixture(scope="module")
def built(make_frame, tmp_path_factory):
    """A project whose test rows hold numbers, a date and a level that no other row has."""
    frame = make_frame(240, seed=5).drop("id")
    frame = frame.with_columns(d=pl.date(2020, 1, 1) + pl.duration(days=pl.arange(240) % 90))
    test = gu.Project(frame, "y").split.test
    is_test = pl.Series(np.isin(np.arange(240), test))
    frame = frame.with_columns(
        a=pl.when(is_test).then(987_654.0).otherwise("a"),
        c=pl.when(is_test).then(pl.lit("verysecret")).otherwise("c"),
        d=pl.when(is_test).then(pl.date(1834, 5, 6)).otherwise("d"),
        only_in_test=pl.when(is_test).then(987_654).otherwise(None),
    )
    project = gu.Project(
        frame, "y", learners=["LogisticRegression"], path=tmp_path_factory.mktemp("sealed") / "p"
    )
    assert np.array_equal(project.split.test, test)
    project.build(max_fits=5)
    return project, frame[test]


def test_no_file_of_a_run_has_them(built):
    project, _ = built
    files = [path for path in project.folder.root.rglob("*") if path.is_file()]
    parts = {path.name: path.read_bytes() for path in files}
    with zipfile.ZipFile(project.bundle) as bundle:
        parts |= {name: bundle.read(name) for name in bundle.namelist()}
    assert len(parts) > 8
    betrayed = {name: word for name, data in parts.items() for word in PLANTED if word.encode() in data}
    assert not betrayed


def test_no_view_of_a_project_has_them(built):
    project, _ = built
    views = [str(project.contract), str(project.audit), project._repr_html_()]
    assert not [word for view in views for word in PLANTED if word in view]
    assert project.contract.ignored["only_in_test"] == "no training row has a value"


def test_predictions_warn_of_them(built):
    project, rows = built
    answer = gu.load(project.bundle).answer(rows)
    told = "; ".join(answer.warnings)
    assert "987654" in told
    assert "verysecret" in told
