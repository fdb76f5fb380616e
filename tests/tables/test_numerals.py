"""Numbers written as text: what is a number in which notation, and the same for columns and single cells."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.tables.numerals import (
    NOTATIONS,
    find_affixes,
    parse_format,
    parse_number,
    parse_numbers,
    same_unit,
)

NBSP, THIN, NARROW, MINUS = "\u00a0", "\u2009", "\u202f", "\u2212"


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ("point", "1234.5", 1234.5),
        ("point", ".5", 0.5),
        ("point", "+2", 2.0),
        ("point", "1e-3", 0.001),
        ("point", f"{MINUS}5.5", -5.5),
        ("point", "(5.5)", -5.5),
        ("point", "5.5-", -5.5),
        ("point", "- 5", -5.0),
        ("point", "2 771.00", 2771.0),
        ("point", f"1{NBSP}234{NBSP}567", 1234567.0),
        ("point", f"1{THIN}234.5", 1234.5),
        ("point", "1'234.50", 1234.5),
        ("point", "1\u2019234.50", 1234.5),
        ("decimal_comma", "0,369", 0.369),
        ("decimal_comma", "1.234,5", 1234.5),
        ("decimal_comma", "1.234.567", 1234567.0),
        ("decimal_comma", f"12{NARROW}345,6", 12345.6),
        ("decimal_comma", f"{MINUS}1,5", -1.5),
        ("thousands_comma", "1,234.50", 1234.5),
        ("thousands_comma", "12,34,567.5", 1234567.5),
        ("thousands_comma", "(1,234)", -1234.0),
        ("thousands_comma", "1,234-", -1234.0),
        ("thousands_point", "12.125", 12125.0),
        ("thousands_point", "1.234,5", 1234.5),
        ("thousands_comma $", "$1,200", 1200.0),
        ("thousands_comma $", "-$1,200", -1200.0),
        ("thousands_comma $", "$-1,200", -1200.0),
        ("thousands_comma $", "($1,200)", -1200.0),
        ("thousands_comma $", "$(1,200)", -1200.0),
        ("thousands_comma $", "1,200 $", 1200.0),
        ("thousands_comma $", "1,200", 1200.0),
        ("decimal_comma EUR", f"1.200,50{NBSP}EUR", 1200.5),
        ("decimal_comma EUR", "eur 12", 12.0),
        ("decimal_comma zł", "1 300,00 zł", 1300.0),
        ("point R$", "R$ 1.5", 1.5),
        ("point CHF", "CHF 1'200.50", 1200.5),
        ("point Rs.", "Rs. 500", 500.0),
        ("point %", "12.5 %", 12.5),
        ("point kg", "27.7kg", 27.7),
        ("point kg", "27.7", 27.7),
        ("point °C", f"{MINUS}4 °C", -4.0),
        ("point years", "1 year", 1.0),
        ("point years", "2 Years", 2.0),
    ],
)
def test_a_number(form, text, value):
    assert parse_number(text, form) == value
    assert parse_numbers(pl.Series([text]), form).to_list() == [value]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("thousands_comma", "0,369"),
        ("thousands_comma", "12,5"),
        ("thousands_comma", "1,2345"),
        ("thousands_comma", "1234,567"),
        ("thousands_comma", "1,23,45"),
        ("thousands_point", "0.369"),
        ("decimal_comma", "12.125"),
        ("decimal_comma", "1.23,4"),
        ("point", "12,125"),
        ("point", "1 23"),
        ("point", "0 123"),
        ("point", "1'23"),
        ("point", "--5"),
        ("point", "(5"),
        ("point", "-(5)"),
        ("point", "5 kg"),
        ("point kg", "5 lb"),
        ("point kg", "5 kgs kg"),
        ("point m", "5 cm"),
        ("point mW", "5 MW"),
        ("point $", "€5"),
        ("point $", "$"),
        ("point", ""),
    ],
)
def test_no_number(form, text):
    assert parse_number(text, form) is None if text else True
    assert parse_numbers(pl.Series([text]), form).to_list() == [None]


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.sampled_from(f"0123456789.,' -+()$%kge{MINUS}{NBSP}"), min_size=1, max_size=12),
    st.sampled_from(NOTATIONS),
    st.sampled_from(["", " $", " %", " kg"]),
)
def test_columns_and_cells_agree(text, notation, affix):
    text = text.strip()
    if text:
        assert parse_numbers(pl.Series([text]), notation + affix).to_list() == [
            parse_number(text, notation + affix)
        ]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**12))
def test_groups_of_three_are_the_number_without_them(n):
    for sign, form in ((",", "thousands_comma"), (".", "thousands_point"), (" ", "point"), ("'", "point")):
        assert parse_number(f"{n:,}".replace(",", sign), form) == n


def test_affixes_are_found():
    found = {
        "$5": "$",
        "5 €": "€",
        "-£3.5": "£",
        "(USD 7)": "USD",
        "12%": "%",
        "3 km/h": "km/h",
        "5 m²": "m²",
    }
    found |= {"4 fl oz": "fl oz", "7": None, "1st": None, "a 5": None, "5 of 6": None}
    assert find_affixes(pl.Series(list(found))).to_list() == list(found.values())


def test_spellings_of_a_unit():
    assert same_unit("Years") == same_unit("year")
    assert same_unit("usd") == same_unit("USD")
    assert same_unit("mW") != same_unit("MW")
    assert same_unit("k") != same_unit("K")


def test_a_format_without_a_known_notation_is_refused():
    assert parse_format(None) == ("point", "")
    assert str(parse_format("thousands_comma US$")) == "thousands_comma US$"
    with pytest.raises(ValueError, match="no number format"):
        parse_format("kg")
