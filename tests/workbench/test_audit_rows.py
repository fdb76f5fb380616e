"""Rows in two parts, identifiers, recurring subjects, columns that repeat each other, dates."""

import uuid

import numpy as np
import polars as pl
import pytest

import groundup as gu
from groundup.workbench.audit.duplicates import duplicates
from groundup.workbench.audit.identifiers import identifier, is_subject
from groundup.workbench.audit.repeats import repeats


def table(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    return pl.DataFrame({"a": a, "b": b, "y": np.where(a + rng.normal(size=n) > 0, "yes", "no")})


def found_of(frame, **options):
    return gu.Project(frame, "y", **options).audit.findings


def of_kind(frame, kind, **options):
    return [f for f in found_of(frame, **options) if f.kind == kind]


# ---------------------------------------------------------------------- duplicates


def slow_twins(frame, y, parts):
    """Test rows with the features and the target of a row in another part, counted by comparing all pairs."""
    rows = [(*row, value) for row, value in zip(frame.rows(), y.tolist(), strict=True)]
    elsewhere = {rows[i] for part in ("train", "valid") for i in parts[part]}
    return sorted(i + 1 for i in parts["test"] if rows[i] in elsewhere)


@pytest.mark.parametrize("seed", range(5))
def test_duplicates_equal_a_naive_version(seed):
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {"a": rng.integers(0, 6, 200), "b": [["x", "y", None][k] for k in rng.integers(0, 3, 200)]}
    )
    y = rng.integers(0, 2, 200)
    order = rng.permutation(200)
    parts = {"train": order[:140], "valid": order[140:170], "test": order[170:]}
    twins = slow_twins(frame, y, parts)
    found = [f for f in duplicates(frame, y, parts) if f.kind == "duplicates"]
    assert found[0].score == pytest.approx(len(twins) / 30)
    assert list(found[0].rows) == twins[:5]


def test_column_names_do_not_matter():
    rng = np.random.default_rng(0)
    y, cells = rng.integers(0, 2, 200), rng.integers(0, 3, (200, 7))
    parts = {"train": np.arange(140), "valid": np.arange(140, 170), "test": np.arange(170, 200)}
    plain = duplicates(pl.DataFrame(cells), y, parts)
    names = ["rows", "tested", "elsewhere", "test_rows", "target", "row", "part"]
    assert plain
    assert duplicates(pl.DataFrame(cells, schema=names), y, parts) == plain


@pytest.mark.parametrize(("copies", "level"), [(10, "note"), (200, "warn"), (1000, "block")])
def test_level_by_share(copies, level):
    frame = table()
    found = of_kind(pl.concat([frame, frame.head(copies)]), "duplicates")
    assert [f.level for f in found] == [level]
    assert found[0].rows
    first = found[0].rows[0]
    assert f"row {first:,} equals row" in found[0].message


def test_equal_rows_by_chance_do_not_block():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"a": rng.integers(0, 3, 900), "b": rng.integers(0, 4, 900)})
    frame = frame.with_columns(y=((pl.col("a") + pl.col("b")) % 2))
    found = of_kind(frame, "duplicates")
    assert [f.level for f in found] == ["note"]
    assert "some rows must be equal" in found[0].message


def test_identifiers_do_not_make_rows_different():
    frame = table(400)
    twice = pl.concat([frame, frame]).with_row_index("row_id")
    assert of_kind(twice, "duplicates")[0].score > 0.8


def test_groups_keep_copies_together():
    frame = table(400).with_row_index("who")
    assert not of_kind(pl.concat([frame, frame]), "duplicates", group="who")


def test_conflicting_rows_are_a_note():
    frame = table(400)
    twisted = frame.head(20).with_columns(
        y=pl.when(pl.col("y") == "yes").then(pl.lit("no")).otherwise(pl.lit("yes"))
    )
    found = of_kind(pl.concat([frame, twisted]), "conflicts")
    assert [f.level for f in found] == ["note"]
    assert "equal features and different targets" in found[0].message


def test_no_duplicates_no_finding():
    assert not of_kind(table(), "duplicates")


# ---------------------------------------------------------------------- identifiers and subjects


