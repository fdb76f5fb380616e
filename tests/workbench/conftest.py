"""Small problems that every test of the flow can pose."""

import numpy as np
import polars as pl
import pytest

from groundup.tables import Contract, read, split
from groundup.workbench.problem import pose


def make_frame(n=300, seed=0, task="binary"):
    """A table with numbers, blanks, a category, and a target that depends on them."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    c = rng.choice(["red", "green", "blue"], n)
    score = a - 0.7 * b + (c == "red") + 0.5 * rng.normal(size=n)
    target = {
        "binary": lambda: np.where(score > 0, "yes", "no"),
        "multiclass": lambda: np.array(["low", "mid", "top"])[np.digitize(score, [-0.5, 0.8])],
        "regression": lambda: 100 + 10 * score,
    }[task]()
    frame = pl.DataFrame({"id": [f"r{i:04}" for i in range(n)], "a": a, "b": b, "c": c, "y": target})
    return frame.with_columns(pl.when(pl.arange(n) % 17 == 0).then(None).otherwise("b").alias("b"))


def make_problem(task="binary", n=300, seed=0):
    """The problem that such a table poses."""
    table = read(make_frame(n, task=task))
    contract = Contract.infer(table, "y")
    return pose(table, contract, split(table, contract, seed=seed), seed)


@pytest.fixture(scope="session", name="make_frame")
def frame_maker():
    """make_frame(n, seed, task): a table."""
    return make_frame


@pytest.fixture(scope="session")
def problem():
    """The problem of the binary table."""
    return make_problem()
