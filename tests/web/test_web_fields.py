"""Fields from a contract: what is asked, how it is told, and that text and value are each other's inverse."""

import doctest

import polars as pl
import pytest
from served import customers

from groundup.tables import Contract
from groundup.text.numbers import format_percent
from groundup.web import fields, formats


@pytest.fixture(scope="module")
def contract():
    return Contract.infer(customers(), target="leaves", ignore=["value"], units={"spent": "EUR"})


def field(contract, name, value=""):
    return fields.make_field(contract.column(name), "c0", value)


def test_examples_in_docstrings():
    assert doctest.testmod(formats).failed == 0


def test_every_kind_has_its_control(contract):
    assert {c.name: fields.choose_control(c) for c in contract.feature_columns} == {
        "months": "number",
        "spent": "number",
        "balance": "number",
        "plan": "choice",
        "town": "level",
        "online": "choice",
        "since": "date",
        "seen": "moment",
    }


def test_ranges_units_steps_and_medians_are_those_of_training(contract):
    spent, frame = field(contract, "spent"), customers()
    column = frame["spent"]
    assert (float(spent.minimum), float(spent.maximum)) == (column.min(), column.max())
    assert spent.unit == "EUR"
    assert spent.optional
    assert spent.step == "0.01"
    assert float(spent.placeholder) in set(column.drop_nulls())
    assert column.min() <= float(spent.placeholder) <= column.max()
    assert f"empty in {format_percent(column.null_count() / len(column))} of rows" in spent.help
    months = field(contract, "months")
    assert (months.step, months.inputmode, months.optional) == ("1", "numeric", False)
    assert field(contract, "balance").inputmode == "text", "the keyboard of numbers has no minus"


def test_a_value_on_the_edge_is_not_shown_as_beyond_it():
    contract = Contract.infer(pl.DataFrame({"x": [18.25, 118.75] * 20, "y": ["a", "b"] * 20}), target="y")
    assert fields.make_field(contract.column("x"), "c0", "").help == "18.25 or 118.75"


def test_choices_stand_in_natural_order_and_say_which_is_chosen(contract):
    plan = field(contract, "plan", fields.to_text(contract.column("plan"), "plus"))
    assert [o.text for o in plan.options] == ["basic", "Größe XL", "plus"]
    assert [o.is_chosen for o in plan.options] == [False, False, True]
    assert [o.text for o in field(contract, "online").options] == ["yes", "no"]


def test_text_and_value_are_inverse_on_every_training_row(contract):
    for row in customers().head(80).to_dicts():
        for column in contract.feature_columns:
            value = row[column.name]
            text = fields.to_text(column, value)
            back = fields.to_value(column, text)
            one = contract.conform_row({**contract.example, column.name: back}).values[column.name]
            two = contract.conform_row({**contract.example, column.name: value}).values[column.name]
            assert one == two, column.name


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("months", "", None),
        ("months", "  ", None),
        ("months", "?", None),
        ("months", " 12 ", 12),
        ("months", "1e2", 100),
        ("months", "12.5", 12.5),
        ("months", "twelve", "twelve"),
        ("months", "inf", "inf"),
        ("months", "1,5", "1,5"),
        ("plan", "not a number of a choice", "not a number of a choice"),
        ("town", "town 1", "town 1"),
        ("town", "nowhere", "nowhere"),
        ("online", "true", True),
        ("online", "maybe", "maybe"),
        ("since", "2021-02-03", "2021-02-03"),
    ],
)
def test_typed_text_is_a_value_or_is_left_for_the_contract(contract, name, text, value):
    found = fields.to_value(contract.column(name), text)
    assert found == value
    assert type(found) is type(value)


def test_numbers_are_read_and_written_as_training_wrote_them(tmp_path):
    from groundup.tables import read

    file = tmp_path / "comma.csv"
    rows = "\n".join(f'"{i}.{i:03},{i % 7}";{"a" if i % 2 else "b"}' for i in range(1, 60))
    file.write_text(f"x;y\n{rows}\n")
    contract = Contract.infer(read(file), target="y")
    column = contract.column("x")
    assert column.format == "decimal_comma"
    assert fields.to_value(column, "1.234,5") == 1234.5
    assert fields.to_text(column, 1234.5) == "1234,5"
    assert fields.to_value(column, fields.to_text(column, 1234.5)) == 1234.5


def test_levels_that_no_field_can_hold_are_known_by_their_look():
    levels = ["a\nb", "c\u202ed", "plain"] * 10 + [f"v{i}" for i in range(40)] * 2
    contract = Contract.infer(pl.DataFrame({"x": levels, "y": [0, 1] * 55}), target="y")
    column = contract.column("x")
    assert fields.choose_control(column) == "level"
    for level in ("a\nb", "c\u202ed", "plain"):
        assert fields.to_value(column, formats.display_text(level)) == level


def test_forty_thousand_levels_make_no_long_page():
    n = 40_000
    frame = pl.DataFrame({"x": [f"level {i % n}" for i in range(2 * n)], "y": [0, 1] * n})
    contract = Contract.infer(frame, target="y", kinds={"x": "category"})
    made = fields.make_field(contract.column("x"), "c0", "level 7")
    assert len(made.suggestions) == fields.MAX_SUGGESTIONS
    assert made.help == "more than 10,000 known values"


def test_the_strip_places_a_number_among_those_of_training(contract):
    column = contract.column("months")
    low, high = column.bounds
    for value, at in ((low, 0.0), (high, 100.0), (high + 50, 100.0), ((low + high) / 2, 50.0)):
        assert fields.make_field(column, "c0", str(value)).strip.at == at
    assert fields.make_field(column, "c0", "").strip.at is None
    assert field(contract, "plan").strip is None
