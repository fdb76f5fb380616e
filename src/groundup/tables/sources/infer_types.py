r"""Judge what a column of text is: numbers, whole numbers, truth values, dates, or text that stays text.

A column is judged by its different values with their counts, so a million rows of three levels cost three judgements.
What a value means is decided in ``tables.cells`` and ``tables.dates``; here it is decided what a *column* is:

- numbers, if every value is one in the same format. Signs such as ``?`` and ``-`` among them mean missing; so do at
  most 1 % of words without a digit (both are noted). Any other text among numbers keeps the column as text, noted.
- Leading zeros (``007``) and more than 19 digits are codes: they stay text, so that every digit is kept.
- Commas and days: ``1,234`` may be a decimal comma or a group of thousands, ``08/03/2024`` the 8th of March or the 3rd
  of August. A value that allows one reading only decides for its column; then the file's other columns do; if nothing
  decides, the choice is noted with its alternative.


Give the columns of a text table their types, as ``judge`` finds them.

Plain numbers, the usual case, are recognised by the cast itself: two casts and no pattern. Steps that all columns need
(strip, blank words) run over the whole frame at once, so that ten thousand columns take seconds.
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
from groundup.text.numbers import format_percent

STATED = {
    "text": "text", "category": "text", "string": "text", "identifier": "text", "str": "text",
    "number": "number", "float": "number", "integer": "integer", "int": "integer",
    "boolean": "boolean", "bool": "boolean",
    "date": "datetime", "datetime": "datetime",
}  # fmt: skip
FORMATS = tuple(cells.NUMBER_PATTERNS)
_ANY_NUMBER = "|".join(f"(?:{pattern})" for pattern in cells.NUMBER_PATTERNS.values())
_DATELIKE = r"^[0-9]{1,4}[-/.][0-9A-Za-z]|^[0-9]{1,2} [A-Za-z]{3}|^[A-Za-z]{3,9}\.? [0-9]"
_VERSION = r"^(?:[0-9]\.[0-9]{1,2}|[0-9]{2}\.[0-9])\.[0-9]{2}$"  # 1.2.10 is a version or a code, not a day
_SIGNS = sorted(cells.MISSING_SIGNS)
_TRUTH = [*cells.TRUE_WORDS, *cells.FALSE_WORDS]
_WORD_SHARE = 0.01
_INT64_DIGITS = 19
_LOOK = 100  # different values looked at before a pattern is tried on all of them


class Judgement(NamedTuple):
    """What a column is: its kind, the formats that fit (best first), texts that mean missing, notes."""

    kind: str
    formats: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def judge(clean: pl.Series) -> Judgement:
    """Return what `clean` is: stripped text, null where missing."""
    counted = _counted(clean)
    if counted.height == 0:
        return Judgement("text")
    head = counted["v"].head(_LOOK).to_list()
    return (
        (_judge_numbers(counted, clean.name) if _share(head, _ANY_NUMBER) > 0.3 else None)
        or (Judgement("boolean") if counted.height <= 8 and all(v.lower() in _TRUTH for v in head) else None)
        or (_judge_dates(counted, clean.name) if _share(head, _DATELIKE) > 0.5 else None)
        or Judgement("text")
    )


def _counted(clean: pl.Series) -> pl.DataFrame:
    """Return the different values "v" with their counts "_n", in order of first appearance: no note hangs on a hash."""
    return pl.DataFrame({"v": clean.drop_nulls()}).group_by("v", maintain_order=True).len("_n")


def _share(values: list[str], pattern: str) -> float:
    return sum(re.search(pattern, v) is not None for v in values) / len(values)


def _count(counted: pl.DataFrame, values: pl.Series) -> int:
    return int(counted.filter(pl.col("v").is_in(values.implode()))["_n"].sum())


def _shown(values: pl.Series, limit: int = 4) -> str:
    return ", ".join(repr(v[:40]) for v in values.head(limit).to_list())


def _judge_numbers(counted: pl.DataFrame, name: str) -> Judgement | None:
    """Return the judgement if the values are numbers, None if not even nearly."""
    blanks = counted["v"].filter(counted["v"].is_in(_SIGNS))
    rest = counted.filter(~pl.col("v").is_in(_SIGNS))
    if rest.height == 0:
        return None
    codes = rest["v"].filter(rest["v"].str.contains(r"^0[0-9]+$"))
    if len(codes):
        told = Note("codes", f"kept as text: {codes[0]!r} starts with a zero, so it is a code", name)
        return Judgement("text", notes=(told,)) if rest["v"].str.contains(_ANY_NUMBER).all() else None
    fits = {form: rest["v"].str.contains(pattern) for form, pattern in cells.NUMBER_PATTERNS.items()}
    formats = tuple(form for form in FORMATS if fits[form].all())
    words = pl.Series("v", [], dtype=pl.String)
    if not formats:
        formats, words = _nearly(rest, fits)
    if not formats:
        return _mixed(rest, fits, name)
    gone, notes = pl.concat([blanks, words]), ()
    if len(gone):
        told = f"{_count(counted, gone):,} cells among numbers hold no number ({_shown(gone)}) and are taken as missing"
        notes = (Note("missing", told, name),)
    whole = rest["v"].filter(rest["v"].str.contains(r"^[+-]?[0-9]+$"))
    lengths = whole.str.strip_chars("+-").str.len_chars().to_numpy()
    longest = lengths.max(initial=0)
    every = len(whole) == rest.height - len(words)
    if longest >= _INT64_DIGITS and not (every and whole.cast(pl.Int64, strict=False).null_count() == 0):
        shown = whole.filter(whole.str.len_chars() >= longest)[0]
        told = f"kept as text: {shown!r} has more digits than a number keeps"
        return Judgement("text", notes=(Note("codes", told, name),))
    return Judgement("integer" if every else "number", formats, tuple(gone), notes)


def _nearly(rest: pl.DataFrame, fits: dict[str, pl.Series]) -> tuple[tuple[str, ...], pl.Series]:
    """Return the formats that fit all but a few words without a digit, and those words."""
    total = int(rest["_n"].sum())
    for form in FORMATS:
        others = rest.filter(~fits[form])
        if int(others["_n"].sum()) <= _WORD_SHARE * total and not others["v"].str.contains("[0-9]").any():
            spared = rest["v"].is_in(others["v"].implode())
            return tuple(f for f in FORMATS if (fits[f] | spared).all()), others["v"]
    return (), rest["v"].clear()


def _mixed(rest: pl.DataFrame, fits: dict[str, pl.Series], name: str) -> Judgement | None:
    """Return text with a note, if most values are numbers but some are not."""
    form = max(FORMATS, key=lambda f: rest.filter(fits[f])["_n"].sum())
    others = rest.filter(~fits[form])
    share = int(others["_n"].sum()) / int(rest["_n"].sum())
    if share > 0.5:
        return None
    verb = "is" if others.height == 1 else "are"
    told = f"kept as text: {format_percent(1 - share)} of its cells are numbers, but {_shown(others['v'], 3)} {verb} not"
    return Judgement(
        "text", notes=(Note("mixed", f"{told}; {stating(name, 'number')} makes those missing", name),)
    )


def _judge_dates(counted: pl.DataFrame, name: str) -> Judgement | None:
    values = counted["v"].filter(~counted["v"].is_in(_SIGNS))
    if values.str.contains(_VERSION).any():
        return None
    head = values.head(_LOOK)
    likely = [f for f in LAYOUTS if f != "compact" and parse_datetimes(head, f).count() > 0.5 * len(head)]
    if not likely:
        return None
    counts = {form: parse_datetimes(values, form).count() for form in likely}
    full = tuple(form for form in likely if counts[form] == len(values))
    gone = counted["v"].filter(counted["v"].is_in(_SIGNS))
    if not full:
        form = max(counts, key=counts.__getitem__)
        bad = values.filter(parse_datetimes(values, form).is_null())
        if len(bad) > 0.5 * len(values):
            return None
        told = f"kept as text: most of its cells are dates ({form}), but not {_shown(bad, 3)}"
        return Judgement(
            "text", notes=(Note("dates", f"{told}; {stating(name, form)} makes those missing", name),)
        )
    if set(full) >= {"dmy", "mdy"} and parse_datetimes(values, "dmy").equals(parse_datetimes(values, "mdy")):
        full = full[:1]
    told = f"{_count(counted, gone):,} cells among dates hold none ({_shown(gone)}) and are taken as missing"
    return Judgement("datetime", full, tuple(gone), (Note("missing", told, name),) if len(gone) else ())


def stating(name: str, kind: str) -> str:
    """Return how to state that a column is of a kind, in Python and on the command line."""
    return f"types={{{name!r}: {kind!r}}} (--types {shlex.quote(f'{name}={kind}')})"


def check_stated(stated, columns: list[str]) -> dict[str, str]:
    """Return the stated types by column, or raise for an unknown column or type."""
    if isinstance(stated, str):
        stated = dict.fromkeys(columns, stated)
    known, there = {*STATED, *FORMATS, *LAYOUTS}, set(columns)
    for name, kind in (stated or {}).items():
        if name not in there:
            raise UsageError(f"types names a column {name!r} that is not there.{nearest(name, columns)}")
        if kind not in known:
            raise UsageError(
                f"Unknown type {kind!r} for column {name!r}.{nearest(str(kind), known)}",
                hint=f"Types are: {', '.join([*STATED, *FORMATS, *LAYOUTS])}.",
            )
    return dict(stated or {})


def judge_stated(clean: pl.Series, stated: str) -> Judgement:
    """Return the judgement that the user states; cells that do not fit it are missing, and noted."""
    if STATED.get(stated) == "text":
        return Judgement("text")
    counted = _counted(clean)
    values = counted["v"]
    if stated in FORMATS or STATED.get(stated) in ("number", "integer"):
        kind = STATED.get(stated, "number")
        hits = {f: values.str.contains(p) for f, p in cells.NUMBER_PATTERNS.items()}
        form = stated if stated in FORMATS else max(FORMATS, key=lambda f: (hits[f].sum(), -FORMATS.index(f)))
        fits, formats = hits[form], (form,)
        if kind == "integer":
            fits = values.cast(pl.Int64, strict=False).is_not_null()
    elif stated in LAYOUTS or STATED.get(stated) == "datetime":
        counts = {f: parse_datetimes(values, f).count() for f in ([stated] if stated in LAYOUTS else LAYOUTS)}
        best = max(counts, key=counts.__getitem__)
        kind, formats = "datetime", (best,)
        if counts.get("dmy") == counts.get("mdy") == counts[best] and stated not in LAYOUTS and best == "dmy":
            formats = ("dmy", "mdy")
        fits = parse_datetimes(values, best).is_not_null()
    else:
        kind, formats, fits = "boolean", (), values.str.to_lowercase().is_in(_TRUTH)
    bad = values.filter(~fits)
    told = (
        f"{_count(counted, bad):,} cells are no {stated} ({_shown(bad)}) and are taken as missing"
        if len(bad)
        else ""
    )
    return Judgement(kind, formats, tuple(bad), (Note("missing", told, clean.name),) if told else ())


def settle(found: Judgement, name: str, *, comma: bool, firsts: set[str]) -> Judgement:
    """Return `found` with one format: the one that the rest of the file speaks for, or the usual one, noted.

    Parameters
    ----------
    found : Judgement
    name : str
    comma : bool
        Whether other columns, or the delimiter, speak for decimal commas.
    firsts : set of str
        Date layouts that other columns leave no doubt about.
    """
    formats = found.formats
    if found.kind == "number" and len(formats) > 1 and formats[0] != "point":
        chosen, other = (
            ("decimal_comma", "thousands_comma") if comma else ("thousands_comma", "decimal_comma")
        )
        why = "as elsewhere in the file" if comma else "no cell decides"
        told = f"commas are read as {chosen} ({why}); {stating(name, other)} reads them otherwise"
        return found._replace(formats=(chosen,), notes=(*found.notes, Note("commas", told, name)))
    if found.kind == "datetime" and set(formats) >= {"dmy", "mdy"}:
        decided = firsts & {"dmy", "mdy"}
        chosen = next(iter(decided)) if len(decided) == 1 else "dmy"
        other = "mdy" if chosen == "dmy" else "dmy"
        why = "as in the file's other dates" if len(decided) == 1 else "no cell decides"
        spelt = {"dmy": "day/month/year", "mdy": "month/day/year"}
        told = f"dates are read as {spelt[chosen]} ({why}); {stating(name, other)} reads {spelt[other]}"
        return found._replace(formats=(chosen,), notes=(*found.notes, Note("dates", told, name)))
    return found._replace(formats=formats[:1])


_MISSING_WORDS = sorted(cells.MISSING_WORDS)
_EXACT = 1e15  # whole numbers below keep every digit as a float; larger ones are looked at as text


class Typed(NamedTuple):
    """A frame with types, how columns were read (``Table.formats``), and the decisions taken."""

    frame: pl.DataFrame
    formats: dict[str, str]
    notes: list[Note]


def typed(frame: pl.DataFrame, stated: dict[str, str] | str | None, delimiter: str = ",") -> Typed:
    """Return `frame`, all text, with types.

    Parameters
    ----------
    frame : polars.DataFrame
        Of strings.
    stated : mapping, str or None
        Column -> type, number format or date layout, as ``read`` takes it; "text" leaves every cell as it is written.
    delimiter : str
        Of the source: with a semicolon, commas are likely decimal.
    """
    if stated == "text":
        return Typed(frame.select(pl.when(pl.all() != "").then(pl.all())), {}, [])
    wanted = check_stated(stated, frame.columns)
    text = frame.select(pl.all().str.strip_chars())
    clean = text.select(pl.when(~pl.all().is_in(_MISSING_WORDS)).then(pl.all()))
    done: dict[str, pl.Series] = {}
    judged: dict[str, Judgement] = {}
    for series in clean.iter_columns():
        name = series.name
        plain = plain_numbers(series) if name not in wanted else None
        if plain is not None:
            done[name] = plain
        else:
            judged[name] = judge(series) if name not in wanted else judge_stated(series, wanted[name])
    comma = delimiter == ";" or any(j.formats == ("decimal_comma",) for j in judged.values())
    firsts = {j.formats[0] for j in judged.values() if j.kind == "datetime" and len(j.formats) == 1}
    judged = {name: settle(found, name, comma=comma, firsts=firsts) for name, found in judged.items()}
    kept = [name for name, found in judged.items() if found.kind == "text"]
    padded = _padded(frame, text, kept)
    formats, notes = {}, []
    for name, found in judged.items():
        done[name], told = _convert(text[name], clean[name], found, padded.get(name, 0))
        notes += [*found.notes, *told]
        if found.formats and found.formats[0] not in ("point", "iso"):
            formats[name] = found.formats[0]
    return Typed(pl.DataFrame([done[name] for name in frame.columns]), formats, notes)


def plain_numbers(clean: pl.Series) -> pl.Series | None:
    """Return `clean` as numbers if every value plainly is one, None if it takes a closer look.

    Plain are finite numbers with a decimal point, below 10^15, none of them written with leading zeros.
    """
    n_missing = clean.null_count()
    if n_missing == len(clean):
        return None
    numbers = clean.cast(pl.Float64, strict=False)
    if numbers.null_count() != n_missing:
        return None
    values = numbers.drop_nulls().to_numpy()
    low, top = values.min(), values.max()  # either is NaN if one value is
    if not (low > -_EXACT and top < _EXACT):
        return None
    if low < 1 and top > -1 and clean.str.contains(r"^[+-]?0[0-9]").any():
        return None
    if low >= 1 and clean.str.starts_with("0").any():
        return None
    whole = clean.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == n_missing else numbers


def _padded(raw: pl.DataFrame, text: pl.DataFrame, names: list[str]) -> dict[str, int]:
    """Return how many cells of each column in `names` have blanks round a text."""
    if not names:
        return {}
    raw, text = raw.select(names), text.select(names)
    return {
        a.name: n
        for a, b in zip(raw.iter_columns(), text.iter_columns(), strict=True)
        if (n := int(((a != b) & (b != "")).sum() or 0))
    }


def _convert(
    text: pl.Series, clean: pl.Series, found: Judgement, n_padded: int
) -> tuple[pl.Series, list[Note]]:
    """Return a column in the type that was found; `clean` is `text` without the words for missing."""
    if found.kind == "text":
        return _as_text(text, clean, n_padded)
    if found.blanks:
        gone = pl.col(clean.name).is_in(list(found.blanks))
        clean = clean.to_frame().select(pl.when(~gone).then(pl.col(clean.name))).to_series()
    if found.kind == "boolean":
        words = {**dict.fromkeys(cells.TRUE_WORDS, True), **dict.fromkeys(cells.FALSE_WORDS, False)}
        return clean.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean), []
    if found.kind == "datetime":
        return _as_moments(clean, found.formats[0]), []
    if found.kind == "integer":
        return clean.cast(pl.Int64, strict=False), []
    if found.formats[0] == "decimal_comma":
        clean = clean.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    elif found.formats[0] == "thousands_comma":
        clean = clean.str.replace_all(",", "", literal=True)
    numbers = clean.cast(pl.Float64, strict=False)
    n_huge = int(numbers.is_infinite().sum() or 0)
    told = f"{n_huge:,} cells are beyond the largest number (1.8e308)"
    return numbers, [Note("infinite", told, clean.name)] if n_huge else []


def _as_moments(clean: pl.Series, layout: str) -> pl.Series:
    distinct = clean.drop_nulls().unique(maintain_order=True)
    if len(distinct) < 0.5 * len(clean):
        moments = parse_datetimes(distinct, layout)
        return clean.replace_strict(distinct, moments, default=None, return_dtype=pl.Datetime("us"))
    return parse_datetimes(clean, layout)


def _as_text(text: pl.Series, clean: pl.Series, n_padded: int) -> tuple[pl.Series, list[Note]]:
    """Return text, with the words for missing taken as such unless they are codes among codes."""
    name, notes = text.name, []
    if n_padded:
        notes.append(Note("spaces", f"blanks round {n_padded:,} cells were cut off", name))
    if clean.null_count() == text.null_count():
        return clean, notes
    gone = text.filter(clean.is_null() & text.is_not_null() & (text != ""))
    if len(gone) == 0:
        return clean, notes
    others = clean.drop_nulls().unique(maintain_order=True)
    if "NA" in gone and len(others) >= 5 and bool(others.str.contains("^[A-Z]{2}$").all()):
        notes.append(
            Note("missing", "'NA' is kept as a code: the other cells are codes of two capitals", name)
        )
        back = pl.when(pl.col("t") == "NA").then(pl.col("t")).otherwise(pl.col("c"))
        return pl.DataFrame({"t": text, "c": clean}).select(back.alias(name)).to_series(), notes
    shown = ", ".join(repr(word) for word in gone.unique().sort().to_list())
    notes.append(Note("missing", f"{len(gone):,} cells ({shown}) are taken as missing", name))
    return clean, notes
