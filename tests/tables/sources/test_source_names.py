"""Names of columns at the door: what Polars takes for a pattern of names is called otherwise, alike everywhere."""

import time

import numpy as np
import pandas as pd
import polars as pl
import pytest

from groundup.tables import Contract, TablePreparer, read
from groundup.tables.sources.names import is_pattern, unique_names

PATTERNS = ["*", "^a$", "^.*$", "^$", "^(?$", "^a|b$"]
PLAIN = ["**", "a*", "^a", "a$", "$", "^", "\\*", "a"]
SETTLED = [f"{name}_" for name in PATTERNS] + PLAIN
CELLS = ["1.5", "x", "2024-01-31", "yes", "NA", "-", "12,5", "007"]


@pytest.fixture
def frame():
    names = PATTERNS + PLAIN
    cells = np.array([[CELLS[(i + j) % len(CELLS)] for j in range(len(names))] for i in range(40)])
    return pl.DataFrame([pl.Series(name, cells[:, j].tolist()) for j, name in enumerate(names)])


@pytest.mark.parametrize("name", PATTERNS)
def test_polars_reads_it_as_a_pattern(name):
    """Why names are changed at all: should this fail, `without_patterns` can go."""
    frame = pl.DataFrame([pl.Series("b", [1]), pl.Series(name, [2])])
    assert is_pattern(name)
    try:
        assert frame.select(pl.col(name)).columns != [name]
    except pl.exceptions.PolarsError:
        pass


@pytest.mark.parametrize("name", PLAIN)
def test_polars_reads_it_as_a_name(name):
    frame = pl.DataFrame([pl.Series("b", [1]), pl.Series(name, [2])])
    assert not is_pattern(name)
    assert frame.select(pl.col(name)).columns == [name]


def test_no_two_names_become_one():
    assert unique_names(["*", "*_", "*", "", "a", "a"])[0] == ["*__2", "*_", "*__3", "column_4", "a", "a_2"]


def test_every_source_gets_the_same_names(frame, tmp_path):
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ndjson(tmp_path / "t.jsonl")
    doors = [tmp_path / "t.csv", tmp_path / "t.parquet", tmp_path / "t.jsonl", frame, frame.lazy()]
    doors += [frame.to_pandas(), frame.to_arrow(), frame.to_dict(as_series=False), frame.to_dicts()]
    for source in doors:
        table = read(source)
        assert table.columns == SETTLED
        told = [str(note) for note in table.notes if note.kind == "header"]
        assert len(told) == len(PATTERNS)
        assert told[1] == (
            "column '^a$_': column 2 has the name '^a$', which is a pattern of names: it is renamed to '^a$_'"
        )
    assert read(tmp_path / "t.csv", types="text").frame.equals(
        frame.rename({name: f"{name}_" for name in PATTERNS})
    )


def test_the_contract_reads_later_rows_by_the_same_names(frame):
    contract = Contract.infer(frame.with_columns(y=pl.arange(40) % 2), "y")
    assert set(SETTLED) <= set(contract.by_name)
    conformed = contract.conform(frame)
    assert set(conformed.frame.columns) == set(contract.features)


def test_a_preparer_without_a_contract_accepts_them():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {"*": rng.normal(size=50), "^b$": rng.choice(["u", "v"], 50), "b": rng.normal(size=50)}
    )
    preparer = TablePreparer().fit(frame)
    assert preparer.feature_names_in_.tolist() == ["*_", "^b$_", "b"]
    whole = preparer.transform(frame)
    for few in (frame.head(2), frame.head(2).to_pandas(), pd.concat([frame.to_pandas()] * 20).head(2)):
        assert np.array_equal(preparer.transform(few), whole[:2])


def test_many_equal_names_cost_no_more_each():
    begun = time.process_time()
    names, notes = unique_names(["q"] * 50_000)
    assert time.process_time() - begun < 5, "counted up from 2 for every one, this takes minutes"
    assert (names[:3], names[-1]) == (["q", "q_2", "q_3"], "q_50000")
    assert len(notes) == 49_999
