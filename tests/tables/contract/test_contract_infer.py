"""What a contract says of a table: kinds, roles, targets, JSON."""

# ruff: noqa: DTZ001 - a moment in a table has no zone: it is UTC

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest

from groundup.errors import CheckFailed, GroundupError, UsageError
from groundup.tables import Contract, Level, Table, read

N = 40
FRAME = pl.DataFrame(
    {
        "customer_id": [f"C{i:05d}" for i in range(N)],
        "row": range(N),
        "code": [2**60 + i for i in range(N)],
        "amount": [i / 3 if i % 9 else None for i in range(N)],
        "count": [i % 11 for i in range(N)],
        "plan": ["basic", "plus", None, "basic"] * 10,
        "open": [True, False] * 20,
        "joined": [dt.date(2024, 1, 1) + dt.timedelta(days=i % 17) for i in range(N)],
        "remark": [f"called on day {i} about the bill and was angry" for i in range(N)],
        "name": [f"Ann{i} Lee" for i in range(N)],
        "same": ["x"] * N,
        "empty": pl.Series([None] * N, dtype=pl.String),
        "list": [[1, 2]] * N,
        "left": ["yes", "no", "no", "no"] * 10,
    }
)


def test_kinds_roles_and_reasons():
    contract = Contract.infer(FRAME, "left")
    kinds = {c.name: c.kind for c in contract.columns}
    assert kinds == {
        "customer_id": "identifier", "row": "identifier", "code": "identifier", "amount": "number", "count": "integer",
        "plan": "category", "open": "boolean", "joined": "datetime", "remark": "text", "name": "identifier",
        "same": "constant", "empty": "missing", "list": "nested", "left": "category",
    }  # fmt: skip
    assert contract.features == ("amount", "count", "plan", "open", "joined")
    assert set(contract.ignored) == {"customer_id", "row", "code", "remark", "name", "same", "empty", "list"}
    assert all(contract.ignored.values())
    noted = {note.column for note in contract.notes if note.kind == "ignored"}
    assert noted == set(contract.ignored)


def test_summaries_of_columns():
    contract = Contract.infer(FRAME, "left", units={"amount": "EUR"})
    amount, plan, joined = (contract.column(n) for n in ("amount", "plan", "joined"))
    values = FRAME["amount"].drop_nulls().to_numpy()
    assert amount.missing == 5 / 40
    assert (amount.minimum, amount.maximum) == (values.min(), values.max())
    expected = np.quantile(
        values, [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1], method="closest_observation"
    )
    assert np.allclose(amount.quantiles, expected, atol=1 / 3)
    assert amount.unit == "EUR"
    assert plan.levels == (Level(value="basic", count=20), Level(value="plus", count=10))
    assert (joined.minimum, joined.maximum) == ("2024-01-01", "2024-01-17")
    assert contract.example["plan"] == "basic"
    assert contract.example["joined"] == "2024-01-08"


def test_only_training_rows_are_described():
    frame = pl.DataFrame(
        {
            "x": [*range(0, 40, 2), 987_654],
            "n": range(21),
            "c": [*("a", "b") * 10, "planted"],
            "d": [dt.date(2024, 1, 1 + i % 9) for i in range(20)] + [dt.date(1900, 1, 1)],
            "late": [None] * 20 + [5.0],
            "y": [*("no", "yes") * 10, "never"],
        }
    )
    contract = Contract.infer(frame, "y", rows=np.arange(20))
    assert contract.n_rows == 20
    assert contract.column("x").maximum == 38
    assert {level.value for level in contract.column("c").levels} == {"a", "b"}
    assert contract.column("d").minimum == "2024-01-01"
    assert contract.ignored == {"late": "no training row has a value", "n": "it numbers the rows"}
    assert {label.value: label.count for label in contract.labels} == {"never": 0, "no": 10, "yes": 10}
    warned = contract.conform(frame[20:]).problems
    assert set(warned["column"]) >= {"x", "c"}


def test_the_example_is_no_row_of_the_table():
    frame = FRAME.with_columns(ticket=pl.Series([f"T{i % 33}" for i in range(N)]))
    example = Contract.infer(frame, "left").example
    assert "ticket" not in example or example["ticket"] == "T0"
    rare = Contract.infer(pl.DataFrame({"code": ["a", "b", "c", "d"], "y": [0, 1, 0, 1]}), "y")
    assert rare.example == {"code": None}


