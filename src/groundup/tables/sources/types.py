"""Give columns of text their types: numbers, whole numbers, truth values, dates, or text that stays text.

Every column is judged by its different values with their counts, so a million rows of three levels cost three
judgements. What a value means is decided in ``tables.cells`` and ``tables.dates``; here it is decided what a *column* is:

- numbers, if every value is one in the same format. Signs such as ``?`` and ``-`` among them mean missing; so do at
  most 1 % of words without a digit (both are noted). Any other text among numbers keeps the column as text, noted.
- Leading zeros (``007``) and more than 19 digits are codes: they stay text, so that every digit is kept.
- Commas: ``1,234`` may be a decimal comma or a group of thousands, ``08/03/2024`` the 8th of March or the 3rd of August.
  A value that allows one reading only decides for its column; then the file's other columns do; if nothing decides,
  the choice is noted with its alternative.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from groundup.errors import UsageError, nearest
from groundup.tables import cells
from groundup.tables.dates import LAYOUTS, parse_datetimes
from groundup.tables.table import Note

STATED = {
    "text": "text", "category": "text", "string": "text", "identifier": "text", "str": "text",
    "number": "number", "float": "number", "integer": "integer", "int": "integer", "boolean": "boolean", "bool": "boolean",
    "date": "datetime", "datetime": "datetime",
}  # fmt: skip
_FORMATS = tuple(cells.NUMBER_PATTERNS)
_WORD_SHARE = 0.01
_INT64_DIGITS = 19
_MISSING_WORDS = sorted(cells.MISSING_WORDS)
_DATELIKE = (
    r"^[0-9]{1,4}[-/. ][0-9A-Za-z]|^[A-Za-z]{3,9}\.? [0-9]"  # spares the layouts' patterns where none can fit
)
_VERSION = r"^(?:[0-9]\.[0-9]{1,2}|[0-9]{2}\.[0-9])\.[0-9]{2}$"  # 1.2.10 is a version or a code, not a day


class Judgement(NamedTuple):
    """What a column is: its kind, the formats that fit (best first), texts that mean missing, notes."""

    kind: str
    formats: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


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
        Column -> type, number format or date layout, as ``read`` takes it; one word for all columns.
    delimiter : str
        Of the source: with a semicolon, commas are likely decimal.
    """
    stated = check_stated(stated, frame.columns)
    stripped = [series.str.strip_chars() for series in frame.iter_columns()]
    judged = [_judge(series, stated.get(series.name)) for series in stripped]
    comma = delimiter == ";" or any(j.formats[:2] == ("decimal_comma",) for j in judged)
    firsts = {j.formats[0] for j in judged if j.kind == "datetime" and len(j.formats) == 1}
    columns, formats, notes = [], {}, []
    for raw, text, found in zip(frame.iter_columns(), stripped, judged, strict=True):
        judgement = _settle(found, text.name, comma=comma, firsts=firsts, stated=text.name in stated)
        series, more = _convert(raw, text, judgement)
        columns.append(series)
        notes += [*judgement.notes, *more]
        if judgement.formats and judgement.formats[0] not in ("point", "iso"):
            formats[text.name] = judgement.formats[0]
    return Typed(pl.DataFrame(columns) if columns else frame, formats, notes)


def check_stated(stated, columns: list[str]) -> dict[str, str]:
    """Return the stated types by column, or raise for an unknown column or type."""
    if isinstance(stated, str):
        stated = dict.fromkeys(columns, stated)
    known = [*STATED, *_FORMATS, *LAYOUTS]
    for name, kind in (stated or {}).items():
        if name not in columns:
            raise UsageError(f"types names a column {name!r} that is not there.{nearest(name, columns)}")
        if kind not in known:
            raise UsageError(
                f"Unknown type {kind!r} for column {name!r}.{nearest(str(kind), known)}",
                hint=f"Types are: {', '.join(known)}.",
            )
    return dict(stated or {})


def _judge(text: pl.Series, stated: str | None) -> Judgement:
    # Different values in order of first appearance: no judgement or note may depend on a hash.
    counted = pl.DataFrame({"v": text}).group_by("v", maintain_order=True).len("_n")
    counted = counted.filter(~pl.col("v").is_in(_MISSING_WORDS) & pl.col("v").is_not_null())
    if stated is not None:
        return _judge_stated(counted, stated, text.name)
    if counted.height == 0:
        return Judgement("text")
    head = counted["v"].head(500)
    return (
        (_judge_numbers(counted, text.name) if _share(head, _any_number()) > 0.3 else None)
        or _judge_booleans(head, counted)
        or _judge_dates(counted, text.name)
        or Judgement("text")
    )


