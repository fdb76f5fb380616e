"""Segments: only k-means can be requested, and the warnings of its fits are reported."""

import warnings

import numpy as np
import polars as pl
import pytest

from groundup import Project
from groundup.errors import UsageError
from groundup.models import KMeans
from groundup.workbench.steps import segment
from groundup.workbench.steps.learners import LearnerEntry, Learners


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])[rng.integers(0, 3, 150)]
    return pl.DataFrame(centers + rng.normal(size=(150, 2)), schema=["a", "b"])


def test_other_learners_are_refused(points, tmp_path):
    with pytest.raises(UsageError, match="no model 'KMean' for clustering"):
        Project(points, learners=["KMean"], path=tmp_path / "a").build(budget=None, max_fits=5)
    with pytest.raises(UsageError, match="no model 'Ridge' for clustering"):
        Project(points, learners=["Ridge"], path=tmp_path / "b").build(budget=None, max_fits=5)


def test_a_clusterer_of_another_package_is_refused_with_the_reason(monkeypatch):
    other = LearnerEntry("Other", KMeans)
    monkeypatch.setattr(segment, "learners_of", lambda task, names: Learners((other,), ()))
    with pytest.raises(UsageError, match="Only KMeans can find segments, not 'Other'"):
        segment.compare(None, None, None, None, ["Other"])


def test_k_means_may_be_named(points, tmp_path):
    assert Project(points, learners=["KMeans"], path=tmp_path).build(max_fits=10).best.learner == "KMeans"


def test_warnings_of_fits_reach_the_result(points, tmp_path, monkeypatch):
    fit = KMeans.fit

    def warned(self, X, y=None, sample_weight=None):
        warnings.warn("two centres are one\nmore of it", UserWarning, stacklevel=2)
        return fit(self, X, y, sample_weight)

    monkeypatch.setattr(KMeans, "fit", warned)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = Project(points, path=tmp_path).build(max_fits=10)
    assert "2, 3 segments: two centres are one." in result.warnings


def _verdict(train, valid, test, error=0.027):
    values = {"train": train, "valid": valid, "test": test}
    errors = {"valid": error, "test": error}
    return segment._verdict({part: {"silhouette": v} for part, v in values.items()}, errors)


def test_the_verdict_names_the_part_that_differs():
    told = _verdict(0.4431, 0.2460, 0.4264, error=0.055)
    assert told.startswith(
        "The segments hold on the test set, but the silhouette on the validation set is lower"
    )
    assert "0.2460 on the validation set" in told
    assert "hold on the validation set, but the silhouette on the test set is lower" in _verdict(
        0.4431, 0.4264, 0.2460
    )
    assert "do not hold well" in _verdict(0.4431, 0.24, 0.25)
    assert _verdict(0.4431, 0.43, 0.4264).startswith("The segments hold on unseen rows")


def test_segments_are_numbered_by_size_and_skipped_numbers_reported(tmp_path):
    rng = np.random.default_rng(0)
    which = np.repeat([0, 1, 2], [30, 100, 60])
    centers = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])[which]
    frame = pl.DataFrame(centers + rng.normal(size=(190, 2)), schema=["a", "b"])[rng.permutation(190)]
    project = Project(frame, path=tmp_path)
    result = project.build(max_fits=12)
    assert [s.number for s in result.segments] == [0, 1, 2]
    assert [s.rows for s in result.segments] == sorted((s.rows for s in result.segments), reverse=True)
    assert "4 to 10 segments were not tried" in " ".join(result.warnings)
    said = project.predict(frame)["prediction"].value_counts().sort("prediction")["count"].to_list()
    assert said == [100, 60, 30]
