"""``print(result)``: a few lines that hold what a reader needs first."""

import numpy as np
import polars as pl

from groundup import Project
from groundup.text.numbers import format_number


def test_a_result_prints_as_a_short_text(make_frame, tmp_path):
    result = Project(make_frame(), "y", path=tmp_path, learners=["LogisticRegression"]).build(max_fits=5)
    told = str(result)
    lines = told.splitlines()
    assert told == repr(result)
    assert len(lines) < 25
    assert all(len(line) <= 100 for line in lines if not line.startswith(" Model"))
    assert lines[0] == " Data         table: 300 rows, 5 columns"
    assert lines[1] == " Task         binary: predict y"
    assert lines[2].startswith(" Best         Logistic regression: roc_auc 0.")
    (scores,) = [line for line in lines if line.startswith(" Scores")]
    assert scores.split() == ["Scores", "train", "valid", "test", "baseline"]
    (auc,) = [line for line in lines if line.split()[0] == "roc_auc"]
    parts = ("train", "valid", "test")
    assert auc.split()[1:] == [*(format_number(result.metrics[part]["roc_auc"]) for part in parts), "0.5000"]
    assert result.bundle in lines[-1]


def test_segments_and_warnings_are_told(tmp_path):
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])[rng.integers(0, 3, 150)]
    frame = pl.DataFrame(centers + rng.normal(size=(150, 2)), schema=["a", "b"])
    told = str(Project(frame, path=tmp_path).build(max_fits=12))
    assert "clustering: segments of similar rows" in told
    assert "Segments     0  " in told
    assert "4 to 10 segments were not tried" in " ".join(told.split())
    assert "baseline" not in told
