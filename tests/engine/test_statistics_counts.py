"""Counts: exact, in any order of rows and blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.engine.rows import Memory, Rows
from groundup.engine.statistics.counts import Counts


def counts(codes, n_codes, n_threads=1):
    codes = np.asarray(codes, dtype=np.int64)
    return Rows(Memory(np.zeros((len(codes), 1))), {"codes": codes}, n_threads).reduce(
        Counts, "codes", n_codes
    )


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
def test_counts_equal_bincount_for_any_blocks(codes, data):
    expected = np.bincount(codes, minlength=5).tolist()
    assert counts(codes, 5).finish().tolist() == expected
    at = data.draw(st.integers(0, len(codes)))
    if 0 < at < len(codes):
        assert counts(codes[:at], 5).merge(counts(codes[at:], 5)).finish().tolist() == expected
    assert counts(codes, 5).merge(Counts(np.zeros(5, dtype=np.int64))).finish().tolist() == expected


def test_threads_change_nothing():
    codes = np.random.default_rng(0).integers(0, 7, 50_000)
    assert counts(codes, 7, 4).finish().tolist() == np.bincount(codes).tolist()


@pytest.mark.parametrize("bad", [-1, 3])
def test_a_code_out_of_range_is_reported(bad):
    with pytest.raises(ValueError, match=f"row 2 of 'codes' holds {bad}"):
        counts([0, 1, bad], 3)