def test_json_round_trip():
    for target in ("left", "amount", "open", None):
        contract = Contract.infer(FRAME, target)
        again = Contract.from_json(contract.to_json())
        assert again == contract
        assert again.digest == contract.digest
        assert [type(label.value) for label in again.labels] == [
            type(label.value) for label in contract.labels
        ]
    assert Contract.infer(FRAME, "count", "regression").digest != contract.digest


def test_damaged_and_newer_json_is_refused():
    good = json.loads(Contract.infer(FRAME, "left").to_json())
    with pytest.raises(GroundupError, match=r"not a contract"):
        Contract.from_json("{")
    with pytest.raises(GroundupError, match=r"not a contract"):
        Contract.from_json("[" * 100_000)
    with pytest.raises(CheckFailed, match=r"version 3.*reads versions up to 2"):
        Contract.from_json(json.dumps(good | {"version": 3}))
    for change in (
        {"surprise": 1},
        {"task": "multiclass"},
        {"target": "plan"},
        {"columns": good["columns"] * 2},
        {"n_rows": 0},
    ):
        with pytest.raises(GroundupError, match=r"damaged"):
            Contract.from_json(json.dumps(good | change))
    bad = json.loads(json.dumps(good))
    bad["columns"][3]["minimum"] = 1e9
    with pytest.raises(GroundupError, match=r"above maximum"):
        Contract.from_json(json.dumps(bad))


@pytest.mark.parametrize(
    ("values", "task", "labels", "noted"),
    [
        (["yes", "no"] * 20, "binary", ["no", "yes"], False),
        ([True, False] * 20, "binary", [False, True], False),
        ([0, 1] * 20, "binary", [0, 1], False),
        ([1.0, 0.0] * 20, "binary", [0.0, 1.0], True),
        ([1.5, 2.5] * 20, "regression", [], True),
        (["a", "b", "c", "c"] * 10, "multiclass", ["a", "b", "c"], False),
        ([3, 4, 5, 6] * 10, "multiclass", [3, 4, 5, 6], True),
        ([float(i) for i in range(4)] * 10, "multiclass", [0.0, 1.0, 2.0, 3.0], True),
        ([i % 15 for i in range(400)], "regression", [], True),
        (list(range(0, 80, 2)), "regression", [], False),
        ([i / 7 for i in range(40)], "regression", [], False),
    ],
)
def test_the_task_is_inferred_from_the_target(values, task, labels, noted):
    frame = pl.DataFrame({"x": np.random.default_rng(0).normal(size=len(values)), "y": values})
    contract = Contract.infer(frame, "y")
    assert contract.task == task
    assert [label.value for label in contract.labels] == labels
    assert [type(label.value) for label in contract.labels] == [type(v) for v in labels]
    assert any(n.kind == "task" for n in contract.notes) == noted
    got = contract.target_values(frame)
    assert got.tolist() == values
    assert np.array_equal(contract.classes, np.unique(np.array(values))) or task == "regression"


def test_rows_without_a_target_value_are_not_used():
    frame = FRAME.with_columns(left=pl.when(pl.col("row") < 30).then("left"))
    contract = Contract.infer(frame, "left")
    assert (contract.n_rows, contract.n_target_missing) == (30, 10)
    assert any("10 rows without a target value are not used" in n.message for n in contract.notes)
    assert contract.column("count").levels == ()
    with pytest.raises(GroundupError, match=r"no target.*row 31"):
        contract.target_values(frame)
    assert len(contract.target_values(frame, np.arange(30))) == 30


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("empty", "is missing in all 40 rows"),
        ("same", "'x' in every row: there is nothing to predict"),
        ("list", "must have numbers, text, or true and false"),
        ("joined", "must have numbers, text, or true and false"),
        ("customer_id", "40 classes in 40 rows, which is too many"),
    ],
)
def test_unsuitable_targets_are_refused(column, told):
    with pytest.raises(GroundupError, match=told):
        Contract.infer(FRAME, column)


