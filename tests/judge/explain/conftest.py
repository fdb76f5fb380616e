"""A small table with every kind of column, and models of it."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.pipeline import Pipeline

from groundup.tables import TablePreparer
from groundup.tables.prepare import preprocessing_of

BEGIN = datetime(2020, 1, 1)  # noqa: DTZ001 (naive means UTC here)


def table(n=400, seed=0):
    rng = np.random.default_rng(seed)
    months = rng.integers(1, 60, n)
    plan = rng.choice(["basic", "plus", "pro"], n, p=[0.6, 0.3, 0.1])
    frame = pl.DataFrame(
        {
            "months": months,
            "fee": [None if rng.random() < 0.1 else float(v) for v in rng.gamma(3, 10, n)],
            "plan": plan.tolist(),
            "auto": (rng.random(n) < 0.4).tolist(),
            "since": [BEGIN + timedelta(days=int(d)) for d in rng.integers(0, 900, n)],
            "noise": rng.normal(size=n),
        }
    )
    z = (
        1.5 * (plan == "pro")
        - 0.05 * months
        + 0.04 * frame["fee"].fill_null(30).to_numpy()
        + 0.3 * rng.normal(size=n)
    )
    return frame, z


@pytest.fixture(scope="session")
def rows():
    """(frame, z): the table, and a score that it says much about."""
    return table()


@pytest.fixture(scope="session")
def fitted():
    """fitted(learner, frame, y, preprocessing=None) -> Pipeline."""

    def fit(learner, frame, y, preprocessing=None):
        preparer = TablePreparer(preprocessing or preprocessing_of(learner))
        return Pipeline([("prepare", preparer), ("learn", learner)]).fit(frame, y)

    return fit
