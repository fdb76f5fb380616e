"""User-supplied names: hidden characters are visible, labels are distinct."""

import doctest

from groundup.text import escaping
from groundup.text.escaping import distinct_labels, printable_name, quoted


def test_examples_of_the_docstrings():
    assert doctest.testmod(escaping).failed == 0


def test_names_keep_their_script_and_show_hidden_characters():
    assert printable_name("שלום") == "שלום"
    assert printable_name("\u0645\u200c\u0645") == "\u0645\u200c\u0645"  # Persian needs its joiner
    assert printable_name("a\u202eb\u0000\n") == "a<202E>b<00><0A>"
    assert printable_name("") == printable_name("  ") == "(empty)"
    assert printable_name("\ud800") == "<D800>"
    assert len(printable_name("x" * 999)) == 80
    assert printable_name(3.5) == "3.5"
    assert printable_name("constructor") == "constructor "


def test_quoted_names_are_isolated_if_written_from_right_to_left():
    assert quoted("a") == "“a”"
    assert quoted("שלם") == "“\u2068שלם\u2069”"
    assert quoted("constructor") == "“constructor”"


def test_labels_are_unique_whatever_the_names():
    names = ["a", "a", "a (2)", "a", "x" * 99, "x" * 98, "", " "]
    found = distinct_labels(names, 20)
    assert len(set(found)) == len(names)
    assert max(map(len, found)) <= 24
