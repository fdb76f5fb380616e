r"""Infer how the numbers of a text column are written: their notation, and a currency, percent sign or unit.

- All values have one notation. Signs such as ``?`` and ``-`` among numbers mean missing, and so do up to 1% of words
  without a digit (both are noted). With any other text the column stays text (noted).
- Numbers with leading zeros (``007``) or more than 19 digits are codes and stay text, so that no digit is lost.
- All values share one affix; bare numbers among them are of the same currency, but not of the same unit or percent.
- ``1,234`` and ``1.234`` can be read in two ways. A value with only one possible reading decides for its column,
  otherwise the other columns of the file do (``choose_notation``); a note says what decided, and names the alternative.
"""

from __future__ import annotations

import polars as pl

from groundup.tables import cells
from groundup.tables.numerals import (
    ANY_NUMBER,
    BLANK,
    DOUBTFUL_POINT,
    NOTATIONS,
    NUMBER_PATTERNS,
    Format,
    find_affixes,
    is_currency,
    is_known_unit,
    parse_format,
    parse_number,
    parse_numbers,
    same_unit,
    without_affixes,
)
from groundup.tables.sources.column_type import (
    SIGNS,
    ColumnType,
    count_values,
    list_examples,
    note_missing,
    option_for,
)
from groundup.tables.table import Note
from groundup.text.numbers import format_percent, pluralize

WHOLE = r"^[+-]?[0-9]+$"
_WORD_SHARE = 0.01
_INT64_DIGITS = 19
_MIN_DIFFERENT = 10  # so many numbers with the same letters after them are no codes
_MAX_UNITS = 4  # with more, what follows the numbers are words
_SIGNS = {
    "blanks separate groups of digits": rf"[0-9]{BLANK}[0-9]",
    "apostrophes separate groups of digits": r"[0-9]['\u2019\u02bc][0-9]",
    "brackets mean a negative number": r"^\(",
    "a minus may follow its number": r"[0-9.,]\s?[-\u2212\u2013]$",
}
# Bare numbers beside 1.2M are not millions.
_MULTIPLIERS = "k K M m B T bn mn mio Mio mrd Mrd MM lakh cr crore million billion thousand"


def infer_numbers(counted: pl.DataFrame, name: str, affix: str = "") -> ColumnType | None:
    """Return the type of a column of numbers, or of text with many numbers; None for other columns.

    Parameters
    ----------
    counted : polars.DataFrame
        As of ``count_values``.
    name : str
    affix : str
        Of the column's numbers.
    """
    counted = counted.with_columns(without_affixes(counted["v"], affix).alias("p"))
    is_sign = pl.col("p").is_in([*SIGNS, ""])
    signs = counted.filter(is_sign)["v"]
    rest = counted.filter(~is_sign)
    if rest.height == 0:
        return None
    codes = rest.filter(pl.col("p").str.contains(r"^0[0-9]+$"))["v"]
    if len(codes):
        note = Note("codes", f"stays text: {codes[0]!r} starts with a zero, so it is a code", name)
        return ColumnType("text", notes=(note,)) if rest["p"].str.contains(ANY_NUMBER).all() else None
    fits = {notation: rest["p"].str.contains(pattern) for notation, pattern in NUMBER_PATTERNS.items()}
    notations = tuple(notation for notation in NOTATIONS if fits[notation].all())
    words = rest["v"].clear()
    if not notations:
        notations, words = _find_exceptions(rest, fits)
    if not notations:
        return _infer_mixed(rest, fits, name, affix)
    missing = pl.concat([signs, words])
    numbers = rest.filter(~pl.col("v").is_in(words.implode()))
    too_long = _find_too_long(numbers["p"])
    if too_long is not None:
        message = f"stays text: {too_long!r} has more digits than a number can represent"
        return ColumnType("text", notes=(Note("codes", message, name),))
    notes = note_missing(counted, missing, "number", name)
    formats = tuple(str(Format(notation, affix)) for notation in notations)
    if numbers["p"].str.contains(WHOLE).all():
        notes += _note_affix(numbers, formats[:1], name)
        return ColumnType("integer", formats[:1], tuple(missing), notes)
    formats, decided = _drop_supersets(numbers, fits, formats, name)
    notes += (*_note_affix(numbers, formats, name), *_note_signs(numbers["p"], formats, name), *decided)
    return ColumnType("number", formats, tuple(missing), notes)


