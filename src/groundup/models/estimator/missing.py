"""Missing values in targets and weights, and masked cells anywhere: refused, with the place of the first.

NumPy loses them on conversion: None becomes NaN in a float array, NaN the class "nan" in an array of text, and the mask
of a masked array is dropped, so that a model would be fitted on what lies below it. So what was given is examined before
it is converted, and numbers that text or wider types may have become are examined after.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def refuse_masked(*given) -> None:
    """Raise ValueError for an array with masked cells: its data below the mask are not values."""
    for values in given:
        if isinstance(values, np.ma.MaskedArray) and (n := int(np.ma.count_masked(values))):
            cells = "1 masked cell" if n == 1 else f"{n} masked cells"
            raise ValueError(
                f"The array has {cells}: make them missing values, array.filled(numpy.nan), or leave their rows out"
            )


def refuse_missing(values, name: str) -> None:
    """Raise ValueError if a target or weights hold a missing value or a mask, or numbers that are not finite.

    Parameters
    ----------
    values : array-like
        As given by the user: an array, a list, a column of a table.
    name : str
        "y" or "sample_weight".
    """
    refuse_masked(values)
    if values is None or np.isscalar(values) or hasattr(values, "tocsr"):
        return
    try:
        array = np.asarray(values, dtype=object if isinstance(values, (list, tuple)) else None)
    except (TypeError, ValueError):
        return  # lists of different lengths, or no array at all: validation says so
    kind = array.dtype.kind
    if kind in "fc":
        with np.errstate(over="ignore", invalid="ignore"):
            faulty = np.empty(0, bool) if np.isfinite(array.sum()) else ~np.isfinite(array)
    elif kind in "mM":
        faulty = np.isnat(array)
    elif kind in "OT":
        objects = array.astype(object).ravel()
        faulty = np.fromiter((_is_missing(v) for v in objects), bool, len(objects)).reshape(array.shape)
    else:
        return
    if faulty.any():
        _refuse(array, np.unravel_index(int(faulty.argmax()), array.shape), name)


def _is_missing(value) -> bool:
    """Return whether an object is None, NaN or infinity, NaT, NA of pandas, or NumPy's masked constant."""
    kind = type(value)
    if kind in (str, int, bool):
        return False
    if value is None or value is np.ma.masked or kind.__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, (float, np.floating)):
        return not np.isfinite(value)
    try:
        return bool(value != value)  # noqa: PLR0124 (NaT of NumPy, NaN of decimal)
    except (TypeError, ValueError, ArithmeticError):
        return False


def _refuse(array: np.ndarray, at: tuple[Any, ...], name: str) -> None:
    value = array[at]
    infinite = isinstance(value, (float, np.floating)) and np.isinf(value)
    what = "infinity or a value too large for dtype('float64')" if infinite else "NaN"
    place = ", ".join(str(int(i)) for i in at)
    # scikit-learn's sentence first: its checks, and code that catches it, look for it.
    raise ValueError(
        f"Input {name} contains {what}. {name}[{place}] is {value!s:.40}: fill such values in, or leave their rows out."
    )