def column(kind, n=300):
    rng = np.random.default_rng(1)
    return {
        "shuffled counter": lambda: pl.Series("c", rng.permutation(n)),
        "counter with gaps": lambda: pl.Series("c", np.cumsum(rng.integers(1, 90, n))),
        "named like one": lambda: pl.Series("case_id", rng.choice(10**7, n, replace=False)),
        "uuid": lambda: pl.Series("c", [str(uuid.UUID(int=int(v))) for v in rng.integers(0, 200, n)]),
        "hash": lambda: pl.Series("c", [f"{int(v):032x}" for v in rng.integers(0, 220, n)]),
        "measurement": lambda: pl.Series("c", rng.normal(size=n)),
        "whole measurement": lambda: pl.Series("c", rng.integers(0, 10**6, n)),
        "category": lambda: pl.Series("c", rng.choice(["x", "y"], n)),
        "few hex words": lambda: pl.Series("c", rng.choice(["deadbeefdeadbeef", "0123456789abcdef"], n)),
    }[kind]()


@pytest.mark.parametrize("kind", ["shuffled counter", "counter with gaps", "named like one", "uuid", "hash"])
def test_identifiers_warn(kind):
    assert identifier(column(kind)).level == "warn"


@pytest.mark.parametrize("kind", ["measurement", "whole measurement", "category", "few hex words"])
def test_measurements_are_not_identifiers(kind):
    assert identifier(column(kind)) is None


def test_columns_ignored_by_the_contract_are_not_reported_again():
    assert not of_kind(table().with_row_index("row_id"), "identifier")


def test_recurring_subjects():
    frame = table().with_columns(patient_id=pl.Series([f"P{i // 5}" for i in range(1000)]))
    found = of_kind(frame, "subject")
    assert [(f.level, f.columns) for f in found] == [("warn", ("patient_id",))]
    assert "--group patient_id" in found[0].remedy
    assert not of_kind(frame, "subject", group="patient_id")
    assert not is_subject(pl.Series("plan_id", ["a", "b"] * 200))  # two kinds, not two hundred subjects


# ---------------------------------------------------------------------- repeats


def test_columns_that_repeat_each_other():
    rng = np.random.default_rng(2)
    x = rng.normal(size=500)
    words = rng.choice(["one", "two", "three"], 500)
    frame = pl.DataFrame(
        {
            "metres": x,
            "feet": 3.28 * x + 1,
            "cubed": x**3,
            "class": words,
            "code": [{"one": 1, "two": 2, "three": 3}[w] for w in words],
            "other": rng.normal(size=500),
        }
    )
    assert [f.columns for f in repeats(frame)] == [("class", "code"), ("metres", "feet"), ("metres", "cubed")]


def test_columns_with_different_missing_rows_are_different():
    rng = np.random.default_rng(3)
    x = pl.Series(rng.normal(size=500))
    frame = pl.DataFrame({"a": x, "b": x.set(pl.Series(rng.random(500) < 0.2), None)})
    assert repeats(frame) == []


def test_many_repeats_are_one_finding():
    x = np.random.default_rng(4).normal(size=200)
    found = repeats(pl.DataFrame({f"x{j}": x * (j + 1) for j in range(15)}))
    assert len(found) == 1
    assert "14 columns repeat another one" in found[0].message


# ---------------------------------------------------------------------- dates


def test_a_random_split_of_dates_is_a_note():
    days = pl.Series(np.datetime64("2023-01-01") + np.arange(1000).astype("timedelta64[D]"))
    frame = table().with_columns(day=days.shuffle(seed=1))
    found = of_kind(frame, "time")
    assert [f.level for f in found] == ["note"]
    assert "2023-01-01 to 2025-09-26" in found[0].message
    assert "--time day" in found[0].remedy
    assert not of_kind(frame, "time", time="day")


def test_dates_after_the_time_column_warn():
    days = np.datetime64("2023-01-01") + np.arange(1000).astype("timedelta64[D]")
    late = days + np.random.default_rng(5).integers(1, 30, 1000).astype("timedelta64[D]")
    frame = table().with_columns(asked=pl.Series(days), answered=pl.Series(late))
    found = of_kind(frame, "time", time="asked")
    assert [(f.level, f.columns) for f in found] == [("warn", ("answered",))]
