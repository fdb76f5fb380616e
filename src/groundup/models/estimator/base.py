"""The base class of all models: input validation, conversion to rows, and a fast path for single rows.

A model is a scikit-learn estimator: its constructor only stores its parameters, ``fit`` returns ``self``, and fitted
attributes end in an underscore. This base class adds:

- ``_rows(X, y, sample_weight)``: an array, a table, or a `RowSource` of rows on disk becomes one type, `Rows`;
- ``_features(X)``: the matrix for a prediction. An array that needs no conversion (the fitted dtype and width, C order,
  no feature names) skips scikit-learn's validation, which costs 60 us; NaN and infinity are then detected in the result;
- ``fitting``: the decorator of every ``fit``. Parameters are checked, BLAS uses one thread, callbacks are closed, and the
  estimator changes at the very end, so that a fit that fails or is interrupted leaves it as it was before;
- declared state (see `state`): what a bundle saves, and what is checked before a loaded array reaches a kernel.
"""

from __future__ import annotations

import copy
import functools
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, get_tags
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from groundup.engine.rows import (
    INLINE_ROWS,
    Csr,
    Memory,
    Rows,
    RowSource,
    block_bounds,
    budget,
    one_blas_thread,
    plain,
)
from groundup.models.estimator.callbacks import closing
from groundup.models.estimator.state import Declared, DType


def fitting(method):
    """Decorate the ``fit`` of a model: check the parameters, limit BLAS to one thread, and commit at the end only.

    The fit works on a shallow copy of the model, whose attributes replace the model's by one assignment. So a fit that
    fails or is interrupted changes nothing; and a thread that predicts meanwhile, as a server does, never combines the
    new number of features with old coefficients, where a kernel would read out of bounds.
    """

    @functools.wraps(method)
    def fit(self, *args, **kwargs):
        self._validate_params()
        for given in (*args, *kwargs.values()):
            _refuse_masked(given)
        working = copy.copy(self)
        with one_blas_thread(), closing(working):
            method(working, *args, **kwargs)
        self.__dict__ = dict(vars(working))
        return self

    return fit


