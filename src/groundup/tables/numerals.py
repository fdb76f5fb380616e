r"""Numbers written as text: a notation, and a currency, percent sign or unit that all cells of a column share.

=================== ============ ====================================================================
notation            1234.5       also accepts
=================== ============ ====================================================================
``point``           1234.5       ``1e-3``, ``.5``
``decimal_comma``   1.234,5      not ``12.125``: a single point before three digits may be a decimal point
``thousands_comma`` 1,234.5      Indian groups: ``12,34,567``
``thousands_point`` 1.234,5      ``12.125`` as 12125, where another cell of the column proves such groups
=================== ============ ====================================================================

A group has exactly three digits, and the first one to three of which the first is not 0. Groups may be separated by
blanks or apostrophes in every notation: nothing else is written so. Negative numbers have a minus sign before or after
them (``-``, U+2212, en dash) or brackets, as accountants write them; a dash after the decimal sign means no cents
(``12.-``).

A *format* is a notation, or a notation and an affix with a blank between: ``"thousands_comma $"``, ``"point kg"``. Cells
of a column with an affix may have it on either side (a unit after the number) or omit it; another one is not a number.
The number is the one written: 12 % is 12, and its unit is %.

Columns and single cells are read by the same patterns, so the results agree.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import NamedTuple

import polars as pl

NOTATIONS = ("point", "decimal_comma", "thousands_comma", "thousands_point")
BLANK = "[ \u00a0\u2007\u2009\u202f]"
_APOSTROPHE = "['\u2019\u02bc]"
_MINUS = "-\u2212\u2013\u2010\u2011\uff0d"
_SIGN = rf"[+{re.escape(_MINUS)}]"
_TRAILING = rf"[{re.escape(_MINUS)}]"
_DASHES = "-\u2013\u2014"
_NO_CENTS = r"([0-9][.,])(?:--?|[\u2013\u2014])$"
_EXPONENT = r"(?:[eE][+-]?[0-9]{1,3})?"
_LAST_INDIAN = r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"


def _grouped(*separators: str) -> str:
    """Return the pattern of whole numbers, plain or in groups with one of `separators`."""
    return "|".join(["[0-9]+", *(rf"[1-9][0-9]{{0,2}}(?:{s}[0-9]{{3}})+" for s in separators)])


_PLAIN = _grouped(BLANK, _APOSTROPHE)
_UNSIGNED = {
    "point": rf"(?:{_PLAIN})(?:\.[0-9]*)?|\.[0-9]+",
    "decimal_comma": rf"(?:{_PLAIN})(?:,[0-9]*)?|,[0-9]+"
    r"|[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+,[0-9]*|(?:\.[0-9]{3}){2,})",
    "thousands_comma": rf"(?:{_PLAIN}|{_grouped(',')}|{_LAST_INDIAN})(?:\.[0-9]*)?|\.[0-9]+",
    "thousands_point": rf"(?:{_PLAIN}|{_grouped('[.]')})(?:,[0-9]*)?|,[0-9]+",
}


def _signed(unsigned: str) -> str:
    """Return the pattern of numbers with a sign, a trailing minus or brackets."""
    number = rf"(?:{unsigned}){_EXPONENT}"
    return rf"^(?:{_SIGN}?{BLANK}*{number}|\({BLANK}*{number}{BLANK}*\)|(?:{unsigned}){BLANK}?{_TRAILING})$"


NUMBER_PATTERNS = {notation: _signed(unsigned) for notation, unsigned in _UNSIGNED.items()}
ANY_NUMBER = "|".join(NUMBER_PATTERNS.values())
INFINITE_PATTERN = r"^[+-]?(?i:inf|infinity)$"
# A point before three digits, alone in the number: a decimal sign, or a group sign.
DOUBTFUL_POINT = rf"^{_SIGN}?[1-9][0-9]{{0,2}}\.[0-9]{{3}}$"

# Blanks, apostrophes, brackets, group signs, and signs that are not those of an exponent.
_DROPPED = {
    notation: rf"^{_SIGN}|{_TRAILING}$|[()]|{BLANK}|{_APOSTROPHE}{groups}"
    for notation, groups in {
        "point": "",
        "decimal_comma": r"|\.",
        "thousands_comma": "|,",
        "thousands_point": r"|\.",
    }.items()
}

_CODES = """
USD EUR GBP JPY CHF CNY INR AUD CAD NZD SEK NOK DKK ISK PLN CZK HUF RON BGN RUB UAH TRY ILS ZAR BRL MXN ARS CLP COP PEN
KRW TWD HKD SGD MYR THB IDR PHP VND AED SAR QAR KWD EGP MAD NGN KES GHS PKR BDT LKR RMB BTC
US$ A$ AU$ C$ CA$ HK$ NZ$ NT$ S$ R$ MX$ RD$ $ € £ ¥ ₹ ₽ ₺ ₩ ₪ ₫ ₴ ₦ ₱ ฿ ₡ ₲ ₵ ₸ ₼ ₾ ¢ zł kr kr. Kč Ft lei лв Rs Rs. Fr. Fr
RM Rp
"""
_CURRENCY = "|".join(re.escape(word) for word in sorted(_CODES.split(), key=len, reverse=True))
_CURRENCIES = re.compile(rf"^(?i:{_CURRENCY})$")
# Letters and signs, each followed by one digit at most: m², km/h, mg/dL, °C, l/100km, CO2, fl oz; but not x768.
_UNIT_LETTER = r"[\p{L}µ°%²³·^/.]"
_UNIT_REST = rf"[0-9]?(?:/[0-9]{{2,3}}|{_UNIT_LETTER}+[0-9]?)*"
_UNIT = rf'[\p{{L}}µ°%‰″"]{_UNIT_REST}(?: [\p{{L}}]{_UNIT_REST})?'
_FIGURES = "[0-9.,' \u00a0\u2007\u2009\u202f\u2019\u02bc]*[0-9][.,]?"
_BEFORE = rf"^[(]?{_SIGN}?{BLANK}?((?i:{_CURRENCY})|%){BLANK}*{_SIGN}?[(]?{BLANK}*[.,]?[0-9]"
_AFTER = (
    rf"^[(]?{_SIGN}?{BLANK}?{_FIGURES}{_TRAILING}{{0,2}}[)]?{BLANK}*({_UNIT}|{_CURRENCY}){_TRAILING}?[)]?$"
)
_MAX_UNIT = 20
_CAPITALISED = "kg km cm mm ml lb oz ft in hr gb tb kb cc hp hz"
_ORDINALS = ("st", "nd", "rd", "th")
# Units beyond doubt, also without a blank before them: of the other single letters, 12A may be a code.
_KNOWN_UNITS = """
% ‰ ° °C °F g kg mg µg ug t lb lbs oz m km cm mm nm µm um mi ft in yd l L ml mL cl dl dL gal m2 m² m3 m³ km2 km² ha s ms
ns µs us min h hr hrs d W kW MW GW kWh MWh V kV mV mA Hz kHz MHz GHz kJ MJ cal kcal Pa hPa kPa bar psi Nm kB KB MB GB TB
km/h kmh mph m/s rpm bpm mmHg mg/dL g/dL mmol/L hp bhp PS cc ppm ppb px dB " ″
"""


class Format(NamedTuple):
    """How the numbers of a column are written: its notation, and its affix ("" for none)."""

    notation: str
    affix: str = ""

    def __str__(self) -> str:
        return f"{self.notation} {self.affix}" if self.affix else self.notation


@lru_cache(maxsize=1024)
def parse_format(text: str | None) -> Format:
    """Return the format that `text` writes; the default for None.

    Raises
    ------
    ValueError
        If its notation is unknown.
    """
    notation, _, affix = (text or "point").partition(" ")
    if notation not in NOTATIONS:
        raise ValueError(f"{text!r} is no number format")
    return Format(notation, affix)


def has_decimal_comma(form: str | None) -> bool:
    """Return whether numbers in a format have a comma before their decimals."""
    return parse_format(form).notation in ("decimal_comma", "thousands_point")


def is_currency(affix: str) -> bool:
    """Return whether an affix is a currency sign or code."""
    return _CURRENCIES.match(affix) is not None


def is_known_unit(affix: str) -> bool:
    """Return whether an affix is a percent sign, a currency or a usual unit, so that no blank need precede it."""
    return affix in _KNOWN_UNITS.split() or is_currency(affix)


def same_unit(affix: str) -> str:
    """Return `affix` in the form that its other spellings share.

    Plurals and capitals do not matter in words (Year, years) and in units that are often capitalised (KG), but in other
    symbols they do: mW and MW, k and K.
    """
    if is_currency(affix):
        return affix.upper()
    word = affix.casefold()
    if _is_word(affix):
        return word.removesuffix("s")
    return word if word in _CAPITALISED.split() else affix


def _is_word(affix: str) -> bool:
    """Return whether an affix is a word, not a symbol."""
    return len(affix) >= 3 and affix.isalpha()


@lru_cache(maxsize=1024)
def _affix_pattern(affix: str) -> str:
    """Return the pattern of an affix at either end of a number, with what stands outside of it as groups."""
    if is_currency(affix):
        word = rf"(?i:{re.escape(affix)})"
    elif _is_word(affix) or same_unit(affix) in _CAPITALISED.split():
        word = rf"(?i:{re.escape(same_unit(affix))}s?)"
    else:
        word = re.escape(affix)
    return rf"^([(]?{_SIGN}?{BLANK}?){word}{BLANK}*|{BLANK}*{word}({_TRAILING}?[)]?)$"


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern:
    return re.compile(pattern)


def without_affix(text: str, affix: str) -> str:
    """Return the number that `text` (stripped) has besides the affix and a dash for cents, with its sign or brackets."""
    if affix:
        text = _compile(_affix_pattern(affix)).sub(r"\1\2", text, count=1)
    return _compile(_NO_CENTS).sub(r"\1", text) if text and text[-1] in _DASHES else text


def parse_number(text: str, form: str | None = None) -> float | None:
    """Return `text` (stripped) as a number in format `form`: infinite if it overflows, None if it is not a number."""
    notation, affix = parse_format(form)
    text = without_affix(text, affix)
    if _compile(NUMBER_PATTERNS[notation]).match(text) is None:
        if _compile(INFINITE_PATTERN).match(text):
            return math.inf if text[0] != "-" else -math.inf
        return None
    negative = text[0] in _MINUS or text[0] == "(" or text[-1] in _MINUS
    plain = _compile(_DROPPED[notation]).sub("", text).replace(",", ".")
    return -float(plain) if negative else float(plain)


def without_affixes(text: pl.Series, affix: str) -> pl.Series:
    """Return ``without_affix`` of every cell of `text`."""
    text = text.str.replace(_affix_pattern(affix), "${1}${2}") if affix else text
    return text.str.replace(_NO_CENTS, "${1}")


def parse_numbers(text: pl.Series, form: str | None = None) -> pl.Series:
    """Return ``parse_number`` of every cell of `text` (stripped strings), null where it is not a number."""
    notation, affix = parse_format(form)
    frame = pl.DataFrame({"t": without_affixes(text, affix)})
    fits = pl.col("t").str.contains(NUMBER_PATTERNS[notation])
    first, last = pl.col("t").str.slice(0, 1), pl.col("t").str.slice(-1)
    signs = list(_MINUS)
    negative = first.is_in([*signs, "("]) | last.is_in(signs)
    plain = pl.col("t").str.replace_all(_DROPPED[notation], "").str.replace(",", ".", literal=True)
    value = plain.cast(pl.Float64, strict=False)
    infinite = pl.col("t").str.contains(INFINITE_PATTERN)
    read = (
        pl.when(fits)
        .then(pl.when(negative).then(-value).otherwise(value))
        .when(infinite)
        .then(pl.when(first == "-").then(-math.inf).otherwise(math.inf))
    )
    return frame.select(read.alias(text.name)).to_series()


def find_affixes(text: pl.Series) -> pl.Series:
    """Return the affix of every cell of `text` (stripped) that is a number with one; null for all other cells."""
    before = text.str.extract(_BEFORE)
    after = text.str.extract(_AFTER).str.strip_chars()
    found = pl.DataFrame({"b": before, "a": after})
    is_unit = (pl.col("a").str.len_chars() <= _MAX_UNIT) & ~pl.col("a").is_in(_ORDINALS)
    affix = (
        pl.when(pl.col("b").is_not_null() & pl.col("a").is_null())
        .then("b")
        .when(pl.col("b").is_null() & is_unit)
        .then("a")
    )
    return found.select(affix.alias(text.name)).to_series()
