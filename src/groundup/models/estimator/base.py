"""The base of every learner: validation at the door, rows out of it, the short way for one row.

A learner is scikit-learn's kind of object: its constructor only stores, ``fit`` returns ``self``, what is learnt ends in
an underscore. What this base adds:

- ``_rows(X, y, sample_weight)``: an array, a table, or a `RowSource` of rows on disk becomes one type, `Rows`;
- ``_features(X)``: the matrix for a prediction. An array that is already right (the fitted dtype and width, C order, no
  feature names) skips scikit-learn's validation, which costs 60 us, and its finiteness is told from the result;
- ``fitting``: the decorator of every ``fit``. Parameters are checked, BLAS has one thread, callbacks are closed, and
  the estimator changes at the very end, so that a fit that fails or is interrupted leaves it as it was before;
- declared state (see `state`): what the bundle saves, and what is checked before a loaded array reaches a kernel.
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

from groundup.engine.rows import INLINE_ROWS, Csr, Memory, Rows, RowSource, budget, one_blas_thread, plain
from groundup.models.estimator.callbacks import closing
from groundup.models.estimator.state import Declared, DType


def fitting(method):
    """Decorate a learner's ``fit``: check the parameters, hold BLAS to one thread, and commit at the end only.

    The fit works on a copy of the learner (of its attributes, not of what they hold), and one assignment puts the copy's
    attributes in place. A fit that fails or is interrupted leaves no trace; and a thread that predicts meanwhile, as a
    server does, never finds the new number of features beside old coefficients, where a kernel would read out of bounds.
    """

    @functools.wraps(method)
    def fit(self, *args, **kwargs):
        self._validate_params()
        working = copy.copy(self)
        with one_blas_thread(), closing(working):
            method(working, *args, **kwargs)
        self.__dict__ = dict(vars(working))
        return self

    return fit


class Learner(Declared, BaseEstimator):
    """Base of all learners.

    Attributes
    ----------
    places : frozenset of str
        Where this learner can work: "memory", "memmap". One that cannot scale says so here.
    weights : str
        What ``sample_weight`` means: "repetition", a weight of 2 is the row given twice; "sampling", so in the mean only,
        where rows are drawn or values quantised.
    sparse : bool
        Whether sparse matrices are welcome: their rows are then a `Csr`, and a block's X a `CsrBlock`.
    """

    places: ClassVar[frozenset[str]] = frozenset({"memory", "memmap"})
    weights: ClassVar[str] = "repetition"
    sparse: ClassVar[bool] = False
    _state: ClassVar[dict] = {"_dtype_in": DType(optional=False)}
    _parameter_constraints: ClassVar[dict] = {}

    def _n_threads(self) -> int:
        """Threads this learner may use: its ``n_jobs`` if it has one, else the process's budget."""
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
            float32 and float64 stay as they are; all else becomes float64.
        y : array-like of shape (n_rows,), optional
            With `y_numeric`, float64; else as given (labels: see `encode_labels`).
        sample_weight : array-like of shape (n_rows,), optional
            Not negative. The column ``weight`` is float64, ones where none are given.
        finite : {"check", "later", "allow-nan"}
            "later": the caller proves finiteness from a statistic (any NaN or infinity in X makes a sum of X
            non-finite) and calls ``_refuse_nonfinite(X)`` if that fails. "allow-nan": missing values are welcome.
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
                "ensure_all_finite": finite_flag
                or hasattr(X, "tocsr"),  # a sparse matrix at once: it is cheap
                "accept_sparse": "csr" if self.sparse else False,
            }
            place = _held(validate_data(self, X, **checks))
        self._dtype_in = np.dtype(place.dtype)
        rows = Rows(place, n_threads=self._n_threads())
        if y is not None:
            rows.add("y", self._target(y, place.n_rows, y_numeric, multi_output))
        rows.add("weight", self._weight(sample_weight, place.n_rows))
        return rows

    def _place(self, place: RowSource, finite) -> RowSource:
        if type(place).__name__.lower() not in self.places:
            raise ValueError(
                f"{type(self).__name__} works on rows in {', '.join(sorted(self.places))}, "
                f"not in {type(place).__name__.lower()}: load them into an array first"
            )
        if place.dtype not in (np.float32, np.float64):
            raise ValueError(
                f"A place holds rows of float32 or float64, this one of {place.dtype}: convert them"
            )
        if place.n_features < 1:
            raise ValueError(
                f"Found 0 feature(s) (shape=({place.n_rows}, 0)) while a minimum of 1 is required."
            )
        if place.n_rows < 1:
            raise ValueError("Found 0 sample(s) while a minimum of 1 is required.")
        self.n_features_in_ = place.n_features
        self.__dict__.pop("feature_names_in_", None)
        if finite:
            from groundup.engine.rows import block_bounds

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
        """Tell whether `X` can go straight to a kernel: the fitted dtype, 2-D, right width, C order, no names."""
        try:
            return (
                type(X) is np.ndarray
                and X.ndim == 2
                and X.shape[1] == self.n_features_in_
                and X.dtype == self._dtype_in
                and X.flags.carray  # C order, aligned, writeable: the one kind that kernels are compiled for
                and len(X) > 0
                and "feature_names_in_" not in self.__dict__
            )
        except AttributeError:  # not fitted yet: the full validation says so
            return False

    def _features(self, X, finite: bool | str = True) -> Any:
        """Return `X` as the kernels want it: plain arrays as they are and unchecked, all else fully validated.

        A sparse matrix, where the learner takes one, becomes a `Csr`.

        A plain array's finiteness is the caller's to tell from the result: see `_confirm`.
        """
        if self._is_plain(X):
            return X
        check_is_fitted(self)
        return self._validated(X, finite)

    def _validated(self, X, finite: bool | str = True) -> Any:
        """Return `X` fully validated against the rows of the fit, which may still be under way (rows held out for it)."""
        if isinstance(X, RowSource) and not isinstance(X, np.ndarray):
            raise TypeError(
                f"X is a {type(X).__name__}, rows to fit on: ask for answers a part at a time, of X.load(first, stop)"
            )
        _refuse_lazy(X)
        checks = {"dtype": self._dtype_in, "order": "C", "ensure_all_finite": finite}
        checks["accept_sparse"] = "csr" if self.sparse else False
        X = validate_data(self, X, reset=False, **checks)
        return plain(X) if isinstance(X, np.ndarray) else Csr(X)

    def _fill(self, kernel, X, *state, n_columns: int | None = None, finite: bool | str = True) -> np.ndarray:
        """Return the float64 array that ``kernel(X, *state, out)`` fills row by row: on threads where rows are many.

        Parameters
        ----------
        kernel : callable
            Fills ``out[i]`` from ``X[i]`` alone, so that a row's result never depends on its neighbours. A NaN or
            infinity in a row of X must show in its result: that is how bad input is found at no cost.
        X : ndarray
            As `_features` returned it.
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
            return  # looked at when it was made
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
    """Return the place of a validated array or sparse matrix."""
    return Memory(X) if isinstance(X, np.ndarray) else Csr(X)


def _refuse_lazy(X) -> None:
    """Raise TypeError for a Polars LazyFrame, whose rows are not there yet."""
    if type(X).__name__ == "LazyFrame":
        raise TypeError(
            "X is a LazyFrame, a query that has not been run: call .collect() and give its DataFrame"
        )
