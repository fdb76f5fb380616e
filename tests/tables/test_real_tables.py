"""Real files of ../shared/data: messy CSV, parser corpora, and tables that a build meets."""

import csv
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from groundup.errors import GroundupError
from groundup.tables import Contract, read, split

pytestmark = pytest.mark.data
DATA = Path(__file__).parents[2].parent / "shared" / "data"


def test_messy_files_are_read_correctly_or_refused():
    with (DATA / "messy_csv" / "MANIFEST.csv").open() as opened:
        manifest = [row for row in csv.DictReader(opened) if row["expected_table"]]
    right, wrong = 0, []
    for row in manifest:
        try:
            table = read(DATA / "messy_csv" / row["file"])
        except GroundupError:
            continue
        shape = f"{table.frame.height}x{table.frame.width}"
        right += shape == row["expected_table"]
        if shape != row["expected_table"]:
            wrong.append((row["file"], shape, row["expected_table"]))
    assert wrong == []
    assert len(manifest) == 37
    assert right == 37


def test_rows_in_are_rows_kept_and_rejected():
    for name, records in [("mix_columns_late", 2772), ("nightmare", 47), ("bad_row_2047", 2053)]:
        table = read(DATA / "messy_csv" / f"{name}.csv")
        assert table.n_rows + len(table.rejects) == records
    sms = read(DATA / "sms_spam" / "sms_raw_no_header.tsv")
    assert sms.n_rows + len(sms.rejects) == 5574


def test_csv_spectrum():
    folder = DATA / "csv_spectrum"
    for path in sorted((folder / "csvs").glob("*.csv")):
        expected = json.loads((folder / "json" / f"{path.stem}.json").read_text())
        if b"\r" not in path.read_bytes():  # the stored file has lost the carriage returns that its JSON has
            expected = [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in expected]
        rows = read(path, types="text").frame.fill_null("").to_dicts()
        assert rows == expected, path.name


def test_the_fuzz_corpus_gives_tables_or_our_errors():
    for path in sorted((DATA / "csv_fuzz_corpus").glob("*.csv")):
        try:
            table = read(path)
        except GroundupError:
            continue
        assert table.n_rows > 0


def test_telco():
    table = read(DATA / "telco_churn" / "Telco-Customer-Churn.csv")
    assert table.frame["TotalCharges"].dtype == pl.Float64
    assert table.frame["TotalCharges"].null_count() == 11
    contract = Contract.infer(table, "Churn")
    assert contract.task == "binary"
    assert list(contract.ignored) == ["customerID"]
    parts = split(table, contract)
    assert [len(parts.train), len(parts.valid), len(parts.test)] == [4930, 1057, 1056]
    raw = read(DATA / "telco_churn" / "Telco-Customer-Churn.csv", types="text")
    done = contract.conform(raw)
    assert done.problems.height == 0
    assert done.frame.equals(contract.conform(table).frame)


def test_kinds_in_known_tables():
    ames = read(DATA / "ames_housing" / "ames_housing.csv")
    contract = Contract.infer(ames, "SalePrice")
    assert set(contract.ignored) == {"Order", "PID"}
    assert "None" in {level.value for level in contract.column("Mas Vnr Type").levels}
    titanic = Contract.infer(read(DATA / "titanic" / "titanic_train.csv"), "Survived")
    assert set(titanic.ignored) == {"PassengerId", "Name"}
    taxis = Contract.infer(read(DATA / "nyc_taxis" / "taxis.csv"), "fare")
    assert taxis.column("pickup").kind == "datetime"
    heart = read(DATA / "heart_disease" / "heart_cleveland.csv")
    assert heart.frame["ca"].null_count() == 4
    wine = Contract.infer(read(DATA / "wine_quality" / "wine_quality.csv"), "quality")
    assert wine.task == "multiclass"
    assert any(note.kind == "task" for note in wine.notes)
    assert Contract.infer(read(DATA / "mall_customers" / "mall_customers.csv")).task == "clustering"


def test_held_out_rows_are_rarely_out_of_range():
    table = read(DATA / "california_housing" / "housing.csv")
    contract = Contract.infer(table, "median_house_value")
    parts = split(table, contract)
    taught = Contract.infer(table.frame[parts.train], "median_house_value")
    later = table.frame[parts.test]
    doubted = taught.conform(later).problems.filter(pl.col("kind") == "range")
    assert doubted.height / (later.height * 8) < 0.01
    planted = later.with_columns(median_income=pl.lit(99.0))
    found = taught.conform(planted).problems.filter(
        (pl.col("column") == "median_income") & (pl.col("kind") == "range")
    )
    assert np.array_equal(found["row"].to_numpy(), np.arange(1, later.height + 1))
