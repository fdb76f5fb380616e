"""Run the command line inside the test's process: fast, with stdout and stderr apart."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

from groundup.cli import application


class Said(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """The one object on stdout."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def groundup():
    """groundup("build", ...) -> Said."""

    def run(*words):
        result = CliRunner().invoke(application(), [str(w) for w in words])
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


def write_table(path: Path, n: int = 240, seed: int = 0) -> Path:
    """A churn-like CSV with an identifier, blanks and a category."""
    rng = np.random.default_rng(seed)
    lines = ["customer_id,age,plan,spend,left"]
    for i in range(n):
        age, plan, spend = rng.integers(18, 80), rng.choice(["basic", "plus"]), rng.gamma(2, 30)
        p = 1 / (1 + np.exp(-(spend - 60) / 12 + (plan == "plus") * 1.5))
        cell = "" if i % 11 == 0 else str(age)
        lines.append(f"C{i:05},{cell},{plan},{spend:.2f},{'yes' if rng.random() < p else 'no'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("data") / "churn.csv")


@pytest.fixture(scope="session")
def built(tmp_path_factory, groundup, table):
    """A project that was built once, and what the command said."""
    path = tmp_path_factory.mktemp("projects") / "churn"
    said = groundup(
        "build",
        table,
        "--target",
        "left",
        "--max-fits",
        5,
        "--learner",
        "LogisticRegression",
        "--project",
        path,
    )
    assert said.code == 0, said
    return path, said


@pytest.fixture(scope="session")
def project(built):
    """A project that was built once."""
    return built[0]
