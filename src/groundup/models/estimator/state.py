"""Declared state: the attributes of a fitted model, checked before they reach a kernel.

Kernels have no bounds checks: an index out of range in a loaded file would read other memory. So every model declares its
fitted attributes with their dtypes and shapes, and `from_state` (and unpickling) refuse whatever does not fit:

    _state = {
        "coef_": Array("f8", "n_features"),
        "n_iter_": Scalar(int, low=0),
        "classes_": Labels(),
    }

A shape is written in symbols that must agree over all arrays: ``n_features`` is ``n_features_in_``, ``n_classes`` the
number of labels, any other symbol is bound by the first array that has it. Other conditions (a child's number is larger
than its parent's) belong in ``_check_state``. A bundle saves exactly these attributes, and nothing executable.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np


class Array(NamedTuple):
    """An ndarray attribute.

    dtype : NumPy's dtype in short form, or several: "f8", "f8 f4".
    shape : symbols and numbers, separated by blanks: "n_outputs n_features", "2 k"; "" is a 0-d array.
            Alternatives are separated by "|": "n_features | n_outputs n_features".
    finite : floats must be finite.
    optional : may be absent or None.
    """

    dtype: str
    shape: str
    finite: bool = True
    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits; bind the symbols of its shape in `sizes`."""
        if not isinstance(value, np.ndarray) or value.dtype not in [np.dtype(d) for d in self.dtype.split()]:
            dtype = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
            raise ValueError(f"{name} is {dtype}, not an array of {self.dtype}")
        for alternative in self.shape.split("|"):
            symbols = alternative.split()
            if len(symbols) == value.ndim and _bind(symbols, value.shape, sizes):
                break
        else:
            raise ValueError(f"{name} has shape {value.shape}, not ({self.shape}) with {sizes}")
        if self.finite and value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ValueError(f"{name} holds NaN or infinity")


class Scalar(NamedTuple):
    """A number, string or boolean attribute, within bounds where given."""

    kind: type
    low: float = -math.inf
    high: float = math.inf
    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits."""
        if self.kind is int and isinstance(value, np.integer):
            value = int(value)
        if self.kind is float and isinstance(value, (int, np.floating)) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not self.kind:
            raise ValueError(f"{name} is {type(value).__name__}, not {self.kind.__name__}")
        if self.kind in (int, float) and not self.low <= value <= self.high:
            raise ValueError(f"{name} is {value}, not in [{self.low}, {self.high}]")


class Labels(NamedTuple):
    """Class labels: a sorted 1-D array of distinct strings, booleans or numbers; binds ``n_classes``."""

    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits; bind n_classes."""
        if not isinstance(value, np.ndarray) or value.ndim != 1 or not len(value):
            raise ValueError(f"{name} is not a 1-D array of labels")
        if value.dtype.kind == "O" and not all(isinstance(v, (str, bool, int, float)) for v in value):
            raise ValueError(f"{name} holds values that are not labels")
        if value.dtype.kind not in "OUiubf":
            raise ValueError(f"{name} has dtype {value.dtype}")
        try:
            ordered = all(a < b for a, b in pairwise(value))
        except TypeError:
            ordered = False
        if not ordered:
            raise ValueError(f"{name} is not sorted or not distinct")
        if not _bind(["n_classes"], value.shape, sizes):
            raise ValueError(f"{name} has {len(value)} labels, not {sizes['n_classes']}")


class Names(NamedTuple):
    """Feature names: an object array of strings."""

    optional: bool = True

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits."""
        if (
            not isinstance(value, np.ndarray)
            or value.dtype != object
            or value.ndim != 1
            or not all(isinstance(v, str) for v in value)
            or not _bind(["n_features"], value.shape, sizes)
        ):
            raise ValueError(f"{name} is not an array of {sizes.get('n_features')} strings")


class DType(NamedTuple):
    """The dtype that X was fitted in."""

    optional: bool = True

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits."""
        if not isinstance(value, np.dtype) or value not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise ValueError(f"{name} is {value!r}, not float32 or float64")


