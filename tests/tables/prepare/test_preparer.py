# ruff: noqa: DTZ001 (naive moments mean UTC here)
"""The preparer as an estimator: scikit-learn's contract, every kind of frame, clone, pickle, state."""

import pickle
from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from groundup.errors import UsageError
from groundup.tables import TablePreparer
from groundup.testing import reference


def mixed(n=200, seed=0):
    rng = np.random.default_rng(seed)
    start = datetime(2020, 1, 31, 22, 15)
    return pl.DataFrame(
        {
            "amount": [None if v < -1 else float(v) for v in rng.normal(size=n)],
            "count": rng.integers(0, 9, n),
            "member": [None if v == 2 else bool(v) for v in rng.integers(0, 3, n)],
            "city": [["Oslo", "Rome", "Łódź", None][k] for k in rng.integers(0, 4, n)],
            "since": [
                None if k % 11 == 0 else start + k * (datetime(2020, 3, 1, 7) - start) for k in range(n)
            ],
            "day": [date(2021, 1, 1 + k % 28) for k in range(n)],
            "empty": [None] * n,
            "same": ["x"] * n,
            "list": [[1]] * n,
        }
    )


@pytest.mark.parametrize(
    ("preprocessing", "name", "check"),
    [
        pytest.param(preprocessing, name, check, id=f"{preprocessing}-{name}")
        for preprocessing in ("linear", "trees")
        for name, check in reference.checks(TablePreparer(preprocessing, n_jobs=1))
    ],
)
def test_satisfies_the_contract_of_a_transformer(preprocessing, name, check):
    check(TablePreparer(preprocessing))


@pytest.mark.parametrize("preprocessing", ["linear", "trees"])
def test_all_sources_and_both_forms_give_the_same_bits(preprocessing):
    frame = mixed()
    preparer = TablePreparer(preprocessing).fit(frame)
    bits = preparer.transform(frame).tobytes()
    sources = {
        "pandas": frame.drop("list").to_pandas(),
        "objects": frame.drop("list", "empty").to_pandas().astype({"city": object}),
        "categorical": frame.with_columns(pl.col("city").cast(pl.Categorical)),
        "lazy": frame.lazy(),
        "arrow": frame.to_arrow(),
        "chunked": pl.concat([frame[:70], frame[70:]], rechunk=False),
        "reordered, with more": frame.select(reversed(frame.columns)).with_columns(more=1),
        "float32 counts": frame.with_columns(pl.col("count").cast(pl.Float32)),
    }
    for name, source in sources.items():
        assert preparer.transform(source).tobytes() == bits, name
    rows = np.stack([preparer.transform_row(row) for row in frame.to_dicts()])
    assert rows.tobytes() == bits
    one_by_one = np.concatenate([preparer.transform(frame[i : i + 1]) for i in range(len(frame))])
    assert one_by_one.tobytes() == bits
    pandas = sources["pandas"]
    one_by_one = np.concatenate([preparer.transform(pandas[i : i + 1]) for i in range(len(frame))])
    assert one_by_one.tobytes() == bits


@pytest.mark.parametrize("preprocessing", ["linear", "trees"])
def test_survives_clone_pickle_and_state(preprocessing):
    frame = mixed()
    preparer = TablePreparer(preprocessing, max_levels=3).fit(frame)
    bits = preparer.transform(frame).tobytes()
    assert clone(preparer).fit(frame).transform(frame).tobytes() == bits
    assert pickle.loads(pickle.dumps(preparer)).transform(frame).tobytes() == bits
    again = TablePreparer.from_state(preparer.get_params(), preparer.get_state())
    assert again.transform(frame).tobytes() == bits
    assert again.ignored_ == preparer.ignored_


def test_lists_the_columns_it_does_not_use():
    assert TablePreparer().fit(mixed()).ignored_ == {
        "empty": "no row has a value",
        "same": "every row has the same value",
        "list": "cells of type List(Int64) are not supported",
    }


@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_threads_do_not_change_bits(n_threads, monkeypatch):
    frame = pl.concat([mixed(5000, seed) for seed in range(4)])
    expected = TablePreparer("linear", n_jobs=1).fit(frame)
    found = TablePreparer("linear", n_jobs=n_threads).fit(frame)
    assert found.get_state()["_plan_data"] == expected.get_state()["_plan_data"]
    assert found.transform(frame).tobytes() == expected.transform(frame).tobytes()


def test_linear_preprocessing_is_scikit_learns_pipeline():
    frame = mixed(400).to_pandas()
    frame["city"] = frame["city"].astype(object).where(frame["city"].notna(), "~none")
    ours = TablePreparer("linear", kinds={"amount": "number", "count": "integer", "city": "category"}).fit(
        frame
    )
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    theirs = ColumnTransformer(
        [("numbers", numbers, ["amount", "count"]), ("levels", OneHotEncoder(sparse_output=False), ["city"])]
    )
    found, expected = ours.transform(frame), theirs.fit_transform(frame)
    names = ours.get_feature_names_out().tolist()
    assert names == [
        "amount",
        "amount_(missing)",
        "count",
        "city_Oslo",
        "city_Rome",
        "city_~none",
        "city_Łódź",
    ]
    kept = found[:, [names.index(n) for n in names if n != "amount_(missing)"]]
    np.testing.assert_allclose(kept, expected, rtol=1e-12, atol=1e-12)
    assert (found[:, 1] == frame["amount"].isna()).all()