def _any_number() -> str:
    return "|".join(f"(?:{pattern})" for pattern in cells.NUMBER_PATTERNS.values())


def _share(values: pl.Series, pattern: str) -> float:
    return float(values.str.contains(pattern).mean() or 0.0)


def _judge_numbers(counted: pl.DataFrame, name: str) -> Judgement | None:
    """Return the judgement if the values are numbers, None if not even nearly."""
    values = counted["v"]
    blanks = values.filter(values.is_in(sorted(cells.MISSING_SIGNS)))
    rest = counted.filter(~pl.col("v").is_in(blanks.implode()))
    if rest.height == 0:
        return None
    codes = rest["v"].str.contains(r"^0[0-9]+$")
    if codes.any():
        if _share(rest["v"], _any_number()) < 1:
            return None
        shown = rest["v"].filter(codes)[0]
        return Judgement(
            "text",
            notes=(Note("codes", f"kept as text: {shown!r} starts with a zero, so it is a code", name),),
        )
    fits = {form: rest["v"].str.contains(pattern) for form, pattern in cells.NUMBER_PATTERNS.items()}
    formats = tuple(form for form in _FORMATS if fits[form].all())
    words = pl.Series(dtype=pl.String)
    if not formats:
        formats, words = _nearly(rest, fits)
        if not formats:
            return _mixed(rest, fits, name)
    notes = []
    if len(blanks) or len(words):
        gone = pl.concat([blanks, words])
        n = int(counted.filter(pl.col("v").is_in(gone.implode()))["_n"].sum())
        shown = ", ".join(repr(v[:40]) for v in gone.sort().head(4).to_list())
        notes.append(
            Note(
                "missing",
                f"{n:,} cells among numbers hold no number ({shown}) and are taken as missing",
                name,
            )
        )
    whole = rest["v"].filter(rest["v"].str.contains(r"^[+-]?[0-9]+$"))
    if len(whole) and whole.str.strip_chars("+-").str.len_chars().max() >= _INT64_DIGITS:
        if whole.cast(pl.Int64, strict=False).null_count() or len(whole) < rest.height:
            longest = whole.gather([whole.str.len_chars().arg_max()])[0]
            told = f"kept as text: {longest!r} has more digits than a number keeps"
            return Judgement("text", notes=(Note("codes", told, name),))
    kind = "integer" if len(whole) == rest.height - len(words) and not _plus(whole) else "number"
    return Judgement(kind, formats, tuple(gone) if notes else (), tuple(notes))


def _plus(whole: pl.Series) -> bool:
    return bool(whole.str.starts_with("+").any())


def _nearly(rest: pl.DataFrame, fits: dict[str, pl.Series]) -> tuple[tuple[str, ...], pl.Series]:
    """Return the formats that fit all but a few words without a digit, and those words."""
    total = rest["_n"].sum()
    for form in _FORMATS:
        others = rest.filter(~fits[form])
        if others["_n"].sum() <= _WORD_SHARE * total and not others["v"].str.contains("[0-9]").any():
            kept = rest["v"].is_in(others["v"].implode())
            formats = tuple(f for f in _FORMATS if (fits[f] | kept).all())
            return formats, others["v"]
    return (), pl.Series(dtype=pl.String)


def _mixed(rest: pl.DataFrame, fits: dict[str, pl.Series], name: str) -> Judgement | None:
    """Return text with a note, if most values are numbers but some are not."""
    form = max(_FORMATS, key=lambda f: rest.filter(fits[f])["_n"].sum())
    others = rest.filter(~fits[form]).sort(["_n", "v"], descending=[True, False])
    share = others["_n"].sum() / rest["_n"].sum()
    if share > 0.5:
        return None
    shown = ", ".join(repr(v[:40]) for v in others["v"].head(3).to_list())
    told = f"kept as text: {1 - share:.1%} of its cells are numbers, but {shown} {'are' if others.height > 1 else 'is'} not"
    return Judgement(
        "text", notes=(Note("mixed", f"{told}; types={{{name!r}: 'number'}} makes those missing", name),)
    )


