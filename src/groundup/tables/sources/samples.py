"""Sample tables: scikit-learn's bundled data sets with real names, and a generated churn table.

``sample:churn`` is drawn from a known model (``churn_chance``), so the best possible score is known: the true
probabilities have a ROC AUC of 0.884. They use the satisfaction of customers who did not answer, which a model cannot, so
it reaches about 0.85 without the leak. The difficulties of the table:

- ``customer_id`` identifies the row; ``joined`` is a date;
- ``age`` and ``income`` have missing values (income more often for young customers: missing at random given age);
- ``satisfaction`` is missing where a customer did not answer, which itself raises the probability of leaving;
- ``exit_survey`` is a planted leak: it is filled in when a customer leaves (in 97% of the cases). A model that uses it
  reaches an AUC near 0.99.

The table is drawn with NumPy's ``RandomState``, whose streams are frozen, so it never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.errors import UsageError, nearest
from groundup.tables.table import Note, Table

CHURN_ROWS = 5000
_CHURN_SEED = 20240229


class Sample(NamedTuple):
    """One sample table: its name, task, target (None if there is none), size, and a description."""

    name: str
    task: str
    target: str | None
    n_rows: int
    about: str


_SAMPLES = (
    Sample("iris", "multiclass", "species", 150, "Fisher's irises: four lengths, three species"),
    Sample("wine", "multiclass", "cultivar", 178, "Italian wines: chemistry, three cultivars"),
    Sample("breast_cancer", "binary", "diagnosis", 569, "Wisconsin biopsies: 30 measures of cell nuclei"),
    Sample("digits", "multiclass", "digit", 1797, "Handwritten digits of 8 x 8 pixels"),
    Sample("diabetes", "regression", "progression", 442, "Diabetes patients: progression after a year"),
    Sample(
        "churn",
        "binary",
        "churned",
        CHURN_ROWS,
        "A generated churn table: categories, dates, blanks, one leak",
    ),
)


def samples() -> tuple[Sample, ...]:
    """Return the tables of ``read("sample:NAME")``."""
    return _SAMPLES


def sample(name: str) -> Table:
    """Return the sample table `name`."""
    known = {s.name: s for s in _SAMPLES}
    if name not in known:
        raise UsageError(
            f"There is no sample {name!r}.{nearest(name, known)}",
            hint=f"The samples are: {', '.join(known)}.",
        )
    if name == "churn":
        note = Note("sample", "generated data; the column 'exit_survey' is a deliberate leak")
        return Table(churn(), name, "sample:churn", (note,))
    from sklearn import datasets  # 0.9 s

    return Table(_LOADERS[name](datasets), name, f"sample:{name}")


def _iris(datasets) -> pl.DataFrame:
    bunch = datasets.load_iris()
    names = [n.replace(" (cm)", "_cm").replace(" ", "_") for n in bunch.feature_names]
    return _frame(bunch.data, names, "species", bunch.target_names[bunch.target])


def _wine(datasets) -> pl.DataFrame:
    bunch = datasets.load_wine()
    names = [n.replace("od280/od315_of_diluted_wines", "od280_od315") for n in bunch.feature_names]
    labels = np.array(["cultivar 1", "cultivar 2", "cultivar 3"])  # the file has the classes 1, 2, 3
    return _frame(bunch.data, names, "cultivar", labels[bunch.target])


def _breast_cancer(datasets) -> pl.DataFrame:
    bunch = datasets.load_breast_cancer()
    names = [n.replace(" ", "_") for n in bunch.feature_names]
    return _frame(bunch.data, names, "diagnosis", bunch.target_names[bunch.target])


def _digits(datasets) -> pl.DataFrame:
    bunch = datasets.load_digits()
    return _frame(
        bunch.data.astype(np.int64), list(bunch.feature_names), "digit", bunch.target.astype(np.int64)
    )


def _diabetes(datasets) -> pl.DataFrame:
    bunch = datasets.load_diabetes(scaled=False)
    long = {
        "s1": "cholesterol",
        "s2": "ldl",
        "s3": "hdl",
        "s4": "cholesterol_hdl_ratio",
        "s5": "log_triglycerides",
    }
    long |= {"s6": "glucose", "bp": "blood_pressure"}
    frame = _frame(
        bunch.data, [str(long.get(n, n)) for n in bunch.feature_names], "progression", bunch.target
    )
    sex = pl.when(pl.col("sex") == 1).then(pl.lit("1")).otherwise(pl.lit("2"))
    return frame.with_columns(sex.alias("sex"))  # the file does not define the codes


_LOADERS: dict[str, Callable[..., pl.DataFrame]] = {
    "iris": _iris,
    "wine": _wine,
    "breast_cancer": _breast_cancer,
    "digits": _digits,
    "diabetes": _diabetes,
}


def _frame(data: np.ndarray, names: list[str], target: str, values: np.ndarray) -> pl.DataFrame:
    columns = [pl.Series(name, np.ascontiguousarray(data[:, j])) for j, name in enumerate(names)]
    shown = [str(v) for v in values] if values.dtype.kind in "US" else values
    return pl.DataFrame([*columns, pl.Series(target, shown)])


def churn(n_rows: int = CHURN_ROWS, seed: int = _CHURN_SEED) -> pl.DataFrame:
    """Return a churn table of `n_rows` customers; see the module's docstring."""
    draw = np.random.RandomState(seed)  # its streams never change
    who = _customers(draw, n_rows)
    left = draw.uniform(size=n_rows) < churn_chance(who)
    days = (who["months"] * 30.44).astype(np.int64) + draw.randint(0, 28, n_rows)
    joined = (np.datetime64("2024-12-31") - days).astype("datetime64[us]")
    blanks = {
        "region": draw.uniform(size=n_rows) < 0.02,
        "age": draw.uniform(size=n_rows) < 0.04,
        "income": draw.uniform(size=n_rows) < np.where(who["age"] < 30, 0.25, 0.08),
        "satisfaction": who.pop("silent"),
    }
    shown = {
        name: _with_missing(values, blanks[name]) if name in blanks else values
        for name, values in who.items()
    }
    return pl.DataFrame(
        {
            "customer_id": [f"C{1_000_000 + 37 * i % 899_981:07d}" for i in range(n_rows)],
            "joined": pl.Series(joined).cast(pl.Date),
            **shown,
            "exit_survey": _exit_survey(draw, left),
            "churned": np.where(left, "yes", "no"),
        }
    )


