r"""Infer the types of text columns and convert them: numbers, whole numbers, true and false, dates, or text.

Each different value is examined once, so a million rows with three levels cost three examinations. ``tables.cells`` and
``tables.dates`` define the meaning of a value; the rules for a *column* are:

- A column of numbers has values of one number format only. Signs such as ``?`` and ``-`` among numbers mean missing,
  and so do up to 1% of words without a digit (both are noted). With any other text the column stays text (noted).
- Numbers with leading zeros (``007``) or more than 19 digits are codes and stay text, so that no digit is lost.
- ``1,234`` may have a decimal comma or a thousands separator, ``08/03/2024`` may be in March or August. A value with only
  one possible reading decides for its column, otherwise the other columns of the file do; without evidence the choice is
  noted with its alternative.

Plain numbers, the usual case, are recognised by two casts without any pattern. Steps for all columns (strip, words for
missing) run on the whole frame at once, so that ten thousand columns take seconds.
"""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

import polars as pl

from groundup.errors import UsageError, nearest
from groundup.tables import cells
from groundup.tables.dates import LAYOUTS, parse_datetimes
from groundup.tables.table import Note
from groundup.text.numbers import format_percent, pluralize

TYPE_NAMES = {
    "text": "text", "category": "text", "string": "text", "identifier": "text", "str": "text",
    "number": "number", "float": "number", "integer": "integer", "int": "integer",
    "boolean": "boolean", "bool": "boolean",
    "date": "datetime", "datetime": "datetime",
}  # fmt: skip
FORMATS = tuple(cells.NUMBER_PATTERNS)
_ANY_NUMBER = "|".join(f"(?:{pattern})" for pattern in cells.NUMBER_PATTERNS.values())
_DATELIKE = r"^[0-9]{1,4}[-/.][0-9A-Za-z]|^[0-9]{1,2} [A-Za-z]{3}|^[A-Za-z]{3,9}\.? [0-9]"
_VERSION = r"^(?:[0-9]\.[0-9]{1,2}|[0-9]{2}\.[0-9])\.[0-9]{2}$"  # 1.2.10 is a version or a code, not a date
_SIGNS = sorted(cells.MISSING_SIGNS)
_TRUTH = [*cells.TRUE_WORDS, *cells.FALSE_WORDS]
_WORD_SHARE = 0.01
_INT64_DIGITS = 19
_SAMPLE_VALUES = 100  # different values examined before a pattern is tried on all of them
_MISSING_WORDS = sorted(cells.MISSING_WORDS)
_EXACT = 1e15  # smaller whole numbers are exact as floats; larger ones are examined as text


class ColumnType(NamedTuple):
    """The type of a column: its kind, the formats that fit (best first), words that mean missing, notes."""

    kind: str
    formats: tuple[str, ...] = ()
    missing_words: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def infer_type(clean: pl.Series) -> ColumnType:
    """Return the type of `clean`: stripped text, null where missing."""
    counted = _count_values(clean)
    if counted.height == 0:
        return ColumnType("text")
    head = counted["v"].head(_SAMPLE_VALUES).to_list()
    return (
        (_infer_numbers(counted, clean.name) if _matching_share(head, _ANY_NUMBER) > 0.3 else None)
        or (ColumnType("boolean") if counted.height <= 8 and all(v.lower() in _TRUTH for v in head) else None)
        or (_infer_dates(counted, clean.name) if _matching_share(head, _DATELIKE) > 0.5 else None)
        or ColumnType("text")
    )


def _count_values(clean: pl.Series) -> pl.DataFrame:
    """Return the different values "v" with their counts "_n", in order of first appearance, so that notes are stable."""
    return pl.DataFrame({"v": clean.drop_nulls()}).group_by("v", maintain_order=True).len("_n")


def _matching_share(values: list[str], pattern: str) -> float:
    """Return the share of values that match a pattern."""
    return sum(re.search(pattern, v) is not None for v in values) / len(values)


def _count_cells(counted: pl.DataFrame, values: pl.Series) -> int:
    """Return the number of cells that have one of `values`."""
    return int(counted.filter(pl.col("v").is_in(values.implode()))["_n"].sum())


