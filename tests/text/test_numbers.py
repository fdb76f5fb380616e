"""Number formats: numbers are rounded before the digits and the unit are chosen."""

import doctest
import math

import pytest

from groundup.text import numbers
from groundup.text.numbers import (
    format_amount,
    format_bytes,
    format_interval,
    format_micros,
    format_number,
    format_percent,
    format_probability,
    format_seconds,
    format_table_number,
    format_with_error,
    pluralize,
)


def test_examples_of_the_docstrings():
    assert doctest.testmod(numbers).failed == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.9996, "10.00"),
        (9.9994, "9.999"),
        (0.99996, "1.000"),
        (-99.996, "-100.0"),
        (999.96, "1000"),
        (9999.6, "10,000"),
        (12_345_678, "1.235e+07"),
        (9_999_999.6, "1e+07"),
        (0.00009999, "9.999e-05"),
        (0.000099999, "0.0001"),
        (0.0, "0"),
        (float("inf"), "n/a"),
        (float("nan"), "n/a"),
    ],
)
def test_digits_are_chosen_after_rounding(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("tell", "value", "text"),
    [
        (format_micros, 999.4, "999 us"),
        (format_micros, 999.7, "1 ms"),
        (format_micros, 99_960, "100 ms"),
        (format_micros, 999_960, "1 s"),
        (format_micros, 1_340, "1.3 ms"),
        (format_micros, None, "n/a"),
        (format_bytes, 999.4, "999 B"),
        (format_bytes, 999.6, "1 kB"),
        (format_bytes, 999_499, "999 kB"),
        (format_bytes, 999_999, "1 MB"),
        (format_bytes, 999_999_999, "1 GB"),
        (format_bytes, 1_234_567_890_123, "1235 GB"),
        (format_seconds, 0.0994, "99 ms"),
        (format_seconds, 0.0996, "0.10 s"),
        (format_seconds, 0.996, "1.0 s"),
        (format_seconds, 9.96, "10 s"),
        (format_seconds, 119.6, "2 min 00 s"),
        (format_seconds, 185, "3 min 05 s"),
    ],
)
def test_units_are_chosen_after_rounding(tell, value, text):
    assert tell(value) == text


@pytest.mark.parametrize("exponent", range(-3, 9))
def test_no_unit_shows_a_thousand_of_itself(exponent):
    for k in range(1, 2000, 7):
        n = (1 - k / 1e6) * 10.0**exponent
        assert not format_micros(n).startswith("1000"), n
        assert not format_bytes(n).startswith("1000"), n
        assert not format_seconds(n / 1e3).startswith("1000"), n


def test_a_spread_has_two_digits():
    assert format_with_error(0.5, 0.0075) == "0.5000 ± 0.0075"
    assert format_with_error(0.5, 0.0996) == "0.5000 ± 0.10"
    assert format_with_error(47656.2, 888) == "47,656 ± 890"
    assert format_with_error(47656.2, 996) == "47,656 ± 1000"
    assert format_with_error(0.5, 3e-7) == "0.5000 ± 3.0e-07"
    assert format_with_error(0.5, 0.0) == "0.5000"
    assert format_with_error(float("inf"), 1.0) == "n/a"


def test_plurals():
    assert pluralize(1, "feature") == "1 feature"
    assert pluralize(12345, "feature") == "12,345 features"
    assert pluralize(1, "row is", "rows are") == "1 row is"
    assert pluralize(0, "row is", "rows are") == "0 rows are"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1"),
        (1234.5, "1234"),
        (12345.6, "12,346"),
        (0.5, "0.5"),
        (99.95, "100"),
        (1e12, "1e+12"),
        (3e-7, "3e-07"),
        (math.nan, "n/a"),
    ],
)
def test_amounts_of_three_digits(value, text):
    assert format_amount(value, digits=3) == text


@pytest.mark.parametrize(
    ("share", "text"), [(1, "100.0%"), (0.999, "99.9%"), (0.0004, "<0.1%"), (0.25, "25.0%")]
)
def test_percent(share, text):
    assert format_percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, ">99.9%"), (0.0, "<0.1%"), (0.8, "80.0%"), (0.175, "17.5%")]
)
def test_no_probability_is_certain(share, text):
    assert format_probability(share) == text


def test_intervals_and_numbers_of_tables():
    assert format_interval((0.82231, None)) == "0.8223 to n/a"
    assert format_table_number(1234.0) == "1234"
    assert format_table_number(0.5) == "0.5000"
