"""The column that says which set a row is in: its words, and what it may not be."""

import numpy as np
import polars as pl
import pytest

from groundup.errors import GroundupError, UsageError
from groundup.tables import Contract, split
from groundup.tables.split_column import read_split_column


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (["train", "valid", "test"], [0, 1, 2]),
        (["Training Set", "validation_set", "TEST-SET"], [0, 1, 2]),
        ([" train ", "val", "holdout"], [0, 1, 2]),
        (["fit", "dev", "hold-out"], [0, 1, 2]),
        (["train_data", "eval", "out-of-time"], [0, 1, 2]),
    ],
)
def test_words_of_many_files_are_known(words, codes):
    found = read_split_column(pl.Series("part", words))
    assert found.codes.tolist() == codes
    assert set(found.origins) == {"valid", "test"}


def test_an_unknown_word_is_an_error_with_its_row():
    with pytest.raises(UsageError, match=r"'0'.*\n.*train, valid and test") as raised:
        read_split_column(pl.Series("part", [1, 1, 0, 0, 0]))
    assert raised.value.row == 3


@pytest.mark.parametrize("words", [["train", "train"], ["test", "valid"]])
def test_a_column_needs_training_rows_and_others(words):
    with pytest.raises(UsageError, match="puts no row into"):
        read_split_column(pl.Series("part", words))


def test_rows_without_a_word_are_in_no_set_and_noted():
    found = read_split_column(pl.Series("part", ["train", None, "test"]))
    assert found.codes.tolist() == [0, -1, 2]
    assert "1 row has no value" in str(found.notes[-1])


def table(n=300):
    rng = np.random.default_rng(0)
    y = np.where(np.arange(n) % 3 == 0, "yes", "no")
    part = np.where(np.arange(n) < 240, "train", "test")
    return pl.DataFrame({"x": rng.normal(size=n), "g": np.arange(n) // 4, "y": y, "part": part})


def test_a_set_that_the_column_lacks_is_taken_from_the_training_rows():
    frame = table()
    contract = Contract.infer(frame, "y", ignore=["part"])
    found = split(frame, contract, assigned=read_split_column(frame["part"]))
    assert found.test.tolist() == list(range(240, 300))
    assert (len(found.train), len(found.valid)) == (204, 36)  # 15% of the others, classes in proportion
    assert (frame["y"][found.valid] == "yes").sum() == 12
    assert not set(found.train) & set(found.valid)
    assert found.origins == {"test": "column 'part'"}


def test_groups_that_the_column_tears_apart_are_noted():
    frame = table().with_columns(g=pl.lit(0))
    contract = Contract.infer(frame.with_columns(g=pl.arange(300) // 4), "y", group="g", ignore=["part"])
    with pytest.raises(GroundupError, match="1 group cannot be split into a training and a validation set"):
        split(frame, contract, assigned=read_split_column(frame["part"]))
    frame = table().with_columns(g=pl.arange(300) % 10)
    found = split(frame, contract, assigned=read_split_column(frame["part"]))
    assert any("shares 10 groups" in str(note) for note in found.notes)


def test_a_set_without_a_target_value_is_an_error():
    frame = table().with_columns(y=pl.when(pl.col("part") == "train").then("y"))
    contract = Contract.infer(frame, "y", ignore=["part"])
    with pytest.raises(GroundupError, match="No row of the test set has a target value"):
        split(frame, contract, assigned=read_split_column(frame["part"]))