def _examples(values: pl.Series, limit: int = 4) -> str:
    """Return the first values as text."""
    return ", ".join(repr(v[:40]) for v in values.head(limit).to_list())


def _infer_numbers(counted: pl.DataFrame, name: str) -> ColumnType | None:
    """Return the type of a column of numbers, or of text with many numbers; None for other columns."""
    signs = counted["v"].filter(counted["v"].is_in(_SIGNS))
    rest = counted.filter(~pl.col("v").is_in(_SIGNS))
    if rest.height == 0:
        return None
    codes = rest["v"].filter(rest["v"].str.contains(r"^0[0-9]+$"))
    if len(codes):
        note = Note("codes", f"stays text: {codes[0]!r} starts with a zero, so it is a code", name)
        return ColumnType("text", notes=(note,)) if rest["v"].str.contains(_ANY_NUMBER).all() else None
    fits = {form: rest["v"].str.contains(pattern) for form, pattern in cells.NUMBER_PATTERNS.items()}
    formats = tuple(form for form in FORMATS if fits[form].all())
    words = pl.Series("v", [], dtype=pl.String)
    if not formats:
        formats, words = _find_exceptions(rest, fits)
    if not formats:
        return _infer_mixed(rest, fits, name)
    missing, notes = (
        pl.concat([signs, words]),
        _note_missing(counted, pl.concat([signs, words]), "number", name),
    )
    whole = rest["v"].filter(rest["v"].str.contains(r"^[+-]?[0-9]+$"))
    lengths = whole.str.strip_chars("+-").str.len_chars().to_numpy()
    longest = lengths.max(initial=0)
    all_whole = len(whole) == rest.height - len(words)
    if longest >= _INT64_DIGITS and not (all_whole and whole.cast(pl.Int64, strict=False).null_count() == 0):
        example = whole.filter(whole.str.len_chars() >= longest)[0]
        message = f"stays text: {example!r} has more digits than a number can represent"
        return ColumnType("text", notes=(Note("codes", message, name),))
    return ColumnType("integer" if all_whole else "number", formats, tuple(missing), notes)


def _note_missing(counted: pl.DataFrame, missing: pl.Series, kind: str, name: str) -> tuple[Note, ...]:
    """Return a note on cells that are no value of the column's kind and read as missing, if there are any."""
    if not len(missing):
        return ()
    cells_with = pluralize(
        _count_cells(counted, missing), f"cell without a valid {kind} is", f"cells without a valid {kind} are"
    )
    return (Note("missing", f"{cells_with} read as missing ({_examples(missing)})", name),)


def _find_exceptions(rest: pl.DataFrame, fits: dict[str, pl.Series]) -> tuple[tuple[str, ...], pl.Series]:
    """Return the formats that fit all values except a few words without a digit, and those words."""
    total = int(rest["_n"].sum())
    for form in FORMATS:
        others = rest.filter(~fits[form])
        if int(others["_n"].sum()) <= _WORD_SHARE * total and not others["v"].str.contains("[0-9]").any():
            excepted = rest["v"].is_in(others["v"].implode())
            return tuple(f for f in FORMATS if (fits[f] | excepted).all()), others["v"]
    return (), rest["v"].clear()


def _infer_mixed(rest: pl.DataFrame, fits: dict[str, pl.Series], name: str) -> ColumnType | None:
    """Return text with a note if most values are numbers but some are not, otherwise None."""
    form = max(FORMATS, key=lambda f: rest.filter(fits[f])["_n"].sum())
    others = rest.filter(~fits[form])
    share = int(others["_n"].sum()) / int(rest["_n"].sum())
    if share > 0.5:
        return None
    verb = "is" if others.height == 1 else "are"
    exceptions = f"{_examples(others['v'], 3)} {verb} not"
    message = f"stays text: {format_percent(1 - share)} of its cells are numbers, but {exceptions}"
    return ColumnType(
        "text",
        notes=(Note("mixed", f"{message}; {option_for(name, 'number')} reads those as missing", name),),
    )