def _find_too_long(numbers: pl.Series) -> str | None:
    """Return a whole number with more digits than Int64 holds, or than a float does beside fractions; or None."""
    whole = numbers.filter(numbers.str.contains(WHOLE))
    lengths = whole.str.strip_chars("+-").str.len_chars()
    longest = int(lengths.to_numpy().max(initial=0))
    fits = len(whole) == len(numbers) and whole.cast(pl.Int64, strict=False).null_count() == 0
    return None if longest < _INT64_DIGITS or fits else whole.filter(lengths >= longest)[0]


def _note_affix(
    numbers: pl.DataFrame, formats: tuple[str, ...], name: str, n_bare: int = 0
) -> tuple[Note, ...]:
    """Return the note on the affix of a column's numbers, if it has one; `n_bare` cells are read as if they had it."""
    affix = parse_format(formats[0]).affix
    shown = numbers.filter(pl.col("v") != pl.col("p"))["v"]
    if not affix or not len(shown):
        return ()
    message = f"numbers with the {'currency' if is_currency(affix) else 'unit'} {affix!r}{_reading(shown[0], formats)}"
    message += (
        f", and {pluralize(n_bare, 'cell without it is', 'cells without it are')} read alike"
        if n_bare
        else ""
    )
    return (Note("units", f"{message}; {option_for(name, 'text')} keeps text", name),)


def _reading(text: str, formats: tuple[str, ...]) -> str:
    """Return how a cell is read, where its format is certain."""
    value = parse_number(text, formats[0])
    return (
        f": {text!r} is read as {value:.15g}"
        if len(formats) == 1 and value is not None
        else f", such as {text!r}"
    )


def _note_signs(plain: pl.Series, formats: tuple[str, ...], name: str) -> tuple[Note, ...]:
    """Return notes on blanks and apostrophes between groups, and on unusual signs of negative numbers."""
    bare = tuple(parse_format(form).notation for form in formats)
    notes = []
    for what, pattern in _SIGNS.items():
        if len(found := plain.filter(plain.str.contains(pattern))):
            notes.append(Note("numbers", f"{what}{_reading(found[0].strip(), bare)}", name))
    return tuple(notes)


