"""The description of a segment in words."""

import numpy as np
import polars as pl

from groundup.tables import Contract, read
from groundup.workbench.steps.segment_profile import profile


def test_words_and_numbers():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    frame = pl.DataFrame(
        {
            "income": np.array([10.0, 100.0, 10.0])[labels] + rng.normal(size=100),
            "city": np.array(["Oslo", "Rome", "Oslo"])[labels],
            "noise": rng.normal(size=100),
        }
    )
    found = profile(frame, labels, Contract.infer(read(frame)))
    assert [(s.number, s.rows, s.share) for s in found] == [(0, 50, 0.5), (1, 30, 0.3), (2, 20, 0.2)]
    assert "high income" in found[1].words
    assert "mostly city Rome (100%, all 30%)" in found[1].words
    assert "low income" in found[0].words
    assert found[1].values["city"] == "Rome"


def test_an_average_segment():
    frame = pl.DataFrame({"a": [1.0, 2.0, 3.0, 4.0] * 10})
    found = profile(frame, np.zeros(40, dtype=int), Contract.infer(read(frame)))
    assert found[0].words == "near the average in every column"