def _infer_dates(counted: pl.DataFrame, name: str) -> ColumnType | None:
    """Return the type of a column of dates, or of text with many dates; None for other columns."""
    values = counted["v"].filter(~counted["v"].is_in(_SIGNS))
    if values.str.contains(_VERSION).any():
        return None
    head = values.head(_SAMPLE_VALUES)
    likely = [f for f in LAYOUTS if f != "compact" and parse_datetimes(head, f).count() > 0.5 * len(head)]
    if not likely:
        return None
    counts = {form: parse_datetimes(values, form).count() for form in likely}
    full = tuple(form for form in likely if counts[form] == len(values))
    missing = counted["v"].filter(counted["v"].is_in(_SIGNS))
    if not full:
        form = max(counts, key=counts.__getitem__)
        bad = values.filter(parse_datetimes(values, form).is_null())
        if len(bad) > 0.5 * len(values):
            return None
        message = f"stays text: most of its cells are dates ({form}), but not {_examples(bad, 3)}"
        return ColumnType(
            "text",
            notes=(Note("dates", f"{message}; {option_for(name, form)} reads those as missing", name),),
        )
    if set(full) >= {"dmy", "mdy"} and parse_datetimes(values, "dmy").equals(parse_datetimes(values, "mdy")):
        full = full[:1]
    return ColumnType("datetime", full, tuple(missing), _note_missing(counted, missing, "date", name))


def option_for(name: str, kind: str) -> str:
    """Return the option that sets the type of a column, in Python and on the command line."""
    return f"types={{{name!r}: {kind!r}}} (--types {shlex.quote(f'{name}={kind}')})"


def check_types(types, columns: list[str]) -> dict[str, str]:
    """Return the given types by column, or raise for an unknown column or type."""
    if isinstance(types, str):
        types = dict.fromkeys(columns, types)
    known, existing = {*TYPE_NAMES, *FORMATS, *LAYOUTS}, set(columns)
    for name, kind in (types or {}).items():
        if name not in existing:
            raise UsageError(f"There is no column {name!r} (types).{nearest(name, columns)}")
        if kind not in known:
            raise UsageError(
                f"Unknown type {kind!r} for column {name!r}.{nearest(str(kind), known)}",
                hint=f"The types are: {', '.join([*TYPE_NAMES, *FORMATS, *LAYOUTS])}.",
            )
    return dict(types or {})


def use_given_type(clean: pl.Series, given: str) -> ColumnType:
    """Return the type given by the user; cells that do not fit are read as missing, with a note."""
    if TYPE_NAMES.get(given) == "text":
        return ColumnType("text")
    counted = _count_values(clean)
    values = counted["v"]
    if given in FORMATS or TYPE_NAMES.get(given) in ("number", "integer"):
        kind = TYPE_NAMES.get(given, "number")
        hits = {f: values.str.contains(p) for f, p in cells.NUMBER_PATTERNS.items()}
        form = given if given in FORMATS else max(FORMATS, key=lambda f: (hits[f].sum(), -FORMATS.index(f)))
        fits, formats = hits[form], (form,)
        if kind == "integer":
            fits = values.cast(pl.Int64, strict=False).is_not_null()
    elif given in LAYOUTS or TYPE_NAMES.get(given) == "datetime":
        counts = {f: parse_datetimes(values, f).count() for f in ([given] if given in LAYOUTS else LAYOUTS)}
        best = max(counts, key=counts.__getitem__)
        kind, formats = "datetime", (best,)
        if counts.get("dmy") == counts.get("mdy") == counts[best] and given not in LAYOUTS and best == "dmy":
            formats = ("dmy", "mdy")
        fits = parse_datetimes(values, best).is_not_null()
    else:
        kind, formats, fits = "boolean", (), values.str.to_lowercase().is_in(_TRUTH)
    bad = values.filter(~fits)
    return ColumnType(kind, formats, tuple(bad), _note_missing(counted, bad, given, clean.name))