def test_weights_repeat_rows():
    frame = mixed(60)
    weight = np.random.default_rng(1).integers(0, 4, 60)
    weighted = TablePreparer("linear").fit(frame, sample_weight=weight.astype(float))
    repeated = TablePreparer("linear").fit(frame[np.repeat(np.arange(60), weight)])
    for name in ("amount", "count", "member"):
        a = next(c for c in weighted.plan_.columns if c.name == name).how
        b = next(c for c in repeated.plan_.columns if c.name == name).how
        assert a.fill == b.fill
        assert a.center == pytest.approx(b.center, rel=1e-7)
        assert a.scale == pytest.approx(b.scale, rel=1e-7)


def test_set_output_names_the_columns():
    frame = mixed()
    preparer = TablePreparer("linear").fit(frame).set_output(transform="pandas")
    made = preparer.transform(frame)
    assert isinstance(made, pd.DataFrame)
    assert made.columns.tolist() == preparer.get_feature_names_out().tolist()
    assert len(set(made.columns)) == made.shape[1]


def test_equal_output_names_are_numbered():
    frame = pl.DataFrame({"a": ["b_c", "d"] * 50, "a_b": ["c", "e"] * 50, "a_d": [1.0, 2.0] * 50})
    assert TablePreparer("linear").fit(frame).get_feature_names_out().tolist() == [
        "a_b_c",
        "a_d",
        "a_b_c_(2)",
        "a_b_e",
        "a_d_(2)",
    ]


def test_bad_input_names_the_column():
    frame = mixed()
    preparer = TablePreparer("linear").fit(frame)
    with pytest.raises(ValueError, match="- amount\n- city"):
        preparer.transform(frame.drop("amount", "city"))
    with pytest.raises(ValueError, match="- city"):
        preparer.transform_row({"amount": 1.0, "count": 1, "member": True})
    with pytest.raises(ValueError, match="'amount' holds String"):
        preparer.transform(frame.with_columns(pl.lit("much").alias("amount")))
    with pytest.raises(ValueError, match="'amount' holds str"):
        preparer.transform_row({**frame.row(0, named=True), "amount": "much"})
    with pytest.raises(ValueError, match=r"infinity.*'amount'"):
        preparer.transform(frame.with_columns(pl.lit(float("inf")).alias("amount")))
    with pytest.raises(ValueError, match=r"infinity.*'amount'"):
        preparer.transform_row({**frame.row(0, named=True), "amount": -np.inf})
    with pytest.raises(ValueError, match="'since' holds Int32, not dates"):
        preparer.transform(frame.with_columns(pl.lit(3).alias("since")))
    with pytest.raises(ValueError, match="'city' holds List"):
        preparer.transform(frame.with_columns(pl.col("list").alias("city")))
    with pytest.raises(ValueError, match="0 sample"):
        TablePreparer().fit(frame[:0])
    with pytest.raises(ValueError, match="no column can be used"):
        TablePreparer().fit(frame.select("empty", "same"))
    with pytest.raises(ValueError, match="unique column names"):
        TablePreparer().fit(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_kinds_can_be_given():
    frame = mixed()
    kinds = {"amount": "number", "count": "category", "city": "identifier"}
    preparer = TablePreparer("linear", kinds=kinds).fit(frame)
    assert preparer.plan_.needed == ("amount", "count")
    assert preparer.ignored_["city"] == "its kind is identifier"
    assert preparer.ignored_["since"] == "it is not a feature"
    with pytest.raises(UsageError, match="Did you mean 'category'"):
        TablePreparer(kinds={"amount": "categorie"}).fit(frame)
    with pytest.raises(UsageError, match="Did you mean 'amount'"):
        TablePreparer(kinds={"amounts": "number"}).fit(frame)


def test_an_array_after_a_frame_is_matched_by_position():
    frame = pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": [3.0, 4.0, 7.0]})
    preparer = TablePreparer("linear").fit(frame)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert preparer.transform(frame.to_numpy()).tobytes() == preparer.transform(frame).tobytes()


def test_a_damaged_state_is_refused():
    preparer = TablePreparer("linear").fit(mixed())
    params, state = preparer.get_params(), preparer.get_state()
    for change in (
        lambda plan: plan["columns"].pop(0) and plan["columns"].append(plan["columns"][0]),
        lambda plan: plan["columns"][0].update(kind="code"),
        lambda plan: plan["columns"][0]["how"].update(scale=0.0),
        lambda plan: plan["columns"][0]["how"].update(center="1"),
        lambda plan: plan["columns"][0].update(name="elsewhere"),
        lambda plan: plan.update(version=2),
        lambda plan: plan.update(columns=[]),
    ):
        damaged = pickle.loads(pickle.dumps(state))
        change(damaged["_plan_data"])
        with pytest.raises(ValueError, match="plan"):
            TablePreparer.from_state(params, damaged)


def test_the_names_of_a_wide_table_are_read_a_few_times_only(monkeypatch):
    """A frame makes the list of its names anew at each question: once per column would be quadratic."""
    asked = []
    columns = pl.DataFrame.columns.fget
    monkeypatch.setattr(pl.DataFrame, "columns", property(lambda self: asked.append(1) or columns(self)))
    frame = pl.DataFrame({f"c{j}": [0.0, 1.0, float(j)] for j in range(300)})
    preparer = TablePreparer("linear", kinds=dict.fromkeys([f"c{j}" for j in range(300)], "number")).fit(
        frame
    )
    assert preparer.transform(pl.concat([frame] * 3)).shape == (9, 300)
    assert len(asked) < 20
