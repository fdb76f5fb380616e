r"""Dates written as text: layouts, each matched by one pattern and converted to naive UTC microseconds.

================= ======================================================================
``iso``           2024-03-08, 2024/3/8, with or without a time
``dmy``           08/03/2024, 8.3.24: the day first
``mdy``           03/08/2024, 3-8-24: the month first
``compact``       20240308
``dmony``         08-Mar-2024, 8 March 24, Fri, 8th March 2024
``mondy``         March 8, 2024, Mar-08-2024
``ymond``         2024-Mar-08
``ym``            2024-03, 2024/03, 2024M03: a month is its first day
``my``            03/2024
``mony``          Mar 2024, March-24
``ymon``          2024 Mar
``compact_month`` 202403
``yq``            2024-Q1, 2024Q1: a quarter is its first day
``qy``            Q1 2024, Q1/24
================= ======================================================================

A time may follow a day (``T`` or blanks; hours, minutes, seconds, up to nine decimals of which six are used; am, pm, a.m.
or p.m.; ``Z``, ``UTC`` or an offset such as ``+00``, ``+0530`` or ``+05:30``, which is subtracted). A year of two digits
is the latest one that is not in the future. Columns and single cells are parsed by the same patterns and arithmetic, so
the results agree.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import polars as pl

_BLANK = r"[ \u00a0\u202f]"
_TIME = (
    r"(?:(?:[Tt]|[ \u00a0\u202f]+|,[ ]+)(?P<h>[0-9]{1,2})"
    r"(?::(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?)?"
    rf"(?:{_BLANK}*(?P<half>(?i:[ap])(?:\.?{_BLANK}?(?i:m)\.?)?))?"
    rf"(?:{_BLANK}*(?P<zone>[Zz]|(?:UTC|GMT)?[+\-\u2212][0-9]{{1,2}}(?::?[0-9]{{2}})?(?: UTC)?|UTC|GMT))?)?$"
)
_BASIC_TIME = (
    r"(?:[Tt ](?P<h>[0-9]{2}):?(?P<mi>[0-9]{2})(?::?(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?(?P<half>)"
    r"(?P<zone>[Zz]|[+\-\u2212][0-9]{2}(?::?[0-9]{2})?)?)?$"
)
_MONTH_NAME = r"(?P<mon>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\.?"
# Without a day, only the names themselves: "Marvel 2019" is no month.
_MONTH_ALONE = (
    r"(?P<mon>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))\.?"
)
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]{0,2}[ ]+)?"
_DAY_NUMBER = r"(?P<d>[0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<y>[0-9]{4}|[0-9]{2})"
DAY_LAYOUTS = {
    "iso": r"^(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})" + _TIME,
    "dmy": rf"^(?P<d>[0-9]{{1,2}})[-/.](?P<m>[0-9]{{1,2}})[-/.]{_YEAR}" + _TIME,
    "mdy": rf"^(?P<m>[0-9]{{1,2}})[-/.](?P<d>[0-9]{{1,2}})[-/.]{_YEAR}" + _TIME,
    "compact": r"^(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})" + _BASIC_TIME,
    "dmony": rf"^{_WEEKDAY}{_DAY_NUMBER}[-/ .]+{_MONTH_NAME}[-/ ,]+{_YEAR}" + _TIME,
    "mondy": rf"^{_WEEKDAY}{_MONTH_NAME}[-/ ]+{_DAY_NUMBER}[-/ ,]+(?P<y>[0-9]{{4}})" + _TIME,
    "ymond": rf"^(?P<y>[0-9]{{4}})[-/ ]{_MONTH_NAME}[-/ ]{_DAY_NUMBER}" + _TIME,
}
# Years may have a separator before them here: one of two digits needs it, because "Mar 21" is a day.
LAYOUTS = DAY_LAYOUTS | {
    "ym": r"^(?P<y>[0-9]{4})(?:[-/]|-?[Mm])(?P<m>[0-9]{1,2})$",
    "my": r"^(?P<m>[0-9]{1,2})[-/](?P<y>[0-9]{4})$",
    "mony": rf"^{_MONTH_ALONE},?[ ]*(?P<y>[-/']?[0-9]{{4}}|[-/'][0-9]{{2}})$",
    "ymon": rf"^(?P<y>[0-9]{{4}})[-/ ]?{_MONTH_ALONE}$",
    "compact_month": r"^(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})$",
    "yq": r"^(?P<y>[0-9]{4})[-/ ]?[Qq](?P<q>[1-4])$",
    "qy": r"^[Qq](?P<q>[1-4])[ ]*(?P<y>[-/']?[0-9]{4}|[-/'][0-9]{2})$",
}
#: Layouts of digits only, which whole numbers have too.
NUMBER_LAYOUTS = ("compact", "compact_month")
_COMPILED = {name: re.compile(pattern) for name, pattern in LAYOUTS.items()}
_MONTHS = {
    n: i
    for i, n in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_MAX_OFFSET_HOURS = 15


def this_year() -> int:
    """Return the present year, the last that two digits can mean."""
    return datetime.now(UTC).year


def parse_datetime(text: str, layout: str) -> datetime | None:
    """Return `text` (stripped) parsed in `layout`, naive and in UTC, or None where it does not match."""
    match = _COMPILED[layout].match(text)
    if match is None:
        return None
    part = match.groupdict()
    digits = part["y"].lstrip("-/'")
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if 2000 + year <= this_year() else 1900
    if part.get("q"):
        month = 3 * int(part["q"]) - 2
    else:
        month = _MONTHS[part["mon"][:3].lower()] if part.get("mon") else int(part["m"])
    hour = int(part.get("h") or 0)
    if part.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"][0] in "pP" else 0)
    micros = int((part.get("f") or "0")[:6].ljust(6, "0"))
    minute, second, day = (
        int(part.get(name) or default) for name, default in (("mi", 0), ("s", 0), ("d", 1))
    )
    try:
        parsed = datetime(year, month, day, hour, minute, second, micros)  # noqa: DTZ001 - naive means UTC here
        return parsed - timedelta(minutes=_offset_minutes(part.get("zone")))
    except (ValueError, OverflowError):
        return None


def _offset_minutes(zone: str | None) -> int:
    """Return the offset from UTC in minutes; raise ValueError for one that no clock has."""
    digits = re.sub("[^0-9]", "", zone or "")
    if not digits:
        return 0
    hours, minutes = (
        int(digits[:-2] if len(digits) > 2 else digits),
        int(digits[-2:] if len(digits) > 2 else 0),
    )
    if hours > _MAX_OFFSET_HOURS or minutes > 59:
        raise ValueError(zone)
    return -(hours * 60 + minutes) if re.search("[-\u2212]", zone or "") else hours * 60 + minutes


def parse_datetimes(text: pl.Series, layout: str) -> pl.Series:
    """Return `text` (stripped strings) parsed in `layout` as Datetime("us"), null where it does not match."""
    part = text.str.extract_groups(LAYOUTS[layout]).struct.unnest()
    absent = {"h", "mi", "s", "f", "half", "zone", "d", "q", "m", "mon"} - set(part.columns)
    part = part.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in sorted(absent))

    def number(name, default=None):
        """Return the expression of one group as an integer."""
        value = pl.col(name).cast(pl.Int32, strict=False)
        return value if default is None else value.fill_null(default)

    digits = pl.col("y").str.strip_chars_start("-/'")
    given = digits.cast(pl.Int32, strict=False)
    century = pl.when(given + 2000 <= this_year()).then(2000).otherwise(1900)
    year = given + pl.when(digits.str.len_bytes() == 2).then(century).otherwise(0)
    named = pl.col("mon").str.slice(0, 3).str.to_lowercase()
    month = pl.coalesce(
        number("q") * 3 - 2, number("m"), named.replace_strict(_MONTHS, default=None, return_dtype=pl.Int32)
    )
    hour = number("h", 0)
    half = pl.col("half").replace("", None)
    later = pl.when(half.str.to_lowercase().str.starts_with("p")).then(12).otherwise(0)
    hour = pl.when(half.is_null()).then(hour).when(hour.is_between(1, 12)).then(hour % 12 + later)
    micros = pl.col("f").fill_null("0").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int32)
    zone = pl.col("zone").str.replace_all("[^0-9]", "")
    short = zone.str.len_bytes() <= 2
    hours = pl.when(short).then(zone).otherwise(zone.str.head(-2)).cast(pl.Int32, strict=False).fill_null(0)
    minutes = pl.when(short).then(0).otherwise(zone.str.tail(2).cast(pl.Int32, strict=False)).fill_null(0)
    west = pl.col("zone").str.contains("[-\u2212]").fill_null(value=False)
    offset = pl.when((hours <= _MAX_OFFSET_HOURS) & (minutes <= 59)).then(hours * 60 + minutes)
    return _combine(
        part.select(
            y=year,
            m=month,
            d=number("d", 1).cast(pl.Int32),
            h=hour,
            mi=number("mi", 0),
            s=number("s", 0),
            us=micros,
            offset=pl.when(west).then(-offset).otherwise(offset),
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
        & pl.col("offset").is_not_null()
    ).fill_null(value=False)
    whole = part.with_columns(pl.when(fits).then(pl.all()))
    local = pl.datetime("y", "m", "d", "h", "mi", "s", "us", time_unit="us")
    return whole.select((local - pl.duration(minutes=pl.col("offset"))).alias("utc")).to_series()