def choose_format(inferred: ColumnType, name: str, *, comma: bool, layouts: set[str]) -> ColumnType:
    """Return the type with one format: the one used in the rest of the file, or the default, with a note.

    Parameters
    ----------
    inferred : ColumnType
    name : str
    comma : bool
        Whether other columns or the delimiter indicate decimal commas.
    layouts : set of str
        Date layouts of other columns that allow one reading only.
    """
    formats = inferred.formats
    if inferred.kind == "number" and len(formats) > 1 and formats[0] != "point":
        chosen, other = (
            ("decimal_comma", "thousands_comma") if comma else ("thousands_comma", "decimal_comma")
        )
        why = "as elsewhere in the file" if comma else "no cell decides"
        message = f"commas are read as {chosen} ({why}); {option_for(name, other)} changes this"
        return inferred._replace(formats=(chosen,), notes=(*inferred.notes, Note("commas", message, name)))
    if inferred.kind == "datetime" and set(formats) >= {"dmy", "mdy"}:
        decided = layouts & {"dmy", "mdy"}
        chosen = next(iter(decided)) if len(decided) == 1 else "dmy"
        other = "mdy" if chosen == "dmy" else "dmy"
        why = "as in the file's other dates" if len(decided) == 1 else "no cell decides"
        written = {"dmy": "day/month/year", "mdy": "month/day/year"}
        message = (
            f"dates are read as {written[chosen]} ({why}); {option_for(name, other)} reads {written[other]}"
        )
        return inferred._replace(formats=(chosen,), notes=(*inferred.notes, Note("dates", message, name)))
    return inferred._replace(formats=formats[:1])


class Converted(NamedTuple):
    """A frame with types, the formats of its columns (``Table.formats``), and notes."""

    frame: pl.DataFrame
    formats: dict[str, str]
    notes: list[Note]


def convert_types(frame: pl.DataFrame, types: dict[str, str] | str | None, delimiter: str = ",") -> Converted:
    """Return `frame`, all text, with inferred types.

    Parameters
    ----------
    frame : polars.DataFrame
        Of strings.
    types : mapping, str or None
        Column -> type, number format or date layout, as in ``read``; "text" leaves all cells unchanged.
    delimiter : str
        Of the source: a semicolon indicates decimal commas.
    """
    if types == "text":
        return Converted(frame.select(pl.when(pl.all() != "").then(pl.all())), {}, [])
    given = check_types(types, frame.columns)
    text = frame.select(pl.all().str.strip_chars())
    clean = text.select(pl.when(~pl.all().is_in(_MISSING_WORDS)).then(pl.all()))
    converted: dict[str, pl.Series] = {}
    inferred: dict[str, ColumnType] = {}
    for series in clean.iter_columns():
        name = series.name
        plain = parse_plain_numbers(series) if name not in given else None
        if plain is not None:
            converted[name] = plain
        else:
            inferred[name] = infer_type(series) if name not in given else use_given_type(series, given[name])
    comma = delimiter == ";" or any(t.formats == ("decimal_comma",) for t in inferred.values())
    layouts = {t.formats[0] for t in inferred.values() if t.kind == "datetime" and len(t.formats) == 1}
    inferred = {name: choose_format(t, name, comma=comma, layouts=layouts) for name, t in inferred.items()}
    padded = _count_padded(frame, text, [name for name, t in inferred.items() if t.kind == "text"])
    formats, notes = {}, []
    for name, column_type in inferred.items():
        converted[name], further = _convert(text[name], clean[name], column_type, padded.get(name, 0))
        notes += [*column_type.notes, *further]
        if column_type.formats and column_type.formats[0] not in ("point", "iso"):
            formats[name] = column_type.formats[0]
    return Converted(pl.DataFrame([converted[name] for name in frame.columns]), formats, notes)


