"""Columns as files write them: numbers with signs, groups, currencies and units; months; words that may be values."""

# ruff: noqa: DTZ001 - a moment in a table has no zone: it is UTC

import datetime as dt
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from groundup.tables import Contract, read

CASES = Path(__file__).parents[2] / "inputs"


def column(tmp_path, *cells, types=None, delimiter=","):
    """The first column of a file with these cells, and its notes."""
    quoted = [c if c.startswith('"') or delimiter not in c else f'"{c}"' for c in cells]
    path = tmp_path / "t.csv"
    path.write_text(
        "\n".join([f"a{delimiter}b", *(f"{c}{delimiter}{'xy'[i % 2]}" for i, c in enumerate(quoted))]) + "\n"
    )
    table = read(path, header=True, delimiter=delimiter, types=types)
    return table.frame["a"], [str(note) for note in table.notes if note.column == "a"], table.formats.get("a")


@pytest.mark.parametrize(
    ("name", "target", "dtype", "form", "first"),
    [
        ("money_dollar.csv", "income", pl.Float64, "thousands_comma $", 2771.0),
        ("percent.csv", "rate", pl.Float64, "point %", 27.7),
        ("percent_target.csv", "rate", pl.Float64, "point %", 33.6),
        ("unit_kg.csv", "weight", pl.Float64, "point kg", 27.7),
        ("thousands_blank.csv", "income", pl.Float64, None, 2771.0),
        ("decimal_comma_three_digits.tsv", "width", pl.Float64, "decimal_comma", 1.504),
        ("postgres_timestamps.csv", "seen", pl.Datetime("us"), None, dt.datetime(2024, 1, 1)),
        ("year_month.csv", "month", pl.Datetime("us"), "ym", dt.datetime(2015, 1, 1)),
    ],
)
def test_a_file(name, target, dtype, form, first):
    table = read(CASES / name)
    assert table.frame[target].dtype == dtype
    assert table.frame[target][0] == first
    assert table.frame[target].null_count() == 0
    assert table.formats.get(target) == form
    if dtype == pl.Float64:
        assert any(note.column == target for note in table.notes)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["(1,234.50)", "2,000.00", "-"], [-1234.5, 2000.0, None]),
        (["$(1,234.50)", "$2,000.00", "$ -"], [-1234.5, 2000.0, None]),
        (["\u22125.5", "3"], [-5.5, 3.0]),
        (["5.5-", "3", "7-"], [-5.5, 3.0, -7.0]),
        (["1'234.50", "12'000"], [1234.5, 12000.0]),
        (["12,34,567", "1,23,000.5"], [1234567.0, 123000.5]),
        (["$5", "6.50", "7.25 $"], [5.0, 6.5, 7.25]),
        (["5%", "0", "7%"], [5, 0, 7]),
        (["1 year", "2 years"], [1, 2]),
        (["CHF 1'200.50", "CHF 300"], [1200.5, 300.0]),
        (["-4.5 °C", "3 °C"], [-4.5, 3.0]),
        (["120 km/h", "14 km/h"], [120, 14]),
        (['"5"""', '"6"""'], [5, 6]),
        (["Fr. 12.-", "Fr. 7.50"], [12.0, 7.5]),
        (["$    1,200.00", "$  (300.00)"], [1200.0, -300.0]),
        (["5 kg", "6 KG", "7Kg", "8 kgs"], [5, 6, 7, 8]),
        (["1200円", "300円"], [1200, 300]),
        (["-3%", "(4.5%)", "+2 %", "%1"], [-3.0, -4.5, 2.0, 1.0]),
        (["5 l/100km", "6.5 l/100km"], [5.0, 6.5]),
        (["€1.234", "€12.500"], [1234.0, 12500.0]),  # money has no three decimals
    ],
)
def test_numbers_and_what_was_stripped_is_noted(tmp_path, cells, values):
    found, notes, _ = column(tmp_path, *cells)
    assert found.to_list() == values
    assert notes or cells[0].startswith("\u2212")


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        (["$5", "€6"], "several units"),
        (["5 kg", "600 g"], "several units"),
        (["5 kg", "6", "7 kg"], "no unit"),
        (["12A", "13A", "14B"], ""),
        (["12A", "13A", "14A"], ""),
        (["1st", "2nd", "3rd", "4th", "5th"], ""),
        (["12 Main St", "14 Oak Ave", "15 Main St"], ""),
        (["1.2.3", "1.4.5"], ""),
        (["10.0.0.1", "10.0.0.2"], ""),
        (["2001-02", "2002-03", "2003-04"], ""),  # seasons
        (["0,123,456", "1,234,567"], "stays text"),
        (["007 kg", "012 kg"], "starts with a zero"),
        (["4.5/5", "3/5"], ""),
        (["1366x768", "1920x1080"], ""),
        (["1Story", "2Story", "SLvl", "1Story", "3Story"], ""),
        (["1 address", "1 address", "1 address"], ""),
        (["10-20", "20-30"], ""),
        (["$5 USD", "$6 USD"], ""),
    ],
)
def test_text_that_only_resembles_numbers(tmp_path, cells, word):
    found, notes, _ = column(tmp_path, *cells)
    assert found.to_list() == cells
    assert word in " ".join(notes)


