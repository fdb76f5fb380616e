"""Planted leaks are found, and tables without leaks pass."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import groundup as gu
from groundup.workbench.audit import LeakFound
from groundup.workbench.audit.sums import find_sum

N = 1500


def honest(task="binary", n=N, seed=0):
    """A table whose columns explain some of the target, none of them too much."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=n), rng.gamma(2, size=n), rng.choice(["red", "green", "blue"], n)
    score = 1.5 * a - 0.5 * b + (c == "red") + rng.normal(size=n)
    y = np.where(score > 0, "yes", "no") if task == "binary" else 200 + 10 * score
    d = pl.Series(rng.normal(size=n)).set(pl.Series(rng.random(n) < 0.2), None)
    return pl.DataFrame({"a": a, "b": b, "c": c, "d": d, "y": y})


def of_classes(kind):
    """A leak of a binary target, as a column."""
    y = honest()["y"].to_numpy()
    yes, rng, n = y == "yes", np.random.default_rng(7), N
    return {
        "recoded": lambda: pl.Series(np.where(yes, 1, 0)),
        "truth value": lambda: pl.Series(yes),
        "nearly copied": lambda: pl.Series(np.where(rng.random(n) < 0.02, ~yes, yes)).cast(pl.String),
        "filled in afterwards": lambda: pl.Series(rng.choice(["x", "y"], n)).set(
            pl.Series(~yes ^ (rng.random(n) < 0.01)), None
        ),
        "emptied afterwards": lambda: pl.Series(rng.normal(size=n)).set(pl.Series(yes), None),
        "zero for one class": lambda: pl.Series(np.where(yes, rng.gamma(2, size=n), 0.0)),
        "number above a border": lambda: pl.Series(rng.uniform(size=n) + 1.001 * yes),
        "below a border": lambda: pl.Series(rng.uniform(size=n) - 1.001 * yes),
        "finer than the target": lambda: pl.Series([f"{v}{rng.integers(4)}" for v in y]),
        "dated": lambda: pl.Series(
            np.datetime64("2024-01-01") + np.where(yes, 1, 90) * np.timedelta64(1, "D")
        ),
    }[kind]()


@pytest.mark.parametrize(
    "kind",
    [
        "recoded",
        "truth value",
        "nearly copied",
        "filled in afterwards",
        "emptied afterwards",
        "zero for one class",
        "number above a border",
        "below a border",
        "finer than the target",
        "dated",
    ],
)
def test_leaks_of_classes_block(kind):
    frame = honest().with_columns(of_classes(kind).alias("leak"))
    found = gu.Project(frame, "y").audit
    assert [f.columns for f in found.blocking] == [("leak",)]
    assert "'leak'" in found.blocking[0].message
    assert found.scores[0].column == "leak"


def of_amounts(kind):
    """A leak of a regression's target, as columns."""
    frame = honest("regression")
    y, rng = frame["y"].to_numpy(), np.random.default_rng(8)
    part = rng.uniform(20, 120, N)
    return {
        "copied": lambda: {"leak": y},
        "in other units": lambda: {"leak": -2.54 * y + 3},
        "logarithm": lambda: {"leak": np.log(y)},
        "rounded": lambda: {"leak": np.round(y)},
        "rank": lambda: {"leak": 1.0 * np.argsort(np.argsort(y))},
        "with noise": lambda: {"leak": y + 0.05 * y.std() * rng.normal(size=N)},
        "a sum": lambda: {"leak": y - part, "rest": part},
        "a difference": lambda: {"leak": y + part, "rest": part},
        "a product": lambda: {"leak": y / part, "rest": part},
        "a sum with a gap": lambda: {"leak": y - part + 0.05 * y.std() * rng.normal(size=N), "rest": part},
        "a weighted sum": lambda: {"leak": 2.5 * (y - part), "rest": part},
    }[kind]()


@pytest.mark.parametrize(
    "kind",
    [
        "copied",
        "in other units",
        "logarithm",
        "rounded",
        "rank",
        "with noise",
        "a sum",
        "a difference",
        "a product",
        "a sum with a gap",
        "a weighted sum",
    ],
)
def test_leaks_of_amounts_block(kind):
    columns = of_amounts(kind)
    found = gu.Project(
        honest("regression").with_columns(**{k: pl.Series(v) for k, v in columns.items()}), "y"
    ).audit
    assert [sorted(f.columns) for f in found.blocking] == [sorted(columns)]
    assert found.blocking[0].kind == ("sum" if len(columns) > 1 else "proxy")


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_table_without_leaks_passes(task):
    found = gu.Project(honest(task), "y").audit
    assert not [f for f in found.findings if f.level != "note"]
    assert {s.column for s in found.scores} == {"a", "b", "c", "d"}
    assert [s.explained for s in found.scores] == sorted((s.explained for s in found.scores), reverse=True)


