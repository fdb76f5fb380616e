"""Spellings of class labels: Yes, yes and YES are one class, and so are true and 1 beside no and 0.

Two labels are spellings of one class if they differ in capitals, blanks or a full stop at the end. Where more than two
classes remain and all of them are words for yes or no, they are two classes. Single letters are merged only where two
classes remain, because ``a`` and ``A`` may be two letters. A merge that would leave a single class is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

_YES = frozenset({"yes", "y", "true", "t", "1", "on"})
_NO = frozenset({"no", "n", "false", "f", "0", "off"})


class Spellings(NamedTuple):
    """Folded spelling -> label (see ``fold``), and a sentence on what was merged; empty where each is a class."""

    label_of: dict[str, str]
    message: str


def fold(label: str) -> str:
    """Return what the spellings of a label share.

    >>> fold(" YES "), fold("<=50K."), fold("New  York")
    ('yes', '<=50k', 'new york')
    """
    return " ".join(label.casefold().split()).removesuffix(".")


def find_spellings(present: pl.Series) -> Spellings:
    """Return the spellings of the labels `present` (text, none missing)."""
    counted = present.alias("v").value_counts(name="n").sort(["n", "v"], descending=[True, False])
    labels = counted["v"].to_list()  # the most frequent first
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault(fold(label), []).append(label)
    if len(groups) > 2 and not groups.keys() <= _YES | _NO:
        groups = {key: spelled for key, spelled in groups.items() if len(key) > 1}  # letters stay apart
    groups = _merge_answers(groups)
    merged = [spelled for spelled in groups.values() if len(spelled) > 1]
    if not merged or len(labels) == len(merged[0]):
        return Spellings({}, "")
    label_of = {fold(label): spelled[0] for spelled in merged for label in spelled}
    return Spellings(label_of, _describe(merged))


def _merge_answers(groups: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return two groups if all of more than two are words for yes or no, otherwise the groups."""
    if len(groups) <= 2 or not groups.keys() <= _YES | _NO or groups.keys() <= _YES or groups.keys() <= _NO:
        return groups
    merged: dict[str, list[str]] = {}
    for key, spelled in groups.items():
        merged.setdefault("yes" if key in _YES else "no", []).extend(spelled)
    return merged


def _describe(groups: Sequence[list[str]]) -> str:
    """Return which spellings are read as which class."""
    parts = []
    for spelled in groups[:5]:
        shown = ", ".join(map(repr, spelled[1:6])) + (", ..." if len(spelled) > 6 else "")
        parts.append(f"{shown} as {spelled[0]!r}")
    more = f"; and {len(groups) - 5} more" if len(groups) > 5 else ""
    return f"spellings are read as one class: {'; '.join(parts)}{more}"


def canonical(labels: pl.Series, label_of: dict[str, str]) -> pl.Series:
    """Return text with every spelling replaced by its label; other text is unchanged."""
    if not label_of or labels.dtype != pl.String:
        return labels
    known = set(label_of.values())
    distinct = labels.drop_nulls().unique().to_list()
    changes = {v: label_of[fold(v)] for v in distinct if v not in known and fold(v) in label_of}
    return labels.replace(changes) if changes else labels