def _judge_booleans(head: pl.Series, counted: pl.DataFrame) -> Judgement | None:
    words = [*cells.TRUE_WORDS, *cells.FALSE_WORDS]
    if counted.height <= 8 and bool(head.str.to_lowercase().is_in(words).all()):
        return Judgement("boolean")
    return None


def _judge_dates(counted: pl.DataFrame, name: str) -> Judgement | None:
    values = counted["v"].filter(~counted["v"].is_in(sorted(cells.MISSING_SIGNS)))
    head = values.head(200)
    if not _share(head, _DATELIKE) > 0.5 or values.str.contains(_VERSION).any():
        return None
    likely = [
        form
        for form in LAYOUTS
        if form != "compact" and len(head) and parse_datetimes(head, form).count() > 0.5 * len(head)
    ]
    counts = {form: parse_datetimes(values, form).count() for form in likely}
    full = tuple(form for form in likely if counts[form] == len(values))
    if not full:
        if not counts:
            return None
        form = max(counts, key=counts.__getitem__)
        bad = values.filter(parse_datetimes(values, form).is_null())
        told = f"kept as text: most cells are dates ({form}), but {bad[0]!r} and {len(bad) - 1:,} other values are not"
        return Judgement(
            "text", notes=(Note("dates", f"{told}; types={{{name!r}: {form!r}}} makes those missing", name),)
        )
    if set(full) >= {"dmy", "mdy"}:
        same = parse_datetimes(values, "dmy").equals(parse_datetimes(values, "mdy"))
        full = full[:1] if same else full
    return Judgement("datetime", full)


def _judge_stated(counted: pl.DataFrame, stated: str, name: str) -> Judgement:
    values = counted["v"]
    if stated in _FORMATS:
        kind, formats, pattern = "number", (stated,), cells.NUMBER_PATTERNS[stated]
        bad = values.filter(~values.str.contains(pattern))
    elif stated in LAYOUTS:
        kind, formats = "datetime", (stated,)
        bad = values.filter(parse_datetimes(values, stated).is_null())
    elif (kind := STATED[stated]) in ("number", "integer"):
        fits = {f: values.filter(values.str.contains(p)) for f, p in cells.NUMBER_PATTERNS.items()}
        best = max(_FORMATS, key=lambda f: (len(fits[f]), -_FORMATS.index(f)))
        formats = (best,)
        bad = values.filter(~values.str.contains(cells.NUMBER_PATTERNS[best]))
        if kind == "integer":
            wrong = ~values.str.contains(r"^[+-]?[0-9]{1,19}$")
            bad = values.filter(wrong)
    elif kind == "datetime":
        counts = {f: parse_datetimes(values, f).count() for f in LAYOUTS}
        best = max(LAYOUTS, key=lambda f: counts[f])
        tied = tuple(f for f in ("dmy", "mdy") if counts[f] == counts[best])
        formats = tied if best in tied and len(tied) == 2 else (best,)
        bad = values.filter(parse_datetimes(values, formats[0]).is_null())
    elif kind == "boolean":
        formats = ()
        bad = values.filter(~values.str.to_lowercase().is_in([*cells.TRUE_WORDS, *cells.FALSE_WORDS]))
    else:
        return Judgement("text")
    notes = ()
    if len(bad):
        n = int(counted.filter(pl.col("v").is_in(bad.implode()))["_n"].sum())
        shown = ", ".join(repr(v[:40]) for v in bad.sort().head(4).to_list())
        notes = (Note("missing", f"{n:,} cells are no {stated} ({shown}) and are taken as missing", name),)
    return Judgement(kind, formats, tuple(bad), notes)


