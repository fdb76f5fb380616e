"""State that the pages of one model share, created once at the start: card, example rows, order of the columns.

Example rows are the contract's and those that the bundle stores for its replay. They are rows of the training table, so
everybody who can open the form can see them. The columns are ordered by explaining the predictions of these rows: all of
them where that is cheap, a few where a model can only be sampled.
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
from groundup.web.card import make_card
from groundup.web.form import MAX_UNGROUPED

MAX_EXAMPLES = 24
# Predictions spent on the order of the columns where a model can only be sampled: 5 s at 0.1 ms each.
MAX_PREDICTIONS = 50_000

log = logging.getLogger("groundup.web")


class SharedState:
    """State that the pages of one model share.

    Parameters
    ----------
    predictor : Predictor
    path : Path, optional
        The bundle's file.

    Attributes
    ----------
    card : Card
    examples : list of dict
        Rows to fill the form with, the contract's own first.
    strongest_columns : list of str
        Of a form with many columns: the columns by their mean absolute effect on stored rows; [] where not known.
    """

    def __init__(self, predictor: Predictor, path: Path | None):
        self.predictor, self.path = predictor, path
        self.model, self.contract = predictor.model, predictor.contract
        self.card = make_card(self.model, path)
        self.examples = self._examples()
        self.strongest_columns = self._rank_columns()

    def _examples(self) -> list[dict[str, object]]:
        features = self.contract.features
        rows = [dict(self.contract.example)] if self.contract.example else []
        stored = self.model.stored_rows
        if hasattr(stored, "iter_rows"):
            rows += islice(filter(self._is_readable, stored.iter_rows(named=True)), MAX_EXAMPLES)
        plain = [{name: _json_value(row.get(name)) for name in features} for row in rows]
        return list({repr(row): row for row in plain}.values())[:MAX_EXAMPLES]

    def _is_readable(self, row: dict[str, object]) -> bool:
        """Tell whether the model can predict a stored row."""
        try:
            return self.contract.conform_row(row).status != "refused"
        except GroundupError:
            return False

    def _rank_columns(self) -> list[str]:
        stored = self.model.stored_rows
        if len(self.contract.features) <= MAX_UNGROUPED or not hasattr(stored, "columns"):
            return []
        try:
            explainer = self.model.explainer
            rows = self.contract.conform(stored).frame.head(max(1, MAX_PREDICTIONS // explainer.n_tried))
            found = explainer.contributions(rows)
        except Exception as error:  # noqa: BLE001 (a third-party model may raise anything; the form works without the order)
            log.warning("the columns could not be ordered: %s", error)
            return []
        sizes = np.abs(found.values).mean(axis=(0, 2))
        return [found.columns[i] for i in np.argsort(-sizes, kind="stable")]


def _json_value(value: object) -> object:
    """Return a cell as a JSON value: datetimes as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