def parse_plain_numbers(clean: pl.Series) -> pl.Series | None:
    """Return `clean` as numbers if all values are plain numbers, otherwise None.

    Plain numbers are finite, below 10^15, with a decimal point and without leading zeros.
    """
    n_missing = clean.null_count()
    if n_missing == len(clean):
        return None
    numbers = clean.cast(pl.Float64, strict=False)
    if numbers.null_count() != n_missing:
        return None
    values = numbers.drop_nulls().to_numpy()
    low, top = values.min(), values.max()  # both are NaN if a value is
    if not (low > -_EXACT and top < _EXACT):
        return None
    if low < 1 and top > -1 and clean.str.contains(r"^[+-]?0[0-9]").any():
        return None
    if low >= 1 and clean.str.starts_with("0").any():
        return None
    whole = clean.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == n_missing else numbers


def _count_padded(raw: pl.DataFrame, text: pl.DataFrame, names: list[str]) -> dict[str, int]:
    """Return how many cells of each column in `names` have blanks around a text."""
    if not names:
        return {}
    raw, text = raw.select(names), text.select(names)
    return {
        a.name: n
        for a, b in zip(raw.iter_columns(), text.iter_columns(), strict=True)
        if (n := int(((a != b) & (b != "")).sum() or 0))
    }


def _convert(
    text: pl.Series, clean: pl.Series, column_type: ColumnType, n_padded: int
) -> tuple[pl.Series, list[Note]]:
    """Return a column converted to its type, and notes; `clean` is `text` without the words for missing."""
    if column_type.kind == "text":
        return _to_text(text, clean, n_padded)
    if column_type.missing_words:
        missing = pl.col(clean.name).is_in(list(column_type.missing_words))
        clean = clean.to_frame().select(pl.when(~missing).then(pl.col(clean.name))).to_series()
    if column_type.kind == "boolean":
        words = {**dict.fromkeys(cells.TRUE_WORDS, True), **dict.fromkeys(cells.FALSE_WORDS, False)}
        return clean.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean), []
    if column_type.kind == "datetime":
        return _to_datetimes(clean, column_type.formats[0]), []
    if column_type.kind == "integer":
        return clean.cast(pl.Int64, strict=False), []
    if column_type.formats[0] == "decimal_comma":
        clean = clean.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    elif column_type.formats[0] == "thousands_comma":
        clean = clean.str.replace_all(",", "", literal=True)
    numbers = clean.cast(pl.Float64, strict=False)
    n_huge = int(numbers.is_infinite().sum() or 0)
    message = f"{pluralize(n_huge, 'cell is', 'cells are')} beyond the largest number (1.8e308)"
    return numbers, [Note("infinite", message, clean.name)] if n_huge else []


def _to_datetimes(clean: pl.Series, layout: str) -> pl.Series:
    """Return text parsed as dates, each different value once."""
    distinct = clean.drop_nulls().unique(maintain_order=True)
    if len(distinct) < 0.5 * len(clean):
        datetimes = parse_datetimes(distinct, layout)
        return clean.replace_strict(distinct, datetimes, default=None, return_dtype=pl.Datetime("us"))
    return parse_datetimes(clean, layout)


def _to_text(text: pl.Series, clean: pl.Series, n_padded: int) -> tuple[pl.Series, list[Note]]:
    """Return text with the words for missing as null, unless they are codes among codes."""
    name, notes = text.name, []
    if n_padded:
        notes.append(Note("spaces", f"blanks around {pluralize(n_padded, 'cell')} were removed", name))
    if clean.null_count() == text.null_count():
        return clean, notes
    missing = text.filter(clean.is_null() & text.is_not_null() & (text != ""))
    if len(missing) == 0:
        return clean, notes
    others = clean.drop_nulls().unique(maintain_order=True)
    if "NA" in missing and len(others) >= 5 and bool(others.str.contains("^[A-Z]{2}$").all()):
        notes.append(
            Note("missing", "'NA' stays text: the other cells are codes of two capital letters", name)
        )
        back = pl.when(pl.col("t") == "NA").then(pl.col("t")).otherwise(pl.col("c"))
        return pl.DataFrame({"t": text, "c": clean}).select(back.alias(name)).to_series(), notes
    words = ", ".join(repr(word) for word in missing.unique().sort().to_list())
    n_cells = pluralize(len(missing), f"cell ({words}) is", f"cells ({words}) are")
    notes.append(Note("missing", f"{n_cells} read as missing", name))
    return clean, notes
