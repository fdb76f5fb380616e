r"""Infer the types of text columns and convert them: numbers, whole numbers, true and false, dates, or text.

Each different value is examined once, so a million rows with three levels cost three examinations. ``tables.cells``,
``tables.numerals`` and ``tables.dates`` define the meaning of a value; the rules for a *column* of numbers stand in
``infer_numbers``. A column of dates has values of one layout only; ``08/03/2024`` may be in March or August, and a value
with only one possible reading decides for its column, otherwise the other columns of the file do; without evidence the
choice is noted with its alternative. Whole numbers such as 20240308 or 202403 are dates where that cannot be chance.

Plain numbers, the usual case, are recognised by two casts without any pattern. Steps for all columns (strip, words for
missing) run on the whole frame at once, so that ten thousand columns take seconds.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from groundup.errors import UsageError, nearest
from groundup.tables import cells
from groundup.tables.dates import LAYOUTS, parse_datetimes
from groundup.tables.numerals import (
    ANY_NUMBER,
    NOTATIONS,
    find_affixes,
    is_currency,
    parse_numbers,
    without_affixes,
)
from groundup.tables.numerals import parse_format as parse_number_format
from groundup.tables.sources.column_type import (
    SIGNS,
    ColumnType,
    count_values,
    list_examples,
    note_missing,
    option_for,
)
from groundup.tables.sources.infer_numbers import (
    choose_notation,
    infer_affixed,
    infer_numbers,
    is_decided,
    may_be_groups,
    use_given_numbers,
)
from groundup.tables.sources.names import find_name
from groundup.tables.sources.quoted_words import MARK
from groundup.tables.table import Note
from groundup.text.numbers import pluralize

TYPE_NAMES = {
    "text": "text", "category": "text", "string": "text", "identifier": "text", "str": "text",
    "number": "number", "float": "number", "integer": "integer", "int": "integer",
    "boolean": "boolean", "bool": "boolean",
    "date": "datetime", "datetime": "datetime",
}  # fmt: skip
FORMATS = NOTATIONS
_DATELIKE = r"^[0-9]{1,4}(?:[-/. ][0-9A-Za-z]|[A-Za-z])|^[0-9]{8}[Tt ]|^[A-Za-z]{1,9}[-/. ,']*[0-9]"
_VERSION = r"^(?:[0-9]\.[0-9]{1,2}|[0-9]{2}\.[0-9])\.[0-9]{2}$"  # 1.2.10 is a version or a code, not a date
_TRUTH = [*cells.TRUE_WORDS, *cells.FALSE_WORDS]
_SAMPLE_VALUES = 100  # different values examined before a pattern is tried on all of them
_MISSING_WORDS = sorted(cells.MISSING_WORDS)
_MAX_WORDS = 1000  # words read as missing that a column stores
_EXACT = 1e15  # smaller whole numbers are exact as floats; larger ones are examined as text
# That so many whole numbers are all dates by chance has a probability below 1e-11; with a name of dates, two will do.
_SURE_DATES = 12
_DATE_NAME = re.compile(r"date|month|day|period|yyyymm|(?:^|_)ym(?:$|_)", re.IGNORECASE)


def infer_type(clean: pl.Series) -> ColumnType:
    """Return the type of `clean`: stripped text, null where missing."""
    counted = count_values(clean)
    if counted.height == 0:
        return ColumnType("text")
    head = counted["v"].head(_SAMPLE_VALUES)
    values, name = head.to_list(), clean.name
    affixes = find_affixes(head).drop_nulls()
    has_affixes = len(affixes) > 0.3 * len(head) or any(map(is_currency, affixes))
    is_datelike = _matching_share(values, _DATELIKE) > 0.5
    return (
        (_infer_dates(counted, name) if has_affixes and is_datelike else None)
        or (infer_affixed(counted, name) if has_affixes else None)
        or (infer_numbers(counted, name) if _matching_share(values, ANY_NUMBER) > 0.3 else None)
        or (
            ColumnType("boolean")
            if counted.height <= 8 and all(v.lower() in _TRUTH for v in values)
            else None
        )
        or (_infer_dates(counted, name) if is_datelike else None)
        or ColumnType("text")
    )


def _matching_share(values: list[str], pattern: str) -> float:
    """Return the share of values that match a pattern."""
    return sum(re.search(pattern, v) is not None for v in values) / len(values)


def _infer_dates(counted: pl.DataFrame, name: str) -> ColumnType | None:
    """Return the type of a column of dates, or of text with many dates; None for other columns."""
    values = counted["v"].filter(~counted["v"].is_in(SIGNS))
    if values.str.contains(_VERSION).any():
        return None
    head = values.head(_SAMPLE_VALUES)
    likely = [layout for layout in LAYOUTS if parse_datetimes(head, layout).count() > 0.5 * len(head)]
    if not likely:
        return None
    counts = {form: parse_datetimes(values, form).count() for form in likely}
    full = tuple(form for form in likely if counts[form] == len(values))
    missing = counted["v"].filter(counted["v"].is_in(SIGNS))
    if not full:
        form = max(counts, key=counts.__getitem__)
        bad = values.filter(parse_datetimes(values, form).is_null())
        if len(bad) > 0.5 * len(values):
            return None
        message = f"stays text: most of its cells are dates ({form}), but not {list_examples(bad, 3)}"
        return ColumnType(
            "text",
            notes=(Note("dates", f"{message}; {option_for(name, form)} reads those as missing", name),),
        )
    if full == ("ym",) and _are_seasons(values):
        return None
    if set(full) >= {"dmy", "mdy"} and parse_datetimes(values, "dmy").equals(parse_datetimes(values, "mdy")):
        full = full[:1]
    return ColumnType("datetime", full, tuple(missing), note_missing(counted, missing, "date", name))


def _are_seasons(values: pl.Series) -> bool:
    """Return whether all values are two years in succession, such as 2010-11, not months."""
    part = (
        values.str.extract_groups(r"^([0-9]{4})[-/]([0-9]{2})$").struct.unnest().cast(pl.Int64, strict=False)
    )
    first, second = (part[name] for name in part.columns)
    return bool(((first + 1) % 100 == second).fill_null(value=False).all())


def infer_number_dates(numbers: pl.Series) -> str | None:
    """Return the layout of whole numbers that are dates, such as 20240308 or 202403, or None."""
    low, high = numbers.min(), numbers.max()
    for layout, first, last in (("compact", 19000101, 21001231), ("compact_month", 190001, 210012)):
        if low is None or high is None or not first <= low <= high <= last:  # type: ignore[operator]
            continue
        values = numbers.drop_nulls().unique()
        enough = 2 if _DATE_NAME.search(numbers.name) else _SURE_DATES
        if len(values) >= enough and parse_datetimes(values.cast(pl.String), layout).null_count() == 0:
            return layout
    return None


def check_types(types, columns: list[str]) -> dict[str, str]:
    """Return the given types by column, or raise for an unknown column or type."""
    if isinstance(types, str):
        types = dict.fromkeys(columns, types)
    known, existing = {*TYPE_NAMES, *FORMATS, *LAYOUTS}, set(columns)
    types = {find_name(name, existing): kind for name, kind in (types or {}).items()}
    for name, kind in types.items():
        if name not in existing:
            raise UsageError(f"There is no column {name!r} (types).{nearest(name, columns)}")
        if kind not in known and kind.partition(" ")[0] not in FORMATS:
            raise UsageError(
                f"Unknown type {kind!r} for column {name!r}.{nearest(str(kind), known)}",
                hint=f"The types are: {', '.join([*TYPE_NAMES, *FORMATS, *LAYOUTS])}.",
            )
    return types


def use_given_type(clean: pl.Series, given: str) -> ColumnType:
    """Return the type given by the user; cells that do not fit are read as missing, with a note."""
    kind = TYPE_NAMES.get(given)
    if kind == "text":
        return ColumnType("text", ("text",))
    if kind in ("number", "integer") or given.partition(" ")[0] in FORMATS:
        return use_given_numbers(clean, given, kind or "number")
    counted = count_values(clean)
    values = counted["v"]
    if given in LAYOUTS or kind == "datetime":
        counts = {f: parse_datetimes(values, f).count() for f in ([given] if given in LAYOUTS else LAYOUTS)}
        best = max(counts, key=counts.__getitem__)
        kind, formats = "datetime", (best,)
        if counts.get("dmy") == counts.get("mdy") == counts[best] and given not in LAYOUTS and best == "dmy":
            formats = ("dmy", "mdy")
        fits = parse_datetimes(values, best).is_not_null()
    else:
        kind, formats, fits = "boolean", (), values.str.to_lowercase().is_in(_TRUTH)
    bad = values.filter(~fits)
    return ColumnType(kind, formats, tuple(bad), note_missing(counted, bad, given, clean.name))


def choose_format(inferred: ColumnType, name: str, *, comma: bool | None, layouts: set[str]) -> ColumnType:
    """Return the type with one format: the one used in the rest of the file, or the default, with a note.

    Parameters
    ----------
    inferred : ColumnType
    name : str
    comma : bool or None
        Whether other columns or the delimiter indicate decimal commas; None where nothing indicates either.
    layouts : set of str
        Date layouts of other columns that allow one reading only.
    """
    formats = inferred.formats
    if inferred.kind == "number" and len(formats) > 1:
        return choose_notation(inferred, name, comma=comma)
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
    """A frame with types, the formats and words of its columns (as of ``Table``), and notes."""

    frame: pl.DataFrame
    formats: dict[str, str]
    missing_words: dict[str, tuple[str, ...]]
    notes: list[Note]


def convert_types(
    frame: pl.DataFrame,
    types: dict[str, str] | str | None,
    delimiter: str = ",",
    *,
    has_marks: bool = False,
) -> Converted:
    """Return `frame`, all text, with inferred types.

    Parameters
    ----------
    frame : polars.DataFrame
        Of strings.
    types : mapping, str or None
        Column -> type, number format or date layout, as in ``read``; "text" leaves all cells unchanged.
    delimiter : str
        Of the source: a semicolon indicates decimal commas.
    has_marks : bool
        Whether words in quotes are marked, as by ``mark_quoted``.
    """
    if types == "text":
        return Converted(frame.select(pl.when(pl.all() != "").then(pl.all())), {}, {}, [])
    given = check_types(types, frame.columns)
    marked = frame.select(pl.all().str.strip_chars())
    text = marked.select(pl.all().str.strip_prefix(MARK)) if has_marks else marked
    clean = text.select(pl.when(~pl.all().is_in(_MISSING_WORDS)).then(pl.all()))
    converted: dict[str, pl.Series] = {}
    inferred: dict[str, ColumnType] = {}
    for series in clean.iter_columns():
        name = series.name
        plain = parse_plain_numbers(series) if name not in given else None
        if plain is not None and plain.dtype == pl.Int64 and (layout := infer_number_dates(plain)):
            option = option_for(name, "integer")
            example = series.drop_nulls()[0]
            message = f"whole numbers such as {example} are read as dates ({layout}); {option} reads numbers"
            inferred[name] = ColumnType("datetime", (layout,), (), (Note("dates", message, name),))
        elif plain is not None and (plain.dtype == pl.Int64 or not may_be_groups(series)):
            converted[name] = plain
        else:
            inferred[name] = infer_type(series) if name not in given else use_given_type(series, given[name])
    comma = _indicates_commas(inferred, converted, delimiter)
    layouts = {t.formats[0] for t in inferred.values() if t.kind == "datetime" and len(t.formats) == 1}
    inferred = {name: choose_format(t, name, comma=comma, layouts=layouts) for name, t in inferred.items()}
    padded = _count_padded(frame, marked, [name for name, t in inferred.items() if t.kind == "text"])
    formats, words, notes = {}, {}, []
    for name, column_type in inferred.items():
        if column_type.kind == "text":
            quoted = marked[name].str.starts_with(MARK)
            is_given = column_type.formats == ("text",)
            converted[name], further = _to_text(
                text[name], clean[name], padded.get(name, 0), quoted, is_given=is_given
            )
        else:
            converted[name], further = _convert(clean[name], column_type)
        notes += [*column_type.notes, *further]
        if column_type.formats and column_type.formats[0] not in ("point", "iso"):
            formats[name] = column_type.formats[0]
        if unusual := [w for w in column_type.missing_words if w not in cells.MISSING_SIGNS]:
            words[name] = tuple(unusual[:_MAX_WORDS])
    return Converted(pl.DataFrame([converted[name] for name in frame.columns]), formats, words, notes)


def _indicates_commas(
    inferred: dict[str, ColumnType], converted: dict[str, pl.Series], delimiter: str
) -> bool | None:
    """Return whether the columns that decide have decimal commas, or a semicolon delimits; None without evidence."""
    types = inferred.values()
    if any(is_decided(t, ("decimal_comma", "thousands_point")) for t in types):
        return True
    if any(c.dtype == pl.Float64 for c in converted.values()):
        return False
    if any(is_decided(t, ("point", "thousands_comma")) for t in types):
        return False
    return True if delimiter == ";" else None


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


def _convert(clean: pl.Series, column_type: ColumnType) -> tuple[pl.Series, list[Note]]:
    """Return a column, without the words for missing, converted to a type other than text; and notes."""
    if column_type.missing_words:
        missing = pl.col(clean.name).is_in(list(column_type.missing_words))
        clean = clean.to_frame().select(pl.when(~missing).then(pl.col(clean.name))).to_series()
    if column_type.kind == "boolean":
        words = {**dict.fromkeys(cells.TRUE_WORDS, True), **dict.fromkeys(cells.FALSE_WORDS, False)}
        return clean.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean), []
    form = column_type.formats[0]
    if column_type.kind == "datetime":
        return _to_datetimes(clean, form), []
    if column_type.kind == "integer":
        plain = without_affixes(clean, parse_number_format(form).affix)
        return plain.str.strip_chars().cast(pl.Int64, strict=False), []
    numbers = parse_numbers(clean, form)
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


def _to_text(
    text: pl.Series, clean: pl.Series, n_padded: int, quoted: pl.Series, *, is_given: bool
) -> tuple[pl.Series, list[Note]]:
    """Return text with the words for missing as null; and notes.

    The words stay where the user gave the type (`is_given`), where they are `quoted`, and among codes of two letters.
    """
    name, notes = text.name, []
    if n_padded:
        notes.append(Note("spaces", f"blanks around {pluralize(n_padded, 'cell')} were removed", name))
    table = pl.DataFrame({"t": text, "c": clean, "q": quoted})
    if is_given:
        return table.select(pl.when(pl.col("t") != "").then("t").alias(name)).to_series(), notes
    if clean.null_count() == text.null_count():
        return clean, notes
    kept = table.filter(pl.col("q") & pl.col("c").is_null())["t"]
    if len(kept):
        verb = "stays" if len(kept) == 1 else "stay"
        message = f"{_count_words(kept)} in quotes {verb} text; without quotes it would be missing"
        notes.append(Note("missing", message, name))
        clean = table.select(pl.when("q").then("t").otherwise("c").alias(name)).to_series()
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
    verb = "is" if len(missing) == 1 else "are"
    message = f"{_count_words(missing)} {verb} read as missing; {option_for(name, 'text')} keeps text"
    notes.append(Note("missing", message, name))
    return clean, notes


def _count_words(words: pl.Series) -> str:
    """Return how many cells there are, and their different words."""
    listed = ", ".join(repr(word) for word in words.unique().sort().to_list())
    return f"{pluralize(len(words), 'cell')} ({listed})"
