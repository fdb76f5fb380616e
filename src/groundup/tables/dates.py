r"""Dates written as text: six layouts, each matched by one pattern and converted to naive UTC microseconds.

=========== ===========================================================================
``iso``     2024-03-08, 2024/3/8, with or without a time
``dmy``     08/03/2024, 8.3.24: the day first
``mdy``     03/08/2024, 3-8-24: the month first
``compact`` 20240308
``dmony``   08-Mar-2024, 8 March 24
``mondy``   March 8, 2024
=========== ===========================================================================

A time may follow (``T`` or blanks; hours and minutes, seconds, up to nine decimals of which six are used, am or pm,
``Z`` or an offset, which is subtracted). Two-digit years below 69 are 20xx, others 19xx, as in POSIX. Columns and single
cells are parsed by the same patterns and arithmetic, so the results agree.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import polars as pl

_TIME = (
    r"(?:[T ]\s*(?P<h>[0-9]{1,2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?"
    r"\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
_MONTH_NAME = r"(?P<mon>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\.?"
LAYOUTS = {
    "iso": r"^(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})" + _TIME,
    "dmy": r"^(?P<d>[0-9]{1,2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4}|[0-9]{2})" + _TIME,
    "mdy": r"^(?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})[-/.](?P<y>[0-9]{4}|[0-9]{2})" + _TIME,
    "compact": r"^(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})" + _TIME,
    "dmony": rf"^(?P<d>[0-9]{{1,2}})[-/ ]{_MONTH_NAME}[-/ ,]+(?P<y>[0-9]{{4}}|[0-9]{{2}})" + _TIME,
    "mondy": rf"^{_MONTH_NAME}\s+(?P<d>[0-9]{{1,2}}),?\s+(?P<y>[0-9]{{4}})" + _TIME,
}
_COMPILED = {name: re.compile(pattern) for name, pattern in LAYOUTS.items()}
_MONTHS = {
    n: i
    for i, n in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}


def parse_datetime(text: str, layout: str) -> datetime | None:
    """Return `text` (stripped) parsed in `layout`, naive and in UTC, or None where it does not match."""
    match = _COMPILED[layout].match(text)
    if match is None:
        return None
    part = match.groupdict()
    year = int(part["y"])
    if len(part["y"]) == 2:
        year += 2000 if year < 69 else 1900
    month = _MONTHS[part["mon"][:3].lower()] if part.get("mon") else int(part["m"])
    hour = int(part["h"] or 0)
    if part["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"].lower() == "pm" else 0)
    micros = int((part["f"] or "0")[:6].ljust(6, "0"))
    try:
        parsed = datetime(  # noqa: DTZ001 - naive means UTC here
            year, month, int(part["d"]), hour, int(part["mi"] or 0), int(part["s"] or 0), micros
        )
        return parsed - timedelta(minutes=_offset_minutes(part["zone"]))
    except (ValueError, OverflowError):
        return None


def parse_datetimes(text: pl.Series, layout: str) -> pl.Series:
    """Return `text` (stripped strings) parsed in `layout` as Datetime("us"), null where it does not match."""
    part = text.str.extract_groups(LAYOUTS[layout]).struct.unnest()
    columns = set(part.columns)

    def number(name, default=None):
        """Return the expression of one group as an integer."""
        return (
            pl.col(name).cast(pl.Int32, strict=False) if default is None else number(name).fill_null(default)
        )

    short = pl.col("y").str.len_bytes() == 2
    year = number("y") + pl.when(short).then(pl.when(number("y") < 69).then(2000).otherwise(1900)).otherwise(
        0
    )
    named = pl.col("mon").str.slice(0, 3).str.to_lowercase() if "mon" in columns else None
    month = (
        number("m") if named is None else named.replace_strict(_MONTHS, default=None, return_dtype=pl.Int32)
    )
    hour = number("h", 0)
    later = pl.when(pl.col("half").str.to_lowercase() == "pm").then(12).otherwise(0)
    hour = pl.when(pl.col("half").is_null()).then(hour).when(hour.is_between(1, 12)).then(hour % 12 + later)
    micros = pl.col("f").fill_null("0").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int32)
    zone = pl.col("zone").str.replace(":", "")
    minutes = zone.str.slice(1, 2).cast(pl.Int32, strict=False) * 60 + zone.str.slice(3, 2).cast(
        pl.Int32, strict=False
    )
    offset = (
        pl.when(zone.str.starts_with("-"))
        .then(-minutes)
        .when(zone.str.starts_with("+"))
        .then(minutes)
        .otherwise(0)
    )
    return _combine(
        part.select(
            y=year,
            m=month,
            d=number("d"),
            h=hour,
            mi=number("mi", 0),
            s=number("s", 0),
            us=micros,
            offset=offset,
        )
    ).rename(text.name)


def _combine(part: pl.DataFrame) -> pl.Series:
    """Return the datetimes of the columns year, month, ...; null for days and times that do not exist."""
    leap = ((pl.col("y") % 4 == 0) & (pl.col("y") % 100 != 0)) | (pl.col("y") % 400 == 0)
    days = (
        pl.when(pl.col("m") == 2)
        .then(28 + leap.cast(pl.Int32))
        .when(pl.col("m").is_in([4, 6, 9, 11]))
        .then(30)
        .otherwise(31)
    )
    fits = (
        (pl.col("y") >= 1)
        & pl.col("m").is_between(1, 12)
        & pl.col("d").is_between(1, days)
        & pl.col("h").is_between(0, 23)
        & pl.col("mi").is_between(0, 59)
        & pl.col("s").is_between(0, 59)
    ).fill_null(value=False)
    whole = part.with_columns(pl.when(fits).then(pl.all()))
    local = pl.datetime("y", "m", "d", "h", "mi", "s", "us", time_unit="us")
    return whole.select((local - pl.duration(minutes=pl.col("offset"))).alias("utc")).to_series()


def _offset_minutes(zone: str | None) -> int:
    """Return the offset from UTC in minutes."""
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if zone[0] == "-" else minutes
