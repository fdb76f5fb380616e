"""``print(result)``: a few lines with the main results."""

import numpy as np
import polars as pl

from groundup import Project
from groundup.text.numbers import format_number, format_with_error


def test_a_result_prints_as_a_short_text(make_frame, tmp_path):
    result = Project(make_frame(), "y", path=tmp_path, learners=["LogisticRegression"]).build(max_fits=5)
    told = str(result)
    lines = told.splitlines()
    assert told == repr(result)
    assert len(lines) < 25
    assert all(len(line) <= 100 for line in lines if not line.startswith(" Model"))
    assert lines[0] == " Data         table: 300 rows, 5 columns; 3 features: 2 number, 1 category"
    assert lines[1].startswith(" Task         binary classification of y: ")
    (best,) = [line for line in lines if line.split()[:3] == ["*", "Logistic", "regression"]]
    row = result.leaderboard[0]
    assert format_with_error(row.mean, row.margin) in best
    (scores,) = [line for line in lines if line.split()[0] == "Score"]
    assert scores.split() == ["Score", "Training", "Validation", "Test", "Baseline"]
    (auc,) = [line for line in lines if line.split()[0] == "roc_auc"]
    parts = ("train", "valid", "test")
    assert auc.split()[1:] == [*(format_number(result.metrics[part]["roc_auc"]) for part in parts), "0.5000"]
    assert result.bundle in lines[-1]


def test_segments_and_warnings_are_told(tmp_path):
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])[rng.integers(0, 3, 150)]
    frame = pl.DataFrame(centers + rng.normal(size=(150, 2)), schema=["a", "b"])
    told = str(Project(frame, path=tmp_path).build(max_fits=12))
    assert "clustering: find segments of similar rows" in told
    assert "Segments     3 segments" in told
    assert "4 to 10 segments were not tried" in " ".join(told.split())
    assert "aseline" not in told