def test_numbers_with_fractions_are_not_classes():
    """scikit-learn's learners refuse them, so a contract must not promise them."""
    frame = pl.DataFrame({"x": np.arange(40) * 0.3, "y": [0.5, 1.0, 1.5, 2.0] * 10})
    assert Contract.infer(frame, "y").task == "regression"
    for task in ("classification", "multiclass"):
        with pytest.raises(GroundupError, match=r"with fractions cannot be classes"):
            Contract.infer(frame, "y", task=task)


def test_infinite_targets_are_reported_by_row():
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0], "y": [1.0, float("inf"), 2.5]})
    with pytest.raises(GroundupError, match=r"infinite value.*row 2, column 'y'"):
        Contract.infer(frame, "y")


def test_wrong_names_and_tasks():
    with pytest.raises(
        UsageError, match=r"no column 'lfet'.*Did you mean 'left'.*\n.*The columns are: 'customer_id'"
    ):
        Contract.infer(FRAME, "lfet")
    with pytest.raises(UsageError, match=r"\(time\)"):
        Contract.infer(FRAME, "left", time="when")
    with pytest.raises(UsageError, match=r"different columns"):
        Contract.infer(FRAME, "left", group="left")
    with pytest.raises(UsageError, match=r"Unknown task 'rank'"):
        Contract.infer(FRAME, "left", "rank")
    with pytest.raises(UsageError, match=r"needs a target"):
        Contract.infer(FRAME, task="regression")
    with pytest.raises(UsageError, match=r"Clustering has no target"):
        Contract.infer(FRAME, "left", "clustering")
    with pytest.raises(GroundupError, match=r"Regression needs numbers.*'yes'"):
        Contract.infer(FRAME, "left", "regression")
    with pytest.raises(GroundupError, match=r"binary task needs two classes.*has 11"):
        Contract.infer(FRAME, "count", "binary")
    with pytest.raises(GroundupError, match=r"no rows"):
        Contract.infer(FRAME.clear(), "left")


def test_time_and_group_columns():
    contract = Contract.infer(FRAME, "left", time="joined", group="plan")
    assert contract.column("joined").role == "time"
    assert contract.column("plan").role == "group"
    assert contract.features == ("amount", "count", "open")
    assert Contract.infer(FRAME, "left", time="row").column("row").role == "time"
    with pytest.raises(GroundupError, match=r"time column 'remark'.*\n.*not dates"):
        Contract.infer(FRAME, "left", time="remark")


def test_given_kinds_and_ignored_columns():
    contract = Contract.infer(FRAME, "left", kinds={"count": "category", "row": "integer"}, ignore=["amount"])
    assert contract.column("count").kind == "category"
    assert contract.column("count").levels[0] == Level(value=0, count=4)
    assert "row" in contract.features
    assert contract.ignored["amount"] == "excluded by the user"
    with pytest.raises(UsageError, match=r"String cannot be of kind 'number'.*\n.*types="):
        Contract.infer(FRAME, "left", kinds={"plan": "number"})
    with pytest.raises(UsageError, match=r"Unknown kind 'numbr'"):
        Contract.infer(FRAME, "left", kinds={"count": "numbr"})


def test_a_table_without_features_is_refused():
    with pytest.raises(
        GroundupError,
        match=r"no column that can be a feature.*\n.*'same' every training row has the value 'x'",
    ):
        Contract.infer(FRAME.select("same", "left"), "left")
    with pytest.raises(GroundupError, match=r"no column that can be a feature"):
        Contract.infer(FRAME.select("left"), "left")


def test_clustering_a_single_row_is_refused():
    with pytest.raises(GroundupError, match=r"no column that can be a feature"):
        Contract.infer(pl.DataFrame({"a": [1], "b": ["x"]}))


@pytest.mark.slow
def test_ten_thousand_columns():
    rng = np.random.default_rng(0)
    wide = pl.DataFrame(rng.normal(size=(30, 10_000)), schema=[f"c{j}" for j in range(10_000)])
    contract = Contract.infer(wide.with_columns(y=pl.Series(rng.integers(0, 2, 30))), "y")
    assert len(contract.features) == 10_000
    assert contract.conform(wide).problems.height == 0