def _drop_supersets(
    numbers: pl.DataFrame, fits: dict[str, pl.Series], formats: tuple[str, ...], name: str
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Return the formats among which the rest of the file must choose, and a note if one of the column's cells did.

    ``thousands_comma`` includes ``point``, and ``thousands_point`` includes ``decimal_comma``.
    """
    by_notation = {parse_format(form).notation: form for form in formats}
    plain = numbers["p"]
    if "point" in by_notation:
        # A point before three digits in all numbers that have one.
        doubtful = "thousands_point" in by_notation and bool(plain.str.contains(DOUBTFUL_POINT).any())
        return tuple(by_notation[n] for n in ("point", "thousands_point")[: 1 + doubtful]), ()
    narrow = next((n for n in ("decimal_comma", "thousands_point") if n in by_notation), "")
    commas = [by_notation[n] for n in ("thousands_comma", narrow) if n in by_notation]
    if len(commas) == 2:
        return tuple(commas), ()
    chosen, rival = commas[0], "thousands_comma" if narrow else "decimal_comma"
    deciding = plain.filter(~plain.str.contains(NUMBER_PATTERNS[rival]))
    message = f"commas are read as {parse_format(chosen).notation}"
    message += f" ({deciding[0]!r} decides)" if len(deciding) else ""
    return (chosen,), (Note("commas", message, name),)


def _find_exceptions(rest: pl.DataFrame, fits: dict[str, pl.Series]) -> tuple[tuple[str, ...], pl.Series]:
    """Return the notations that fit all values except a few words without a digit, and those words."""
    total = int(rest["_n"].sum())
    for notation in NOTATIONS:
        others = rest.filter(~fits[notation])
        if int(others["_n"].sum()) <= _WORD_SHARE * total and not others["v"].str.contains("[0-9]").any():
            excepted = rest["v"].is_in(others["v"].implode())
            return tuple(n for n in NOTATIONS if (fits[n] | excepted).all()), others["v"]
    return (), rest["v"].clear()


def _infer_mixed(rest: pl.DataFrame, fits: dict[str, pl.Series], name: str, affix: str) -> ColumnType | None:
    """Return text with a note if most values are numbers but some are not, otherwise None."""
    notation = max(NOTATIONS, key=lambda n: rest.filter(fits[n])["_n"].sum())
    others = rest.filter(~fits[notation])
    share = int(others["_n"].sum()) / int(rest["_n"].sum())
    if share > 0.5:
        return None
    if others["v"].str.to_lowercase().is_in([*cells.TRUE_WORDS, *cells.FALSE_WORDS]).all():
        return ColumnType("text")  # 1, 0, true and false are answers
    verb = "is" if others.height == 1 else "are"
    exceptions = f"{list_examples(others['v'], 3)} {verb} not"
    unit = f" in {affix!r}" if affix else ""
    message = f"stays text: {format_percent(1 - share)} of its cells are numbers{unit}, but {exceptions}"
    return ColumnType(
        "text",
        notes=(Note("mixed", f"{message}; {option_for(name, 'number')} reads those as missing", name),),
    )


# ---------------------------------------------------------------------- currencies, percent and units


def infer_affixed(counted: pl.DataFrame, name: str) -> ColumnType | None:
    """Return the type of a column whose numbers have one affix, or of text with several; None for other columns."""
    values = counted.filter(~pl.col("v").is_in(SIGNS))
    is_bare = values["v"].str.contains(ANY_NUMBER)
    with_affix, bare = values.filter(~is_bare), values.filter(is_bare)
    units = _count_units(with_affix)
    if units.height == 0 or int(units["_n"].sum()) < 0.5 * int(with_affix["_n"].sum()):
        return None
    most = int(units["_n"][0])
    if units.height > 1 and (most < 0.5 * int(values["_n"].sum()) or all(map(is_known_unit, units["affix"]))):
        known = units.height <= _MAX_UNITS and all(map(is_known_unit, units["affix"]))
        listed = list_examples(units["affix"])
        message = f"stays text: its numbers have several units ({listed}); convert them to one first"
        return ColumnType("text", notes=(Note("units", message, name),)) if known else None
    affix = units["affix"][0]
    if not is_known_unit(affix) and not _stands_apart(with_affix["v"], affix):
        return None
    other = bare.filter(parse_numbers(bare["v"]).fill_null(1.0) != 0)
    if other.height and not is_currency(affix):
        share = int(other["_n"].sum()) / int(values["_n"].sum())
        if share > 0.5:
            return None
        message = (
            f"stays text: {format_percent(1 - share)} of its cells are numbers in {affix!r}, but "
            f"{list_examples(other['v'], 3)} {'has' if other.height == 1 else 'have'} no unit"
        )
        then = "as missing" if affix in _MULTIPLIERS.split() else f"in {affix!r} too"
        note = Note("mixed", f"{message}; {option_for(name, 'number')} reads those {then}", name)
        return ColumnType("text", notes=(note,))
    return infer_numbers(counted, name, affix)


def _count_units(with_affix: pl.DataFrame) -> pl.DataFrame:
    """Return the affixes of the values with the counts of their cells, the most frequent first.

    Spellings of one unit are counted together, under the longest of them: a plural rather than its singular.
    """
    found = with_affix.with_columns(find_affixes(with_affix["v"]).alias("affix")).drop_nulls("affix")
    unit = pl.col("affix").map_elements(same_unit, return_dtype=pl.String, skip_nulls=True)
    by_length = pl.col("affix").sort_by(pl.col("affix").str.len_chars(), descending=True, maintain_order=True)
    counted = found.group_by(unit.alias("unit"), maintain_order=True).agg(
        by_length.first(), pl.col("_n").sum()
    )
    return counted.sort("_n", descending=True, maintain_order=True)


def _stands_apart(values: pl.Series, affix: str) -> bool:
    """Return whether an unknown affix is a unit after different numbers, not a part of codes such as 12A or 1Fam."""
    numbers = values.filter(find_affixes(values).is_not_null())
    if numbers.n_unique() < 2:
        return False
    is_apart = bool(numbers.str.contains(r"[0-9]\s").any())
    return is_apart or not affix.isascii() or (len(affix) > 1 and numbers.n_unique() > _MIN_DIFFERENT)


def use_given_numbers(clean: pl.Series, given: str, kind: str) -> ColumnType:
    """Return the type of a column that the user gave as numbers; cells that do not fit are read as missing, with a note.

    Parameters
    ----------
    clean : polars.Series
    given : str
        As the user wrote it: number, integer, or a format.
    kind : str
        number or integer.
    """
    counted = count_values(clean)
    values = counted.filter(~pl.col("v").str.contains(ANY_NUMBER))
    stated = given.partition(" ")[0] if given.partition(" ")[0] in NOTATIONS else None
    affix = given.partition(" ")[2]
    if not affix:
        units = _count_units(values)
        n_bare = int(counted["_n"].sum()) - int(values["_n"].sum())
        # One 12x among bare numbers is an error, no unit.
        is_usual = units.height > 0 and (is_currency(units["affix"][0]) or int(units["_n"][0]) >= n_bare)
        affix = units["affix"][0] if is_usual else ""
    plain = without_affixes(counted["v"], affix)
    allowed = pl.repeat(value=True, n=counted.height, dtype=pl.Boolean, eager=True)
    if affix in _MULTIPLIERS.split():
        allowed = (plain != counted["v"]) | (parse_numbers(plain).fill_null(1.0) == 0)
    if kind == "integer":
        fits, formats = plain.str.contains(WHOLE) & allowed, (str(Format("point", affix)),)
    else:
        rivals = {None: NOTATIONS, "decimal_comma": ("decimal_comma", "thousands_point")}.get(
            stated, (stated,)
        )
        hits = {n: plain.str.contains(NUMBER_PATTERNS[n]) & allowed for n in rivals if n}
        most = max(int(hit.sum()) for hit in hits.values())
        best = [n for n, hit in hits.items() if int(hit.sum()) == most]
        fits, formats = hits[best[0]], tuple(str(Format(n, affix)) for n in best)
        if stated is not None:
            formats = formats[:1]
        elif fits.any():
            formats, _ = _drop_supersets(pl.DataFrame({"p": plain.filter(fits)}), hits, formats, clean.name)
    bad = counted["v"].filter(~fits)
    notes = note_missing(counted, bad, "number" if " " in given else given, clean.name)
    numbers = counted.with_columns(plain.alias("p")).filter(fits & (plain != counted["v"]))
    n_bare = int(counted.filter(fits & (plain == counted["v"]))["_n"].sum())
    notes += _note_affix(numbers, formats, clean.name, n_bare)
    return ColumnType(kind, formats, tuple(bad), notes)


# ---------------------------------------------------------------------- what a column leaves open


def is_decided(inferred: ColumnType, notations: tuple[str, ...]) -> bool:
    """Return whether the cells of a column allow one notation only, and it is among `notations`."""
    if inferred.kind != "number" or len(inferred.formats) != 1:
        return False
    return parse_format(inferred.formats[0]).notation in notations


def may_be_groups(clean: pl.Series) -> bool:
    """Return whether all points in a column of numbers stand before three digits, so that they may separate groups."""
    values = clean.drop_nulls()
    pattern = rf"^[+-]?[1-9][0-9]{{0,2}}$|^0$|{DOUBTFUL_POINT}"
    if not values.head(50).str.contains(pattern).all():
        return False
    return bool(values.str.contains(pattern).all()) and bool(values.str.contains(".", literal=True).any())


def choose_notation(inferred: ColumnType, name: str, *, comma: bool | None) -> ColumnType:
    """Return the type with one format: the one that the rest of the file has, or the default, with a note.

    Parameters
    ----------
    inferred : ColumnType
        Of kind number, with two formats at least.
    name : str
    comma : bool or None
        Whether other columns or the delimiter indicate decimal commas; None where nothing indicates either.
    """
    by_notation = {parse_format(form).notation: form for form in inferred.formats}
    why = "no cell decides" if comma is None else "as elsewhere in the file"
    if "point" in by_notation:
        if comma is None and is_currency(parse_format(inferred.formats[0]).affix):
            comma, why = True, "amounts of money rarely have three decimals"
        sign, without, with_comma = "points", "point", "thousands_point"
    else:
        with_comma = "decimal_comma" if "decimal_comma" in by_notation else "thousands_point"
        sign, without = "commas", "thousands_comma"
    chosen, other = (with_comma, without) if comma else (without, with_comma)
    read_as = "decimal points" if chosen == "point" else chosen
    message = f"{sign} are read as {read_as} ({why}); {option_for(name, other)} changes this"
    return inferred._replace(
        formats=(by_notation[chosen],), notes=(*inferred.notes, Note("commas", message, name))
    )
