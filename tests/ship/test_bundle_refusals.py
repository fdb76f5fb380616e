"""What a loaded model refuses to answer, and what it answers all the same."""

import os

import numpy as np
import polars as pl
import pytest
from bundled import contract_of, customers, fitted, models

from groundup.errors import CheckFailed, GroundupError, UsageError
from groundup.ship import bundle


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    pipeline, X = fitted(*models()["boosting, text"])
    path = tmp_path_factory.mktemp("refusals") / "m.groundup"
    bundle.save(pipeline, path, customers(), contract=contract_of())
    return bundle.load(path), X[:6]


ANSWERS = ("predict", "predict_proba")


@pytest.mark.parametrize("method", ANSWERS)
@pytest.mark.parametrize(("value", "told"), [("abc", "kind, number"), ("inf", "not a finite number")])
def test_a_cell_that_cannot_be_read_is_refused_by_row_column_and_value(loaded, method, value, told):
    model, X = loaded
    spent = ["12.5"] * 6
    spent[3] = value
    rows = X.with_columns(spent=pl.Series(spent))
    with pytest.raises(GroundupError, match=told) as caught:
        getattr(model, method)(rows)
    assert (caught.value.row, caught.value.column, caught.value.value) == (4, "spent", value)
    spent[3] = None
    missing = getattr(model, method)(X.with_columns(spent=pl.Series(spent)))
    assert getattr(model, method)(rows, errors="null").tolist() == missing.tolist()
    assert getattr(model, method)(model.contract.conform(rows)).tolist() == missing.tolist()


def test_infinite_numbers_and_several_cells_are_listed(loaded):
    model, X = loaded
    rows = X.with_columns(
        spent=pl.Series([1.0, np.inf, 2.0, -np.inf, 3.0, 4.0]), since=pl.Series(["soon"] * 6)
    )
    with pytest.raises(GroundupError) as caught:
        model.predict(rows)
    text = str(caught.value)
    assert (caught.value.row, caught.value.column) == (1, "since")
    assert "and 7 more" in text
    assert "row 2, column 'spent': 'inf' is not a finite number" in text
    assert "..." in text
    assert "errors='null'" in text


@pytest.mark.parametrize("method", ANSWERS)
@pytest.mark.parametrize("value", ["abc", float("inf"), 10**400])
def test_a_row_is_refused_as_the_rows_are(loaded, method, value):
    model, X = loaded
    row = {**X.row(0, named=True), "spent": value}
    with pytest.raises(GroundupError, match="column 'spent'") as caught:
        getattr(model, f"{method}_row")(row)
    assert caught.value.row is None
    with pytest.raises(GroundupError, match="row 1, column 'spent'"):
        getattr(model, method)([row])
    left = getattr(model, f"{method}_row")(row, errors="null")
    expected = getattr(model, method)([{**row, "spent": None}])[0]
    assert np.asarray(left).tolist() == np.asarray(expected).tolist()


def test_unknown_keys_are_named(loaded):
    model, X = loaded
    row = X.row(0, named=True)
    with pytest.raises(
        UsageError, match=r"key 'Months', which the model does not know\. Did you mean 'months'"
    ):
        model.predict_row({**row, "Months": 3})
    assert model.predict_row({**row, "Months": 3}, errors="null") == model.predict_row(row)
    assert model.predict_row({**row, "leaves": "no"}) == model.predict_row(row)
    with pytest.raises(CheckFailed, match="no column 'months'"):
        model.predict_row({"Months" if k == "months" else k: v for k, v in row.items()})


def test_what_is_doubtful_only_is_answered(loaded):
    model, X = loaded
    row = {**X.row(0, named=True), "plan": "gold", "months": 10_000}
    assert {p.kind for p in model.contract.conform_row(row).problems} == {"unseen", "range"}
    assert model.predict_row(row) == model.predict([row])[0]


def test_forms_that_are_not_meant_say_which_are(loaded):
    model, X = loaded
    row = X.row(0, named=True)
    with pytest.raises(UsageError, match=r"predict_row\(row\).*predict\(\[row\]\)"):
        model.predict(row)
    with pytest.raises(UsageError, match="not a list"):
        model.predict_row([row])
    with pytest.raises(UsageError, match="'raise' or 'null', not 'ignore'"):
        model.predict(X, errors="ignore")
    with pytest.raises(UsageError, match="'raise' or 'null'"):
        model.predict_row(row, errors="ignore")
    assert model.predict(X.to_dict(as_series=False)).tolist() == model.predict(X).tolist()


def test_training_rows_with_unreadable_cells_are_saved_and_replayed(tmp_path):
    pipeline, X = fitted(*models()["boosting, text"])
    rows = X.with_columns(spent=pl.Series([float("inf"), *X["spent"][1:].to_list()]))
    path = tmp_path / "m.groundup"
    bundle.save(pipeline, path, rows, contract=contract_of())
    assert bundle.verify(path).exact


def test_a_folder_names_its_newest_bundle(tmp_path):
    with pytest.raises(UsageError, match="not a file"):
        bundle.load(tmp_path)
    for name, moment in (("old", 1000), ("new", 2000)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "model.groundup").write_bytes(b"")
        os.utime(folder / "model.groundup", (moment, moment))
    with pytest.raises(UsageError, match=r"newest in this folder is .*new.model\.groundup"):
        bundle.load(tmp_path)
