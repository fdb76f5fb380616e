"""What the pages of one model share, made once, at the start: its card, example rows, which columns move its answers.

Example rows are the contract's and those that the bundle keeps for its replay: rows of the training table, so whoever may
see the form may see them. The order of the columns comes from explaining the answers to these rows: to all of them where
that is cheap, to a few where a learner can only be tried.
"""

from __future__ import annotations

import logging
import math
from datetime import date, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from groundup.errors import GroundupError
from groundup.ship.serve import Predictor
from groundup.web.card import card_of
from groundup.web.case import MAX_UNGROUPED

MAX_EXAMPLES = 24
# Answers that the order of the columns may cost where a learner can only be tried: 5 s of one that takes 0.1 ms for each.
MAX_TRIED = 50_000

log = logging.getLogger("groundup.web")


class Background:
    """What the pages of one model share.

    Parameters
    ----------
    predictor : Predictor
    path : Path, optional
        The bundle's file.

    Attributes
    ----------
    card : Card
    examples : list of dict
        Rows to begin with, the contract's own first.
    strongest_of_many : list of str
        Where columns are many: these by the mean size of their effect on stored rows; [] where nobody can say.
    """

    def __init__(self, predictor: Predictor, path: Path | None):
        self.predictor, self.path = predictor, path
        self.model, self.contract = predictor.model, predictor.contract
        self.card = card_of(self.model, path)
        self.examples = self._examples()
        self.strongest_of_many = self._strongest_of_many()

    def _examples(self) -> list[dict[str, object]]:
        features = self.contract.features
        rows = [dict(self.contract.example)] if self.contract.example else []
        stored = self.model.stored_rows
        if hasattr(stored, "iter_rows"):
            rows += islice(filter(self._is_whole, stored.iter_rows(named=True)), MAX_EXAMPLES)
        plain = [{name: _json_value(row.get(name)) for name in features} for row in rows]
        return list({repr(row): row for row in plain}.values())[:MAX_EXAMPLES]

    def _is_whole(self, row: dict[str, object]) -> bool:
        """Tell whether a row is one that training could have had, without a cell that cannot be read."""
        try:
            return not any(p.severity == "error" for p in self.contract.conform_row(row).problems)
        except GroundupError:
            return False

    def _strongest_of_many(self) -> list[str]:
        stored = self.model.stored_rows
        if len(self.contract.features) <= MAX_UNGROUPED or not hasattr(stored, "columns"):
            return []
        try:
            explainer = self.model.explainer
            rows = self.contract.conform(stored).frame.head(max(1, MAX_TRIED // explainer.n_tried))
            found = explainer.contributions(rows)
        except Exception as error:  # noqa: BLE001 (a stranger's learner may raise anything, and the form does without)
            log.warning("the columns are not ordered: %s", error)
            return []
        sizes = np.abs(found.values).mean(axis=(0, 2))
        return [found.columns[i] for i in np.argsort(-sizes, kind="stable")]


def _json_value(value: object) -> object:
    """Return a cell as JSON holds it: moments as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
