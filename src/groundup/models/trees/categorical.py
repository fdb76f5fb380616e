"""The door for categories: which features are, and what a fit or a prediction gets in their place.

A base of `HistGradientBoosting`. Tables and arrays of objects are coded before they are validated (texts are no
numbers), arrays of numbers and places afterwards; see `categories` for the codes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.engine.rows import Csr, Rows
from groundup.models.estimator import Learner
from groundup.models.trees.categories import Coded, Coding, Levels, codes_of, columns_of, counted, levels_of
from groundup.models.trees.constraints import categorical_mask
from groundup.models.trees.densified import Densified, pieces


class Categorical(Learner):
    """``is_categorical_``, and codes in place of categories.

    The fit's levels are ``_categories``, as JSON has it: {"features": [...], "levels": [[...]], "codes": [[...]]}.
    """

    is_categorical_: Any
    _categories: Any
    _coding: Any

    def _coded_rows(self, X, y, sample_weight, again: bool) -> Rows:
        """Return the rows of a fit, validated and coded; a warm start keeps the levels of the fit before."""
        columns = None if (self.categorical_features is None) else columns_of(X)
        if not again:
            self.is_categorical_, self._categories, self._coding = None, None, None
            if columns is not None:
                names, n = columns.names, len(columns.by_dtype)
                by_dtype = columns.by_dtype if names is not None else None
                self.is_categorical_ = categorical_mask(self.categorical_features, by_dtype, names, n)
                if self.is_categorical_ is not None:
                    weight = _counts(sample_weight)
                    self._keep_levels({f: counted(columns.column(f), weight) for f in self._coded_features()})
        finite = "allow-nan" if hasattr(X, "tocsr") else "later"
        rows = self._rows(self._coded_table(X), y, sample_weight, finite=finite, y_numeric=self._numeric)
        if isinstance(rows.place, Csr):
            rows.place = Densified(rows.place)
        if columns is None and not again:
            by_index = None if isinstance(self.categorical_features, str) else self.categorical_features
            self.is_categorical_ = categorical_mask(by_index, None, None, rows.n_features)
            if self.is_categorical_ is not None:
                weight = rows["weight"] if sample_weight is not None else None
                self._keep_levels(_count_rows(rows, self._coded_features(), weight))
        if columns is None and self._coding is not None:
            rows.place = Coded(rows.place, self._coding)
        return rows

    def _coded_features(self) -> list[int]:
        return np.flatnonzero(self.is_categorical_).tolist()

    def _keep_levels(self, found: dict[int, tuple[list, np.ndarray]]) -> None:
        own = {f: levels_of(levels, counts, self.max_bins) for f, (levels, counts) in found.items()}
        self._categories = {
            "features": list(own),
            "levels": [levels.values for levels in own.values()],
            "codes": [levels.codes for levels in own.values()],
        }
        self._coding = Coding.of(own)

    def _levels_by_feature(self) -> dict[int, Levels]:
        said = vars(self).get("_categories")
        if said is None:
            return {}
        parts = zip(said["features"], said["levels"], said["codes"], strict=True)
        return {f: Levels(values, codes) for f, values, codes in parts}

    def _coded_table(self, X):
        """Return a table or an array of objects with codes in place of categories; all else as it is."""
        levels = self._levels_by_feature()
        columns = columns_of(X) if levels else None
        if columns is None:
            return X
        here = [f for f in levels if f < len(columns.by_dtype)]  # of too narrow a table, validation complains
        return columns.replaced({f: codes_of(columns.column(f), levels[f]) for f in here})

    def _features(self, X, finite: bool | str = True):
        """Return X as the trees want it: validated, with codes in place of categories."""
        if self._is_plain(X):
            return X if vars(self).get("_categories") is None else self._coding.apply(X)
        return super()._features(X, finite)

    def _validated(self, X, finite: bool | str = True):
        coded = vars(self).get("_categories") is not None
        if coded and columns_of(X) is not None:
            return super()._validated(self._coded_table(X), finite)
        X = super()._validated(X, finite)
        if isinstance(X, Csr):
            return Coded(Densified(X), self._coding) if coded else Densified(X)
        return self._coding.apply(X) if coded else X

    def _fill(self, kernel, X, *state, n_columns: int | None = None, finite: bool | str = True) -> np.ndarray:
        if isinstance(X, np.ndarray):
            return super()._fill(kernel, X, *state, n_columns=n_columns, finite=finite)
        parts = (X.load(lo, hi) for lo, hi in pieces(0, X.n_rows, X.n_features))
        return np.concatenate(
            [
                super(Categorical, self)._fill(kernel, x, *state, n_columns=n_columns, finite=finite)
                for x in parts
            ]
        )

    def _check_categories(self) -> None:
        """Raise ValueError unless ``_categories`` is what a fit could have left; derive what is not saved."""
        self.is_categorical_, self._coding = None, None
        said: Any = vars(self).get("_categories")
        if (said is None) != (vars(self).get("_levels") is None):
            raise ValueError("_categories and _levels do not belong together")
        if said is None:
            self._categories, self._levels = None, None
            return
        if not isinstance(said, dict) or set(said) != {"features", "levels", "codes"}:
            raise ValueError("_categories is not made of features, levels and codes")
        features = said["features"]
        if (
            not features
            or sorted(set(features)) != features
            or not 0 <= features[0] <= features[-1] < self.n_features_in_
        ):
            raise ValueError("_categories names features that are not there")
        for levels, codes in zip(said["levels"], said["codes"], strict=True):
            kinds = {type(level) for level in levels}
            if (
                len(codes) != len(levels)
                or (kinds - {str} and kinds - {float})
                or sorted(set(levels)) != levels
            ):
                raise ValueError(
                    "_categories has levels that are not sorted texts or numbers with a code each"
                )
            if not all(type(code) is int and 0 <= code < 255 for code in codes):
                raise ValueError("_categories has a code that is not in [0, 254]")
        self.is_categorical_ = np.zeros(self.n_features_in_, bool)
        self.is_categorical_[features] = True
        self._coding = Coding.of(self._levels_by_feature())


def _counts(sample_weight) -> np.ndarray | None:
    """Return the weights if they are numbers (validation complains later), else None."""
    try:
        return None if sample_weight is None else np.asarray(sample_weight, np.float64).reshape(-1)
    except (TypeError, ValueError):
        return None


def _count_rows(rows: Rows, features: list[int], weight) -> dict[int, tuple[list, np.ndarray]]:
    """Return the levels of features of numbers, and how often each occurs, from rows in any place."""
    found: dict[int, dict[float, float]] = {f: {} for f in features}
    for lo, hi in zip(rows.bounds[:-1], rows.bounds[1:], strict=True):
        X = rows.place.load(int(lo), int(hi))
        for f in features:
            column = X[:, f].astype(np.float64)
            keep = ~np.isnan(column) if weight is None else ~np.isnan(column) & (weight[lo:hi] > 0)
            levels, inverse = np.unique(column[keep], return_inverse=True)
            counts = np.bincount(inverse, None if weight is None else weight[lo:hi][keep], len(levels))
            for level, count in zip(levels.tolist(), counts.tolist(), strict=True):
                found[f][level] = found[f].get(level, 0.0) + count
    for f, own in found.items():
        if not np.isfinite(np.array(list(own), float)).all():
            raise ValueError(f"Input X contains infinity in the categorical feature {f}")
    return {f: (list(own), np.array(list(own.values()))) for f, own in found.items()}
