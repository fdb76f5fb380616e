"""Targets as people write them: spellings of a class, numbers with stray words, percent; and names with blanks."""

from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from groundup.errors import GroundupError
from groundup.tables import Contract, read

CASES = Path(__file__).parents[2] / "inputs"
X = [i * 7 % 83 for i in range(160)]


def infer(labels, **options):
    """The contract of a table with these labels, over and over."""
    y = [labels[i % len(labels)] for i in range(len(X))]
    return Contract.infer(pl.DataFrame({"x": X, "y": y}), "y", **options)


def classes(labels):
    return [level.value for level in infer(labels).labels]


def test_spellings_of_two_classes_are_two_classes():
    table = read(CASES / "label_spellings.csv")
    contract = Contract.infer(table, "left")
    assert contract.task == "binary"
    assert sum(level.count for level in contract.labels) == table.n_rows
    assert any("--types left=text" in str(note) for note in contract.notes)
    assert contract.column("left").n_unique == 2
    values = contract.target_values(table)
    assert set(values) == {level.value for level in contract.labels}
    assert set(
        Contract.from_json(contract.to_json()).target_values(pl.DataFrame({"left": ["yEs", " no"]}))
    ) == set(values)
    given = Contract.infer(read(CASES / "label_spellings.csv", types={"left": "text"}), "left")
    assert (given.task, given.n_labels) == ("multiclass", 6)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["true", "TRUE", "1", "0", "false", "0"], ["0", "1"]),
        (["Y", "n", "y", "N", "n", "y"], ["n", "y"]),
        (["<=50K", ">50K", "<=50K.", ">50K", "<=50K"], ["<=50K", ">50K"]),
        (["Yes", "no", "yes", "maybe", "no", "yes"], ["maybe", "no", "yes"]),
        (["yes", "no", "1", "yes", "no"], ["no", "yes"]),
        (["a", "A", "b", "c"], ["A", "a", "b", "c"]),  # letters
        (["Yes", "yes"], ["Yes", "yes"]),  # one class would be left
        (["1", "2", "3"], ["1", "2", "3"]),
        (["yes", "true", "on"], ["on", "true", "yes"]),
    ],
)
def test_what_is_a_spelling(labels, expected):
    found = classes(labels)
    assert len(found) == len(expected)
    assert {v.lower().rstrip(".") for v in found} == {v.lower() for v in expected}


def test_an_unknown_spelling_is_refused():
    contract = infer(["Yes", "no", "yes"])
    with pytest.raises(GroundupError, match="not one of the 2 classes"):
        contract.target_values(pl.DataFrame({"y": ["perhaps"]}))


def test_a_numeric_target_with_stray_words_names_the_command(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{v},{i * 1.5}\n" for i, v in enumerate(X)) + "1,12x\n2,n/a\n3,?\n")
    with pytest.raises(
        GroundupError, match=r"numbers in 99.4% of its rows, but '12x' is not.*\n.*--types y=number"
    ) as info:
        Contract.infer(read(path), "y")
    assert "162 classes" in str(info.value)
    for task in ("regression", None):
        with pytest.raises(GroundupError, match="--types y=number"):
            Contract.infer(read(path), "y", task=task)
    contract = Contract.infer(read(path, types={"y": "number"}), "y")
    assert (contract.task, contract.n_target_missing) == ("regression", 3)


def test_classes_that_are_numbers_and_words_are_classes():
    assert infer(["1", "2", "3+"]).task == "multiclass"
    many = [str(i) for i in range(30)] + ["other"]
    assert infer(many, task="multiclass").n_labels == 31


def test_a_target_in_percent_is_a_number():
    contract = Contract.infer(read(CASES / "percent_target.csv"), "rate")
    assert contract.task == "regression"
    assert contract.column("rate").unit == "%"


def test_errors_about_a_target_of_text_do_not_lead_in_a_circle():
    frame = pl.DataFrame({"x": X, "y": [f"name {i}" for i in range(len(X))]})
    with pytest.raises(GroundupError, match="too many") as first:
        Contract.infer(frame, "y")
    assert "regression" not in str(first.value)
    with pytest.raises(GroundupError, match="Regression needs numbers"):
        Contract.infer(frame, "y", task="regression")


def test_a_time_column_that_is_text_is_told_its_layout(tmp_path):
    days = [f"2024-01-{i + 1:02}" for i in range(20)] + ["soon", "later"]
    frame = pl.DataFrame({"x": X[:22], "when": days, "y": ["a", "b"] * 11})
    with pytest.raises(GroundupError, match=r"types=\{'when': 'iso'\}.*2 cells would be missing"):
        Contract.infer(frame, "y", time="when")


def test_names_have_no_blanks_around_them_at_any_door(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(" age , left\n" + "".join(f"{v},{'yes' if i % 2 else 'no'}\n" for i, v in enumerate(X)))
    frame = pd.DataFrame({" age ": X, " left": ["no", "yes"] * 80})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    for source in (path, frame, tmp_path / "t.parquet", tmp_path / "t.jsonl", frame.to_dict("list")):
        table = read(source, types={" age ": "integer"})
        assert table.columns == ["age", "left"]
        for target in ("left", " left"):
            contract = Contract.infer(table, target, units={" age ": "years"}, ignore=())
            assert contract.target == "left"
            assert contract.column("age").unit == "years"
    assert contract.conform(frame).frame["age"].to_list() == X
    assert contract.conform_row({" age ": 5}).values == {"age": 5.0}
    assert contract.conform_row({"age": 5, " age ": 6}).values == {"age": 5.0}