class Learner(Declared, BaseEstimator):
    """Base class of all models.

    Attributes
    ----------
    places : frozenset of str
        Where the rows of a fit may be: "memory", "memmap". A model that needs all rows in memory lists "memory" only.
    weights : str
        What ``sample_weight`` means. "repetition": a weight of 2 is the row given twice. "sampling": the same in the
        mean only, as rows are drawn or values are quantised.
    sparse : bool
        Whether sparse matrices are accepted: their rows are then a `Csr`, and a block's X a `CsrBlock`.
    description : ModelDescription
        Title, tasks, preprocessing, portfolio and search space: see `description`.
    """

    places: ClassVar[frozenset[str]] = frozenset({"memory", "memmap"})
    weights: ClassVar[str] = "repetition"
    sparse: ClassVar[bool] = False
    _state: ClassVar[dict] = {"_dtype_in": DType(optional=False)}
    _parameter_constraints: ClassVar[dict] = {}

    def _n_threads(self) -> int:
        """Return the number of threads: ``n_jobs`` where the model has it, else the default of the process."""
        return budget(getattr(self, "n_jobs", None))

    def _rows(
        self,
        X,
        y=None,
        sample_weight=None,
        *,
        finite="check",
        y_numeric=False,
        multi_output=False,
    ):
        """Return the rows of a fit, validated; sets ``n_features_in_``, ``feature_names_in_`` and the fitted dtype.

        Parameters
        ----------
        X : array-like, table or RowSource
            float32 and float64 are not converted; other types become float64.
        y : array-like of shape (n_rows,), optional
            With `y_numeric` converted to float64; else as given (labels: see `encode_labels`).
        sample_weight : array-like of shape (n_rows,), optional
            Not negative. The column ``weight`` is float64, ones without weights.
        finite : {"check", "later", "allow-nan"}
            "later": the caller checks a statistic (any NaN or infinity in X makes a sum of X non-finite) and calls
            ``_refuse_nonfinite(X)`` if it is not finite. "allow-nan": NaN is a missing value.
        """
        if y is None and get_tags(self).target_tags.required:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            )
        finite_flag = {"check": True, "later": False, "allow-nan": "allow-nan"}[finite]
        if isinstance(X, RowSource) and not isinstance(X, np.ndarray):
            place = self._place(X, finite_flag)
        else:
            _refuse_lazy(X)
            checks = {
                "dtype": (np.float64, np.float32),
                "order": "C",
                "ensure_all_finite": finite_flag or hasattr(X, "tocsr"),  # cheap for a sparse matrix
                "accept_sparse": "csr" if self.sparse else False,
            }
            place = _held(validate_data(self, X, **checks))
        self._dtype_in = np.dtype(place.dtype)
        rows = Rows(place, n_threads=self._n_threads())
        if y is not None:
            rows.add("y", self._target(y, place.n_rows, y_numeric, multi_output))
        rows.add("weight", self._weight(sample_weight, place.n_rows))
        return rows

    def _check_continued(self, expected: int | None, n_features: int) -> None:
        """Raise ValueError if a fit continues one to rows with another number of features; None: there is none."""
        if expected not in (None, n_features):
            raise ValueError(
                f"X has {n_features} features, but {type(self).__name__} is expecting {expected} features as input."
            )

    def _place(self, place: RowSource, finite) -> RowSource:
        if type(place).__name__.lower() not in self.places:
            raise ValueError(
                f"{type(self).__name__} accepts rows in {', '.join(sorted(self.places))}, "
                f"not in {type(place).__name__.lower()}: load them into an array first"
            )
        if place.dtype not in (np.float32, np.float64):
            raise ValueError(f"Rows must be float32 or float64, these are {place.dtype}: convert them")
        if place.n_features < 1:
            raise ValueError(
                f"Found 0 feature(s) (shape=({place.n_rows}, 0)) while a minimum of 1 is required."
            )
        if place.n_rows < 1:
            raise ValueError("Found 0 sample(s) while a minimum of 1 is required.")
        self.n_features_in_ = place.n_features
        self.__dict__.pop("feature_names_in_", None)
        if finite:
            bounds = block_bounds(place.n_rows)
            for lo, hi in pairwise(bounds):
                check_array(
                    place.load(int(lo), int(hi)), ensure_all_finite=finite, dtype=None, input_name="X"
                )
        return place

    @staticmethod
    def _target(y, n_rows: int, numeric: bool, multi_output: bool):
        from sklearn.utils.validation import _check_y, check_consistent_length

        y = _check_y(y, multi_output=multi_output, y_numeric=numeric)
        check_consistent_length(y, np.empty((n_rows, 0)))
        return np.ascontiguousarray(y, dtype=np.float64) if numeric else y

    @staticmethod
    def _weight(sample_weight, n_rows: int) -> np.ndarray:
        if sample_weight is None:
            return np.ones(n_rows)
        like = np.empty((n_rows, 1))
        return _check_sample_weight(sample_weight, like, dtype=np.float64, ensure_non_negative=True)

    def _is_plain(self, X) -> bool:
        """Return whether `X` needs no validation: the fitted dtype, 2-D, right width, C order, no names."""
        try:
            return (
                type(X) is np.ndarray
                and X.ndim == 2
                and X.shape[1] == self.n_features_in_
                and X.dtype == self._dtype_in
                and X.flags.carray  # C order, aligned, writeable: kernels are compiled for this layout
                and len(X) > 0
                and "feature_names_in_" not in self.__dict__
            )
        except AttributeError:  # not fitted yet: the full validation raises
            return False

    def _features(self, X, finite: bool | str = True) -> Any:
        """Return `X` as kernels need it: plain arrays as they are and unchecked, anything else fully validated.

        A sparse matrix becomes a `Csr`, if the model accepts it. NaN and infinity in a plain array are for the caller
        to detect in the result: see `_confirm`.
        """
        if self._is_plain(X):
            return X
        check_is_fitted(self)
        return self._validated(X, finite)

    def _validated(self, X, finite: bool | str = True) -> Any:
        """Return `X` fully validated against the rows of the fit, which may still be running."""
        if isinstance(X, RowSource) and not isinstance(X, np.ndarray):
            raise TypeError(
                f"X is a {type(X).__name__}, which is for fitting: predict one part at a time, X.load(first, stop)"
            )
        _refuse_lazy(X)
        _refuse_masked(X)
        checks = {"dtype": self._dtype_in, "order": "C", "ensure_all_finite": finite}
        checks["accept_sparse"] = "csr" if self.sparse else False
        X = validate_data(self, X, reset=False, **checks)
        return plain(X) if isinstance(X, np.ndarray) else Csr(X)

    def _fill(self, kernel, X, *state, n_columns: int | None = None, finite: bool | str = True) -> np.ndarray:
        """Return the float64 array that ``kernel(X, *state, out)`` fills row by row, on threads if there are many rows.

        Parameters
        ----------
        kernel : callable
            Fills ``out[i]`` from ``X[i]`` alone, so that a row's result never depends on other rows. A NaN or infinity
            in a row of X must make its result non-finite: so bad input is detected at no cost.
        X : ndarray
            From `_features`.
        n_columns : int, optional
            `out` has shape (n_rows, n_columns), or (n_rows,) without.
        """
        place = X if isinstance(X, Csr) else Memory(X)
        n_rows = place.n_rows
        out = np.empty(n_rows if n_columns is None else (n_rows, n_columns))
        if n_rows < INLINE_ROWS:
            kernel(place.load(0, n_rows), *state, out)
        else:
            rows = Rows(place, {"out": out}, self._n_threads())
            rows.advance(lambda run: kernel(run.X, *state, run["out"]))
        return self._confirm(X, out, finite)

    def _confirm(self, X, result: np.ndarray, finite: bool | str = True) -> np.ndarray:
        """Return `result` after making sure that a NaN or infinity in it does not come from `X`."""
        if not np.isfinite(result).all():
            self._refuse_nonfinite(X, finite)
        return result

    def _refuse_nonfinite(self, X, finite: bool | str = True) -> None:
        """Raise scikit-learn's error if `X` holds NaN or infinity (or, with "allow-nan", infinity)."""
        if isinstance(X, Csr):
            return  # checked when it was made
        if isinstance(X, RowSource) and not isinstance(X, np.ndarray):
            self._place(X, finite)
        else:
            dtypes, sparse = (np.float64, np.float32), "csr" if self.sparse else False
            validate_data(self, X, reset=False, ensure_all_finite=finite, dtype=dtypes, accept_sparse=sparse)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.sparse
        return tags


def _held(X) -> Memory | Csr:
    """Return the row source of a validated array or sparse matrix."""
    return Memory(X) if isinstance(X, np.ndarray) else Csr(X)


def _refuse_lazy(X) -> None:
    """Raise TypeError for a Polars LazyFrame, which holds no rows yet."""
    if type(X).__name__ == "LazyFrame":
        raise TypeError(
            "X is a LazyFrame, a query that has not been run: call .collect() and pass its DataFrame"
        )


def _refuse_masked(given) -> None:
    """Raise ValueError for an array with masked cells: its data below the mask are not values."""
    if isinstance(given, np.ma.MaskedArray) and (n := int(np.ma.count_masked(given))):
        cells = "1 masked cell" if n == 1 else f"{n} masked cells"
        raise ValueError(
            f"The array has {cells}: make them missing values, array.filled(numpy.nan), or leave their rows out"
        )
