"""Values of a node as JSON: types that JSON lacks are written as an object with the key ``$``.

=============== =======================================================================================
``$``           value
=============== =======================================================================================
``float``       NaN and the infinities: ``text``
``tuple``       ``items``
``mapping``     keys that are not text: ``items`` of [key, value]
``array``       numbers: ``at``, the name of the tensor; ``order`` C or F
``record``      structured array: ``fields`` of [name, array]; ``packed``, whether fields are unpadded
``labels``      array of text or labels: ``dtype``, ``items``
``dtype``       ``name``
``node``        an estimator: see `nodes`
``unfitted``    an estimator that is a parameter of another: see `nodes`
``pipeline``    scikit-learn's Pipeline: see `nodes`
=============== =======================================================================================

No tag refers to code. A value of any other type cannot be saved, and an unknown tag cannot be loaded.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from groundup.errors import CheckFailed, UsageError

TENSORS = frozenset({"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}) | {
    "float16",
    "float32",
    "float64",
}
#: The longest label, in characters, and how many times longer than its text an array of labels may be, beyond a minimum:
#: NumPy gives every label the room of the longest.
MAX_LABEL, MAX_PADDING, MIN_ROOM = 4096, 16, 1 << 24
_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def problem_of_labels(labels: list) -> str:
    """Return why an array of these labels would take too much memory, or "" if it does not."""
    lengths = [len(v) for v in labels if isinstance(v, str)]
    longest, room = max(lengths, default=0), len(labels) * max(lengths, default=0)
    if longest > MAX_LABEL:
        return f"a label has {longest:,} characters, and a label has at most {MAX_LABEL:,}"
    if room > max(MIN_ROOM, MAX_PADDING * sum(lengths)):
        return f"{len(labels):,} labels, one of {longest:,} characters, would take {4 * room:,} bytes"
    return ""


class Writer:
    """Turns values into JSON, and collects the arrays on the way."""

    def __init__(self, write_node=None):
        self.arrays: dict[str, np.ndarray] = {}
        self._write_node = write_node

    def write(self, value: Any, where: str) -> Any:
        """Return `value` as JSON; `where` names its place in errors and tensors.

        Raises
        ------
        UsageError
            If the value is none that a bundle can hold.
        """
        if isinstance(value, np.generic) and not isinstance(value, np.void):
            value = value.item()
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"$": "float", "text": str(value)}
        if isinstance(value, np.ndarray):
            return self._array(value, where)
        if isinstance(value, np.dtype):
            return {"$": "dtype", "name": value.name}
        if isinstance(value, tuple):
            return {"$": "tuple", "items": [self.write(v, f"{where}/{i}") for i, v in enumerate(value)]}
        if isinstance(value, list):
            return [self.write(v, f"{where}/{i}") for i, v in enumerate(value)]
        if isinstance(value, dict):
            return self._mapping(value, where)
        written = None if self._write_node is None else self._write_node(value, where, self)
        if written is None:
            raise UsageError(
                f"A bundle cannot hold {where}: {type(value).__name__} {value!r:.60}.",
                hint="It holds numbers, text, lists, mappings, arrays, and learners that declare their state; "
                "give a whole number as random_state.",
            )
        return written

    def _mapping(self, value: dict, where: str):
        if all(isinstance(key, str) for key in value) and "$" not in value:
            return {key: self.write(v, f"{where}/{key}") for key, v in value.items()}
        items = [[self.write(k, where), self.write(v, f"{where}/{k}")] for k, v in value.items()]
        return {"$": "mapping", "items": items}

    def _array(self, value: np.ndarray, where: str):
        if value.dtype.names:
            fields = [[name, self._array(value[name], f"{where}/{name}")] for name in value.dtype.names]
            packed = value.dtype.itemsize == sum(value.dtype[name].itemsize for name in value.dtype.names)
            return {"$": "record", "packed": packed, "fields": fields}
        if value.dtype.kind in "OU" and value.ndim == 1:
            dtype, labels = "object" if value.dtype.kind == "O" else value.dtype.str[1:], value.tolist()
            if dtype != "object" and (problem := problem_of_labels(labels)):
                raise UsageError(f"A bundle cannot hold {where}: {problem}.", hint="Shorten the labels.")
            return {"$": "labels", "dtype": dtype, "items": [self.write(v, where) for v in labels]}
        if value.dtype.name not in TENSORS:
            raise UsageError(f"A bundle cannot hold {where}: an array of {value.dtype}.")
        while where in self.arrays:
            where += "'"  # keys 1 and "1" of one mapping
        order = "F" if value.ndim > 1 and value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        little = value.astype(value.dtype.newbyteorder("<"), copy=False)
        self.arrays[where] = np.ascontiguousarray(little.T if order == "F" else little).reshape(
            value.shape[::-1] if order == "F" else value.shape
        )
        return {"$": "array", "at": where, "order": order}


class Reader:
    """Turns JSON back into values; whatever it does not know is refused."""

    def __init__(self, arrays: dict[str, np.ndarray], read_node=None):
        self._arrays = dict(arrays)
        self._read_node = read_node

    def read(self, value: Any) -> Any:
        """Return the value that `Writer.write` wrote.

        Raises
        ------
        CheckFailed
            If it did not.
        """
        if isinstance(value, list):
            return [self.read(v) for v in value]
        if not isinstance(value, dict):
            return value
        if "$" not in value:
            return {key: self.read(v) for key, v in value.items()}
        tag = value["$"]
        if tag in ("node", "pipeline") and self._read_node is not None:
            return self._read_node(value, self)
        form = _FORMS.get(tag) if isinstance(tag, str) else None
        if form is None or set(value) != {"$", *form[0]}:
            raise CheckFailed(f"The bundle is damaged: a value is of the unknown form {str(tag)[:40]!r}.")
        try:
            return form[1](self, *(value[key] for key in form[0]))
        except CheckFailed:
            raise
        except (ValueError, TypeError, KeyError, IndexError, OverflowError, MemoryError, AttributeError) as e:
            raise CheckFailed(
                f"The bundle is damaged: a value of the form {tag!r} cannot be read ({e!s:.100})."
            ) from None

    def all_read(self) -> None:
        """Raise if the model does not use one of the file's tensors."""
        if self._arrays:
            raise CheckFailed(
                f"The bundle is damaged: nothing uses its array {next(iter(self._arrays))[:80]!r}."
            )

    def _array(self, at: str, order: str) -> np.ndarray:
        if at not in self._arrays:
            raise CheckFailed(f"The bundle is damaged: it has no array {str(at)[:80]!r}, or uses it twice.")
        # Written, aligned and the model's own: kernels are compiled for such arrays.
        found = np.array(self._arrays.pop(at), order="C")
        if order not in ("C", "F"):
            raise ValueError(order)
        return found.T if order == "F" else found

    def _record(self, packed: bool, fields: list) -> np.ndarray:
        columns = [(str(name), self.read(column)) for name, column in fields]
        kinds = [(name, column.dtype, column.shape[1:]) for name, column in columns]
        made = np.empty(len(columns[0][1]), dtype=np.dtype(kinds, align=not packed))
        for name, column in columns:
            if len(column) != len(made):
                raise ValueError("its fields differ in length")
            made[name] = column
        return made

    def _labels(self, dtype: str, items: list) -> np.ndarray:
        values = [self.read(item) for item in items]
        if not all(isinstance(v, (str, bool, int, float)) for v in values):
            raise ValueError("something in it is no label")
        if dtype == "object":
            made = np.empty(len(values), dtype=object)
            made[:] = values
            return made
        if not (dtype[:1] == "U" and dtype[1:].isdigit() and all(isinstance(v, str) for v in values)):
            raise ValueError(dtype)
        if problem := problem_of_labels(values):
            raise ValueError(problem)
        return np.array(values, dtype=f"U{max(map(len, values), default=1)}")

    def _mapping(self, items: list) -> dict:
        return {self.read(key): self.read(v) for key, v in items}


def _dtype(_reader, name: str) -> np.dtype:
    if name not in TENSORS:
        raise ValueError(name)
    return np.dtype(name)


_FORMS: dict[str, tuple[tuple[str, ...], Any]] = {
    "float": (("text",), lambda _reader, text: _FLOATS[text]),
    "tuple": (("items",), lambda reader, items: tuple(reader.read(v) for v in items)),
    "mapping": (("items",), Reader._mapping),
    "array": (("at", "order"), Reader._array),
    "record": (("packed", "fields"), Reader._record),
    "labels": (("dtype", "items"), Reader._labels),
    "dtype": (("name",), _dtype),
}