def test_an_advised_type_reads_the_column(tmp_path):
    cells = [f"{i}.5 kg" for i in range(50)] + ["12x"]
    found, notes, _ = column(tmp_path, *cells)
    assert found.dtype == pl.String
    assert any("--types a=number" in note for note in notes)
    read_so, _, form = column(tmp_path, *cells, types={"a": "number"})
    assert read_so.to_list()[-2:] == [49.5, None]
    assert form == "point kg"
    bare, notes, _ = column(tmp_path, "5 kg", "6", "7 kg", types={"a": "number"})
    assert bare.to_list() == [5.0, 6.0, 7.0]
    assert "1 cell without it is read alike" in " ".join(notes)
    stray, _, form = column(tmp_path, *[f"{i}" for i in range(50)], "12x", types={"a": "number"})
    assert stray.to_list()[-2:] == [49.0, None]
    assert form is None
    millions, _, _ = column(tmp_path, "1.2M", "3M", "300", types={"a": "number"})
    assert millions.to_list() == [1.2, 3.0, None]


def test_a_format_with_its_unit_may_be_given(tmp_path):
    found, _, form = column(tmp_path, "1,5 kg", "2,5 kg", types={"a": "decimal_comma kg"})
    assert (found.to_list(), form) == ([1.5, 2.5], "decimal_comma kg")


def test_points_before_three_digits_are_decided_by_the_file(tmp_path):
    alone, notes, _ = column(tmp_path, "1.234", "12.125", "950")
    assert alone.to_list() == [1.234, 12.125, 950.0]
    assert "no cell decides" in " ".join(notes)
    assert "thousands_point" in " ".join(notes)
    both, notes, _ = column(tmp_path, "1.234", "1,234")
    assert both.to_list() == [1.234, 1234.0]
    assert "no cell decides" in " ".join(notes)
    decided, notes, _ = column(tmp_path, "1.234", "12.12")
    assert decided.to_list() == [1.234, 12.12]
    assert not notes
    (tmp_path / "t.csv").write_text("a;b\n1.234;0,5\n12.125;1,5\n950;2,25\n")
    table = read(tmp_path / "t.csv")
    assert table.frame["a"].to_list() == [1234.0, 12125.0, 950.0]
    assert table.formats["a"] == "thousands_point"


