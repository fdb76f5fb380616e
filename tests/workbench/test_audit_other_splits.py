"""Repeated keys and dates: the other split is suggested where a quick model is clearly worse under it."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from groundup.workbench.project import Project


def customers(n=150, k=6, *, of_customer=True):
    """Several rows a customer; the target is the customer's, or follows from the rows."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(n), k)
    size = rng.normal(size=(n, 2))[who]
    spend = rng.normal(size=n * k)
    y = (rng.random(n) < 0.4)[who] if of_customer else spend + 0.3 * rng.normal(size=n * k) > 0
    return pl.DataFrame(
        {
            "person": [f"K{i:03}" for i in who],
            "height": size[:, 0],
            "weight": size[:, 1],
            "visit": np.tile(np.arange(k), n),
            "spend": spend,
            "y": np.where(y, "yes", "no"),
        }
    )


def countries(n=40, years=25):
    rng = np.random.default_rng(1)
    level = np.repeat(5 * rng.normal(size=n), years)
    return pl.DataFrame(
        {
            "country": [f"C{i}" for i in np.repeat(np.arange(n), years)],
            "year": np.tile(np.arange(1995, 1995 + years), n),
            "gdp": np.repeat(3 * rng.normal(size=n), years) + rng.normal(size=n * years),
            "y": level + rng.normal(size=n * years),
        }
    )


def dated(*, drifts, n=1200):
    rng = np.random.default_rng(2)
    day, x = rng.integers(0, 1500, n), rng.normal(size=n)
    effect = np.cos(day / 300) if drifts else 1.0
    return pl.DataFrame(
        {
            "when": [date(2020, 1, 1) + timedelta(int(i)) for i in day],
            "x": x,
            "z": rng.normal(size=n),
            "y": np.where(x * effect + 0.3 * rng.normal(size=n) > 0, "a", "b"),
        }
    )


def findings(frame, kind, **options):
    return [finding for finding in Project(frame, "y", **options).audit.findings if finding.kind == kind]


@pytest.mark.parametrize(("frame", "key"), [(customers(), "person"), (countries(), "country")])
def test_a_repeated_key_is_suggested_as_group_with_both_scores(frame, key):
    (found,) = findings(frame, "subject")
    assert found.level == "warn"
    assert found.columns == (key,)
    assert f"--group {key}" in found.remedy
    assert "on rows drawn at random and" in found.message
    assert found.message.endswith("clearly less")
    assert not findings(frame, "subject", group=key)


def test_a_key_without_a_clear_difference_is_not_suggested():
    assert not findings(customers(of_customer=False), "subject")


def test_an_ordinary_category_is_no_key():
    rng = np.random.default_rng(3)
    frame = dated(drifts=False).with_columns(state=rng.choice([f"S{i}" for i in range(40)], 1200))
    assert not findings(frame, "subject")


def test_dates_are_suggested_as_time_with_both_scores_where_the_latest_rows_differ():
    (found,) = findings(dated(drifts=True), "time")
    assert found.level == "warn"
    assert "--time when" in found.remedy
    assert found.message.endswith("on the latest rows, clearly less")
    (found,) = findings(dated(drifts=False), "time")
    assert found.level == "note"
    assert "quick model" not in found.message
    assert not findings(dated(drifts=True), "time", time="when")


def test_the_same_rows_give_the_same_scores():
    assert findings(customers(), "subject") == findings(customers(), "subject")