def test_half_a_leak_warns():
    """A value that only one class ever has, for a tenth of its rows: as the number of a recovered body."""
    frame, rng = honest(), np.random.default_rng(9)
    there = (frame["y"] == "no").to_numpy() & (rng.random(N) < 0.2)
    found = gu.Project(
        frame.with_columns(body=pl.Series(rng.normal(size=N)).set(pl.Series(~there), None)), "y"
    ).audit
    assert [(f.kind, f.level, f.columns) for f in found.findings if f.level != "note"] == [
        ("missingness", "warn", ("body",))
    ]
    assert found.ok


def test_missing_cells_at_random_do_not_warn():
    frame, rng = honest(), np.random.default_rng(10)
    gone = rng.random(N) < np.where(frame["y"] == "yes", 0.5, 0.2)
    found = gu.Project(
        frame.with_columns(e=pl.Series(rng.normal(size=N)).set(pl.Series(gone), None)), "y"
    ).audit
    assert not found.warnings


def test_few_rows_warn_instead_of_block():
    frame = honest(n=150)
    leak = pl.Series((frame["y"] == "yes").to_numpy() + 1e-3 * np.random.default_rng(0).normal(size=150))
    found = gu.Project(frame.with_columns(leak=leak), "y").audit
    assert [f.level for f in found.findings if f.columns == ("leak",)] == ["warn"]


def test_a_strong_measurement_is_only_a_note():
    rng = np.random.default_rng(11)
    x = rng.gamma(3, size=4000)
    frame = pl.DataFrame({"x": x, "z": rng.normal(size=4000), "y": x**1.5 + 1.1 * rng.normal(size=4000)})
    found = gu.Project(frame, "y").audit
    assert 0.85 < found.scores[0].explained < 0.95
    assert [(f.kind, f.level) for f in found.findings] == [("proxy", "note")]


def test_a_linear_target_is_not_a_sum():
    """The target is a linear function of ten columns, but not of a few of them."""
    rng = np.random.default_rng(12)
    X = rng.normal(size=(3000, 10))
    assert find_sum([f"x{j}" for j in range(10)], X, X @ np.arange(1, 11), "y") is None


def test_a_sum_is_reported_with_its_terms():
    rng = np.random.default_rng(13)
    casual, registered = rng.poisson(40, 3000) * 1.0, rng.poisson(150, 3000) * 1.0
    X = np.column_stack([rng.normal(size=3000), casual, registered])
    found = find_sum(["heat", "casual", "registered"], X, casual + registered, "count")
    assert found.columns == ("registered", "casual")
    assert "'count' is computed from other columns: 'registered' + 'casual'" in found.message


def test_out_of_fold_by_group():
    """A level that occurs in one group only explains nothing in another group."""
    rng = np.random.default_rng(14)
    group = np.repeat(np.arange(150), 10)
    label = rng.integers(0, 2, 150)[group]
    frame = pl.DataFrame(
        {"g": group, "site": [f"s{g}" for g in group], "x": rng.normal(size=1500), "y": label}
    )
    by_row = gu.Project(frame, "y", ignore=["g"]).audit
    by_group = gu.Project(frame, "y", group="g").audit
    assert [f.columns for f in by_row.blocking] == [("site",)]
    assert by_group.ok


def test_time_is_respected():
    """Folds by time: a column is judged on later rows."""
    n = 1200
    when = np.datetime64("2020-01-01") + np.arange(n).astype("timedelta64[D]")
    rng = np.random.default_rng(15)
    frame = pl.DataFrame({"when": when, "x": rng.normal(size=n), "y": rng.integers(0, 2, n)})
    found = gu.Project(frame, "y", time="when").audit
    assert found.ok
    assert not [f for f in found.findings if f.kind == "time"]


def test_without_a_target_there_are_no_scores():
    found = gu.Project(honest().drop("y")).audit
    assert found.scores == ()
    assert found.ok


def test_the_sample_s_leak():
    with pytest.raises(LeakFound, match="'exit_survey' reveals 'churned'") as found:
        gu.Project("sample:churn", "churned").audit.check()
    assert "--ignore exit_survey" in found.value.hint
    assert "accept=['exit_survey']" in found.value.hint
    assert gu.Project("sample:churn", "churned", ignore=["exit_survey"]).audit.ok


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_the_other_samples_have_no_leaks(name):
    target = {"iris": "species", "wine": "cultivar", "breast_cancer": "diagnosis", "digits": "digit"}
    found = gu.Project(f"sample:{name}", target.get(name, "progression")).audit
    assert not [f for f in found.findings if f.level != "note"]


def test_where_target_values_do_not_repeat_no_column_is_a_copy():
    """A hundred classes of three rows: any column of different values corresponds to the classes of the training set."""
    frame = gu.read(Path(__file__).parents[1] / "inputs" / "rare_classes_noise.csv")
    assert not gu.Project(frame, "y").audit.blocking
    few = pl.DataFrame({"x": np.arange(60) % 17 * 0.37, "y": [f"class {i % 17}" for i in range(60)]})
    assert [f.kind for f in gu.Project(few, "y").audit.blocking] == ["copy"]