def _customers(draw, n_rows: int) -> dict[str, np.ndarray]:
    """Return customers without missing values; ``silent`` marks those who did not answer the satisfaction survey."""
    months = np.minimum(1 + draw.exponential(26, n_rows).astype(np.int64), 96)
    contract = _pick(draw, n_rows, ("monthly", "one year", "two years"), (0.55, 0.25, 0.20))
    plan = _pick(draw, n_rows, ("basic", "plus", "family", "business"), (0.40, 0.30, 0.20, 0.10))
    regions = ("north", "south", "east", "west", "islands")
    region = _pick(draw, n_rows, regions, (0.27, 0.25, 0.24, 0.20, 0.04))
    payment = _pick(draw, n_rows, ("card", "direct debit", "invoice", "wallet"), (0.35, 0.3, 0.2, 0.15))
    autopay, paperless = draw.uniform(size=n_rows) < 0.55, draw.uniform(size=n_rows) < 0.6
    age = np.clip(np.round(draw.normal(46, 16, n_rows)), 18, 92)
    income = np.round(np.exp(draw.normal(10.3, 0.45, n_rows)), -2)
    fee = np.select([plan == "basic", plan == "plus", plan == "family"], [19.0, 34.0, 52.0], 79.0)
    fee = np.round(fee * draw.uniform(0.85, 1.25, n_rows), 2)
    data_gb = np.round(draw.gamma(2.0, 9.0, n_rows), 1)
    calls, late = draw.poisson(1.3, n_rows), draw.poisson(0.7, n_rows)
    satisfaction = np.clip(np.round(7.4 - 0.7 * calls + draw.normal(0, 1.6, n_rows)), 1, 10)
    return {
        "months": months,
        "contract": contract,
        "plan": plan,
        "region": region,
        "payment": payment,
        "autopay": autopay,
        "paperless": paperless,
        "age": age,
        "income": income,
        "monthly_fee": fee,
        "data_gb": data_gb,
        "support_calls": calls,
        "late_payments": late,
        "satisfaction": satisfaction,
        "silent": draw.uniform(size=n_rows) < 0.18,
    }


def churn_chance(who: dict[str, np.ndarray]) -> np.ndarray:
    """Return the true probability of leaving.

    Its log odds are linear in contract, months, support calls, late payments, satisfaction, plan, fee and age, with an
    interaction (late payments matter more without autopay) and a threshold (the first year).
    """
    odds = (
        -1.45
        + np.select([who["contract"] == "one year", who["contract"] == "two years"], [-1.5, -2.6], 0.0)
        + 1.3 * (who["months"] <= 12)
        - 0.018 * who["months"]
        + 0.45 * who["support_calls"]
        + who["late_payments"] * np.where(who["autopay"], 0.25, 0.75)
        - 0.30 * (who["satisfaction"] - 6)
        + 0.6 * who["silent"]
        + 0.5 * (who["plan"] == "business")
        + 0.022 * (who["monthly_fee"] - 35)
        - 0.01 * (who["age"] - 46)
    )
    return 1 / (1 + np.exp(-1.25 * odds))


def _with_missing(values: np.ndarray, missing: np.ndarray) -> pl.Series:
    """Return `values` with some of them missing."""
    return pl.Series(values).set(pl.Series(missing), None)


def _exit_survey(draw, left: np.ndarray) -> pl.Series:
    """Return the leak: a reason for 97% of those who left, and for 0.5% of the others, surveyed by mistake."""
    reasons = np.array(["price", "service", "moved", "competitor"])[draw.randint(0, 4, len(left))]
    surveyed = draw.uniform(size=len(left)) < np.where(left, 0.97, 0.005)
    return pl.Series(reasons).set(pl.Series(~surveyed), None)


def _pick(draw, n_rows: int, levels: tuple[str, ...], shares: tuple[float, ...]) -> np.ndarray:
    return np.array(levels)[np.searchsorted(np.cumsum(shares)[:-1], draw.uniform(size=n_rows))]
