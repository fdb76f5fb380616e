"""Reports of small runs: one of each task, and one whose every text is hostile."""

import numpy as np
import polars as pl
import pytest

import groundup as gu
from groundup.errors import GroundupError

HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>|`*_[a](http://b)\u202e\x1b[31m{{7*7}}"
)


def frame_of(task: str, n: int = 240, seed: int = 0) -> pl.DataFrame:
    """A table whose target depends on three of its columns."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=n), rng.normal(size=n), rng.choice(["red", "green", "blue"], n)
    score = a - 0.7 * b + (c == "red") + 0.5 * rng.normal(size=n)
    frame = pl.DataFrame({"id": [f"r{i:04}" for i in range(n)], "a": a, "b": b, "c": c})
    targets = {
        "binary": lambda: np.where(score > 0, "yes", "no"),
        "multiclass": lambda: np.array(["low", "mid", "top"])[np.digitize(score, [-0.5, 0.8])],
        "regression": lambda: 100 + 10 * score,
    }
    return frame.with_columns(y=targets[task]()) if task in targets else frame


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """built(task): a project that was built once."""
    made = {}

    def build(task):
        if task not in made:
            folder = tmp_path_factory.mktemp("report") / task
            target = None if task == "clustering" else "y"
            made[task] = gu.Project(frame_of(task), target, path=folder)
            made[task].build(max_fits=12)
        return made[task]

    return build


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """A project whose columns, levels and labels are hostile, and its report's page and Markdown."""
    frame = frame_of("binary").rename({"a": f"a{HOSTILE}", "c": f"c{HOSTILE}", "y": f"y{HOSTILE}"})
    named = [f"c{HOSTILE}", f"y{HOSTILE}"]
    frame = frame.with_columns(pl.col(name) + HOSTILE for name in named)
    project = gu.Project(
        frame, f"y{HOSTILE}", path=tmp_path_factory.mktemp("hostile") / "p", learners=["LogisticRegression"]
    )
    try:
        project.build(max_fits=5)
    except GroundupError as error:  # pragma: no cover (said, not hidden)
        pytest.fail(str(error))
    return project
