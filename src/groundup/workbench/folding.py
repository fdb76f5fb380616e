"""Folds of the training set by a splitter of scikit-learn, in place of the split's own rule.

A splitter that draws at random without a seed draws by the seed of the project: the folds of a run are the same whenever
they are asked for.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from groundup.errors import UsageError
from groundup.tables.splitting import Keys
from groundup.workbench.written import Written, write


class SplitterFolds:
    """Makes folds by a splitter: an object with ``split(X, y, groups)``.

    Raises
    ------
    UsageError
        If it is no splitter.
    """

    def __init__(self, splitter: Any):
        if not callable(getattr(splitter, "split", None)) or isinstance(splitter, (str, bytes)):
            raise UsageError(
                f"split= takes a splitter of scikit-learn, not {splitter!r:.80}.",
                hint="For example: split=KFold(10, shuffle=True), GroupKFold() with group=, or TimeSeriesSplit().",
            )
        self.splitter = splitter

    @property
    def written(self) -> Written:
        """The splitter as code."""
        return write(self.splitter)

    def __call__(
        self, rows: np.ndarray, keys: Keys, k: int, seed: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return positions of the training rows and of the scored rows of each fold; the splitter decides how many."""
        splitter = copy.copy(self.splitter)
        if getattr(splitter, "random_state", 0) is None and getattr(splitter, "shuffle", True):
            splitter.random_state = seed
        groups, classes = (key if len(key) else None for key in (keys.groups, keys.classes))
        name = type(splitter).__name__
        try:
            pairs = [
                (np.asarray(train), np.asarray(valid))
                for train, valid in splitter.split(np.zeros((len(rows), 1)), classes, groups)
            ]
        except (TypeError, ValueError) as error:
            hint = "Name the column of the groups: group=." if "group" in str(error).lower() else ""
            raise UsageError(f"{name} cannot make folds of the training set: {error}", hint=hint) from None
        scored = np.concatenate([valid for _, valid in pairs]) if pairs else np.empty(0, dtype=int)
        if len(pairs) < 2 or len(np.unique(scored)) < len(scored):
            problem = "makes fewer than two folds" if len(pairs) < 2 else "scores a row more than once"
            raise UsageError(
                f"{name} {problem}: models are compared on folds without rows in common.",
                hint="Use KFold, StratifiedKFold, GroupKFold, StratifiedGroupKFold or TimeSeriesSplit.",
            )
        return pairs