def test_formats_of_the_source_are_kept(tmp_path):
    (tmp_path / "a.csv").write_text("d;a;y\n31.12.2023;1,5;u\n01.02.2024;2,5;v\n02.02.2024;2,75;u\n")
    contract = Contract.infer(read(tmp_path / "a.csv"), "y")
    assert contract.column("d").format == "dmy"
    assert contract.column("a").format == "decimal_comma"
    row = contract.conform_row({"d": "03.01.2024", "a": "2,25"})
    assert row.values == {"d": dt.datetime(2024, 1, 3), "a": 2.25}
    assert not row.problems


def test_digest_of_a_table():
    table = Table(FRAME, "t", "here")
    chunked = pl.concat([FRAME.head(7), FRAME.slice(7)], rechunk=False)
    assert Table(chunked, "other", "there").digest == table.digest
    changes = [
        FRAME.reverse(),
        FRAME.rename({"row": "rows"}),
        FRAME.select(FRAME.columns[::-1]),
        FRAME.with_columns(pl.col("count").cast(pl.Int32)),
        FRAME.with_columns(plan=pl.col("plan").fill_null("")),
        FRAME.with_columns(amount=pl.col("amount").fill_null(0.0)),
        FRAME.head(39),
    ]
    assert len({Table(f, "t", "here").digest for f in changes} | {table.digest}) == 8
    split_words = [pl.DataFrame({"a": ["ab", "c"]}), pl.DataFrame({"a": ["a", "bc"]})]
    assert Table(split_words[0], "", "").digest != Table(split_words[1], "", "").digest


def test_duplicate_rows_are_counted_and_noted():
    rows = {
        "a": [1, 2, 1, 1, 3, 2, 1],
        "b": ["x", "y", "x", "z", "x", "y", "x"],
        "t": [0.1, 2, 0.1, 1, 1, 2, 0.1],
    }
    (note,) = [
        n for n in Contract.infer(pl.DataFrame(rows), "t", task="regression").notes if n.kind == "copies"
    ]
    assert note.message.startswith("3 rows are exact copies of an earlier row (rows 3, 6, 7);")
    (note,) = [n for n in Contract.infer(pl.DataFrame(rows)[:4]).notes if n.kind == "copies"]
    assert note.message.startswith("1 row is an exact copy of an earlier row (row 3);")
    assert not [n for n in Contract.infer(pl.DataFrame(rows)[:2], "t").notes if n.kind == "copies"]


def test_a_regression_with_two_values_is_noted():
    frame = pl.DataFrame({"a": [i * i % 7 for i in range(20)], "y": [0, 1] * 10})
    (note,) = [n for n in Contract.infer(frame, "y", task="regression").notes if n.kind == "task"]
    assert "two values only (0 and 1): in a regression, predictions may lie between" in note.message
    assert not [n for n in Contract.infer(frame, "y").notes if n.kind == "task"]


def test_a_contract_reads_as_text():
    frame = pl.DataFrame(
        {
            "id": [f"c{i}" for i in range(20)],
            "n": [None, *(i * i for i in range(19))],
            "s": ["a", "b"] * 10,
            "y": [0.5 * i for i in range(20)],
        }
    )
    contract = Contract.infer(frame, "y")
    assert repr(contract) == "<Contract 'table': regression of 'y', 2 features, 20 rows>"
    lines = str(contract).splitlines()
    assert lines[0] == "Contract of 'table': regression, target 'y'; 20 rows; 2 of 4 columns are features"
    assert lines[1].startswith("  id  identifier  ignored: its name is that of an identifier")
    assert lines[2:] == [
        "  n   integer     0 to 324; 5.0% missing",
        "  s   category    2 levels: a, b",
        "  y   number      target; 0 to 9.5",
    ]


def test_weight_and_positive_class_are_roles():
    contract = Contract.infer(FRAME, "left", positive=Contract.infer(FRAME, "left").labels[0].value)
    assert contract.positive == contract.positive_class == contract.labels[0].value
    plain = Contract.infer(FRAME, "left")
    assert (plain.positive, plain.positive_class) == (None, plain.labels[-1].value)
    assert Contract.from_json(contract.to_json()) == contract
    old = json.loads(plain.to_json())
    del old["positive"], old["weight"]
    assert Contract.from_json(json.dumps(old | {"version": 1})).positive_class == plain.positive_class