def test_whole_numbers_that_are_surely_dates(tmp_path):
    months = [str(2015 * 100 + 1 + i % 12 + 100 * (i // 12)) for i in range(24)]
    found, notes, form = column(tmp_path, *months)
    assert (found[12], form) == (dt.datetime(2016, 1, 1), "compact_month")
    assert "--types a=integer" in " ".join(notes)
    assert column(tmp_path, *months, types={"a": "integer"})[0][0] == 201501
    assert column(tmp_path, *months[:5])[0].dtype == pl.Int64  # may be chance
    assert column(tmp_path, *months, "201513")[0].dtype == pl.Int64
    days = [f"202403{i:02}" for i in range(1, 31)]
    assert column(tmp_path, *days)[0][7] == dt.datetime(2024, 3, 8)


def test_na_is_a_value_if_the_user_or_quotes_say_so(tmp_path):
    path = CASES / "na_is_a_region.csv"
    table = read(path)
    n_missing = table.frame["region"].null_count()
    assert n_missing > 50
    assert any("--types region=text" in str(note) for note in table.notes)
    kept = read(path, types={"region": "text"}).frame["region"]
    assert (kept.null_count(), (kept == "NA").sum()) == (0, n_missing)
    quoted = tmp_path / "quoted.csv"
    quoted.write_text(path.read_text().replace(",NA\n", ',"NA"\n'))
    assert read(quoted).frame["region"].to_list() == kept.to_list()
    some = tmp_path / "some.csv"
    some.write_text('region,n\n"NA",1\nEU,"NA"\nNA,3\n,4\n')  # among numbers, quoted or not, it is missing
    assert read(some).frame.rows() == [("NA", 1), ("EU", None), (None, 3), (None, 4)]
    whole = tmp_path / "whole.csv"
    whole.write_text('"region","n"\n"NA","1"\n"EU","2"\n"AS","3"\n')  # quotes around everything mean nothing
    assert read(whole).frame["region"].to_list() == [None, "EU", "AS"]


@pytest.mark.parametrize(
    "name", ["money_dollar", "percent", "unit_kg", "thousands_blank", "postgres_timestamps", "year_month"]
)
def test_frames_of_text_are_read_alike(name):
    file = read(CASES / f"{name}.csv")
    table = read(pd.read_csv(CASES / f"{name}.csv"))
    assert table.frame.equals(file.frame)
    assert table.formats == file.formats


def test_every_reading_is_the_same_when_a_contract_checks(tmp_path):
    """The table that was trained on has no problem, cell by cell: as text, in Polars and row by row."""
    lines = ["income,weight,balance,fee,month,day,word,y"]
    for i in range(60):
        income = '"$ -"' if i == 7 else f'"${i * 1000 + 1234.5:,.2f}"'
        balance = f'"({i},000.5)"' if i else "12.5-"
        word = "12x" if i == 3 else f"{i}.5"
        lines.append(
            f'{income},{i}.5 kg,{balance},"0,{i + 100}",2021-{i % 12 + 1:02},202103{i % 30 + 1:02},{word},{i % 2}'
        )
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    table = read(path, types={"word": "number"})
    contract = Contract.infer(table, "y", kinds={"weight": "number"})
    assert contract.column("income").unit == "$"
    again = Contract.from_json(contract.to_json())
    assert again == contract
    raw = read(path, types="text")
    done = again.conform(raw)
    assert done.problems.height == 0
    for name in contract.features:
        assert done.frame[name].cast(pl.Float64).to_list() == table.frame[name].cast(pl.Float64).to_list()
    for i, row in enumerate(raw.frame.iter_rows(named=True)):
        checked = again.conform_row(row)
        assert checked.status == "ok"
        assert list(checked.values.values()) == [done.frame[n][i] for n in checked.values]
    numbers = raw.frame.head(1).with_columns(day=pl.lit(20210301), fee=pl.lit("12.125"))
    refused = again.conform(numbers)
    assert refused.frame["day"].to_list() == [dt.datetime(2021, 3, 1)]
    assert refused.errors["column"].to_list() == ["fee"]
    assert again.conform_row(numbers.row(0, named=True)).values["fee"] is None