class Plain(NamedTuple):
    """A tree of JSON values, such as the plan of a preparer; ``_check_state`` checks their meaning."""

    depth: int = 8
    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` consists of dicts with text keys, lists, text, finite numbers and booleans."""
        pending = [(value, 0)]
        while pending:
            item, level = pending.pop()
            if level > self.depth:
                raise ValueError(f"{name} is nested more than {self.depth} deep")
            if isinstance(item, dict) and all(isinstance(key, str) for key in item):
                pending += [(child, level + 1) for child in item.values()]
            elif isinstance(item, list):
                pending += [(child, level + 1) for child in item]
            elif not (
                item is None
                or type(item) in (str, bool, int)
                or (type(item) is float and math.isfinite(item))
            ):
                raise ValueError(
                    f"{name} holds {type(item).__name__} {item!r:.40}, which is not a JSON value"
                )


def _bind(symbols, shape, sizes) -> bool:
    """Return whether `shape` agrees with the symbols bound so far; bind the new ones."""
    trial = dict(sizes)
    for symbol, size in zip(symbols, shape, strict=True):
        expected = int(symbol) if symbol.isdigit() else trial.setdefault(symbol, size)
        if expected != size:
            return False
    sizes.update(trial)
    return True


class Declared:
    """Mixin of all that a bundle can hold: models and preparers."""

    _state: ClassVar[dict[str, Any]] = {
        "n_features_in_": Scalar(int, low=1),
        "feature_names_in_": Names(),
        "_dtype_in": DType(),
    }

    #: Fitted attributes that neither a bundle nor a prediction needs, such as one value for each training row.
    _unsaved: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def declared_state(cls) -> dict[str, Any]:
        """Return the fields of this class and its bases, the bases' first."""
        fields: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            fields.update(vars(base).get("_state", {}))
        return fields

    def get_state(self) -> dict[str, Any]:
        """Return the fitted attributes that are declared, by name."""
        attributes = vars(self)
        return {name: attributes[name] for name in self.declared_state() if attributes.get(name) is not None}

    @classmethod
    def from_state(cls, params: dict[str, Any], state: dict[str, Any]):
        """Return a fitted estimator made of constructor parameters and a state, checked.

        Raises
        ------
        ValueError
            If `fit` cannot have left this state: the message names the attribute.
        """
        unknown = sorted(set(state) - set(cls.declared_state()))
        if unknown:
            raise ValueError(f"{cls.__name__} has no attribute {unknown[0]!r}")
        estimator = cls(**params)
        estimator._validate_params()  # type: ignore[attr-defined]  (scikit-learn's BaseEstimator)
        vars(estimator).update(state)
        estimator._checked()
        return estimator

    def __copy__(self):
        """Return a shallow copy, unchecked: a fit works on one, and callbacks get others."""
        new = type(self).__new__(type(self))
        vars(new).update(vars(self))
        return new

    def __setstate__(self, state):
        super().__setstate__(state)  # type: ignore[misc]  (scikit-learn's BaseEstimator: warns of other versions)
        if "n_features_in_" in vars(self):
            self._checked()

    def _checked(self) -> None:
        """Raise ValueError unless the attributes are those declared."""
        attributes = vars(self)
        sizes: dict[str, int] = {}
        for name, field in self.declared_state().items():
            value = attributes.get(name)
            if value is None:
                if not field.optional:
                    raise ValueError(f"{type(self).__name__}: {name} is missing")
                continue
            try:
                field.check(name, value, sizes)
            except ValueError as e:
                raise ValueError(f"{type(self).__name__}: {e}") from None
            if name == "n_features_in_":
                sizes["n_features"] = int(value)
        self._check_state()

    def _check_state(self) -> None:
        """Raise ValueError for what dtypes and shapes cannot express; derive attributes that are not saved."""
