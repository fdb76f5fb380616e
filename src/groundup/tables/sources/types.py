"""Give the columns of a text table their types, as ``judge`` finds them.

Plain numbers, the usual case, are recognised by the cast itself: two casts and no pattern. Steps that all columns need
(strip, blank words) run over the whole frame at once, so that ten thousand columns take seconds.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from groundup.tables import cells
from groundup.tables.dates import parse_datetimes
from groundup.tables.sources.infer_types import Judgement, check_stated, judge, judge_stated, settle
from groundup.tables.table import Note

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