def _settle(judgement: Judgement, name: str, *, comma: bool, firsts: set[str], stated: bool) -> Judgement:
    """Return `judgement` with one format: the one that the rest of the file speaks for, or the usual one, noted."""
    formats = judgement.formats
    if judgement.kind in ("number", "integer"):
        if len(formats) < 2 or judgement.kind == "integer":
            return judgement._replace(formats=formats[:1])
        if formats[0] == "point":
            # 1.234 is a decimal point, unless the file writes decimal commas and every value has three digits after it.
            return judgement._replace(formats=("point",))
        chosen = "decimal_comma" if comma else "thousands_comma"
        other = "thousands_comma" if comma else "decimal_comma"
        why = "as elsewhere in the file" if comma else "no cell decides"
        told = f"commas are read as {chosen} ({why}); types={{{name!r}: {other!r}}} reads them otherwise"
        return judgement._replace(formats=(chosen,), notes=(*judgement.notes, Note("commas", told, name)))
    if judgement.kind == "datetime" and set(formats) >= {"dmy", "mdy"}:
        decided = firsts & {"dmy", "mdy"}
        chosen = decided.pop() if len(decided) == 1 else "dmy"
        why = "as in the file's other dates" if firsts & {"dmy", "mdy"} == {chosen} else "no cell decides"
        other = "mdy" if chosen == "dmy" else "dmy"
        told = (
            f"dates are read as {_spelt(chosen)} ({why}); types={{{name!r}: {other!r}}} reads {_spelt(other)}"
        )
        return judgement._replace(formats=(chosen,), notes=(*judgement.notes, Note("dates", told, name)))
    return judgement._replace(formats=formats[:1])


def _spelt(layout: str) -> str:
    return {"dmy": "day/month/year", "mdy": "month/day/year"}[layout]


def _convert(raw: pl.Series, text: pl.Series, judgement: Judgement) -> tuple[pl.Series, list[Note]]:
    """Return `text` in the type that was judged; `raw` is the text before it was stripped."""
    blank = sorted(cells.MISSING_WORDS | set(judgement.blanks))
    kind = judgement.kind
    if kind == "text":
        return _as_text(raw, text)
    if kind in ("number", "integer", "datetime"):
        blank = sorted({*blank, *cells.MISSING_SIGNS})
    clean = (
        pl.DataFrame({"v": text})
        .select(pl.when(~pl.col("v").is_in(blank)).then("v").alias("v"))["v"]
        .rename(text.name)
    )
    if kind == "boolean":
        words = {**dict.fromkeys(cells.TRUE_WORDS, True), **dict.fromkeys(cells.FALSE_WORDS, False)}
        return clean.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean), []
    if kind == "integer":
        return clean.cast(pl.Int64, strict=False), []
    if kind == "datetime":
        return _as_moments(clean, judgement.formats[0]), []
    form = judgement.formats[0]
    if form == "decimal_comma":
        clean = clean.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    elif form == "thousands_comma":
        clean = clean.str.replace_all(",", "", literal=True)
    numbers = clean.cast(pl.Float64, strict=False)
    n_huge = int(numbers.is_infinite().sum())
    told = [Note("infinite", f"{n_huge:,} cells are beyond the largest number", text.name)] if n_huge else []
    return numbers, told


def _as_moments(clean: pl.Series, layout: str) -> pl.Series:
    distinct = clean.drop_nulls().unique(maintain_order=True)
    if len(distinct) < 0.5 * len(clean):
        moments = parse_datetimes(distinct, layout)
        return clean.replace_strict(distinct, moments, default=None, return_dtype=pl.Datetime("us"))
    return parse_datetimes(clean, layout)


def _as_text(raw: pl.Series, text: pl.Series) -> tuple[pl.Series, list[Note]]:
    """Return text, stripped, with the words for missing taken as such, unless they are codes among codes."""
    notes = []
    words = sorted(cells.MISSING_WORDS)
    frame = pl.DataFrame({"v": text})
    known = frame.filter(pl.col("v").is_not_null() & (pl.col("v") != "") & pl.col("v").is_in(words))["v"]
    if len(known):
        others = frame.filter(~pl.col("v").is_in(words) & pl.col("v").is_not_null())["v"].unique()
        if "NA" in known and len(others) >= 5 and bool(others.str.contains("^[A-Z]{2}$").all()):
            words = [w for w in words if w != "NA"]
            notes.append(
                Note(
                    "missing", "'NA' is kept as a code: the other cells are codes of two capitals", text.name
                )
            )
        else:
            shown = ", ".join(repr(w) for w in known.unique().sort().to_list())
            notes.append(Note("missing", f"{len(known):,} cells ({shown}) are taken as missing", text.name))
    kept = frame.select(pl.when(~pl.col("v").is_in(words)).then("v").alias("v"))["v"].rename(text.name)
    n_padded = int((kept != raw).sum() or 0)
    if n_padded:
        notes.append(Note("spaces", f"blanks round {n_padded:,} cells were cut off", text.name))
    return kept, notes
