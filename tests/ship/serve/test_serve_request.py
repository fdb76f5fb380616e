"""From bytes to rows: what JSON leaves open is closed."""

import math

import pytest

from groundup.ship.serve.problems import Problem
from groundup.ship.serve.request import check_media_type, parse, read_request


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"", "malformed", "empty"),
        (b"{", "malformed", "line 1"),
        (b'{"a": 1} x', "malformed", "Extra data"),
        (b"[NaN]", "malformed", "NaN is not JSON"),
        (b"[-Infinity]", "malformed", "-Infinity"),
        (b'{"a": 1, "b": 2, "a": 3}', "malformed", "'a' occurs twice"),
        (b'[{"x": {"a": 1, "a": 1}}]', "malformed", "twice"),
        (b'{"a": "\xff"}', "malformed", "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "malformed", "not UTF-8"),
        (b'{"a": "\\ud800"}', "malformed", "surrogate"),
        (b'{"\\uDFFF": 1}', "malformed", "surrogate"),
        (b"[" * 100_000 + b"]" * 100_000, "too-deep", "deep"),
        (b"3", "not-rows", "a number"),
        (b'"text"', "not-rows", "a string"),
        (b"null", "not-rows", "null"),
        (b"true", "not-rows", "true or false"),
        (b"[{},{},{},{}]", "too-many-rows", "4 rows; at most 3"),
        (b'{"rows": [{}], "explain": "yes"}', "not-rows", "explain"),
    ],
)
def test_refuses(body, kind, told):
    with pytest.raises(Problem) as caught:
        read_request(body, 3, {})
    assert caught.value.kind == kind
    assert told in caught.value.detail


def test_numbers_beyond_a_float_are_infinite_and_no_error():
    assert parse(b"[1e999, -1e999]") == [math.inf, -math.inf]
    long = b"9" * 5000
    assert parse(b"[" + long + b", -" + long + b", 7]") == [math.inf, -math.inf, 7]
    assert parse(b"[" + b"9" * 300 + b"]") == [int("9" * 300)]


def test_letters_beyond_the_first_plane_and_a_byte_order_mark_are_read():
    assert parse('\ufeff{"a": "😀"}'.encode()) == {"a": "😀"}
    assert parse(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}


def test_the_three_forms_of_a_request():
    row = {"a": 1}
    assert read_request(b'{"a": 1}', 9, {"a"}) == ([row], True, False, ())
    assert read_request(b'[{"a": 1}]', 9, {"a"}) == ([row], False, False, ())
    assert read_request(b'{"rows": [{"a": 1}], "explain": true}', 9, {"a"}) == ([row], False, True, ("rows",))
    assert read_request(b'{"rows": {"a": 1}, "explain": true}', 9, {"a"}) == ([row], True, True, ("rows",))


def test_a_column_named_rows_is_a_column():
    assert read_request(b'{"rows": 3}', 9, {"rows"}).rows == [{"rows": 3}]
    assert read_request(b'{"rows": [3]}', 9, {"rows"}).rows == [{"rows": [3]}]
    assert read_request(b'{"rows": {}, "x": 1}', 9, {}).rows == [{"rows": {}, "x": 1}]


@pytest.mark.parametrize(
    "media",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        "application/ld+json",
    ],
)
def test_json_by_any_of_its_names(media):
    check_media_type(media, None)
    check_media_type(media, "identity")


@pytest.mark.parametrize(
    ("media", "encoding"),
    [
        (None, None),
        ("", None),
        ("text/plain", None),
        ("application/x-www-form-urlencoded", None),
        ("application/json; charset=utf-16", None),
        ("application/json", "gzip"),
        ("multipart/form-data; boundary=application/json", None),
    ],
)
def test_other_media_are_refused(media, encoding):
    with pytest.raises(Problem) as caught:
        check_media_type(media, encoding)
    assert caught.value.status == 415
