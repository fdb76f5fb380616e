"""State that the pages of one model share, created once at the start: card, examples, order of the columns.

The form starts with a typical case that no row need equal. The rows that the bundle stores for its replay are real ones,
which everybody who can open the form could see: they become examples only if the server is told so. The columns are
ordered by explaining the predictions of these rows: all of them where that is cheap, a few where a model can only be
sampled.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
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
    typical : list of dict
        The contract's typical case, if it has one.
    strongest_columns : list of str
        Of a form with many columns: the columns by their mean absolute effect on stored rows; [] where not known.
    """

    def __init__(self, predictor: Predictor, path: Path | None):
        self.predictor, self.path = predictor, path
        self.model, self.contract = predictor.model, predictor.contract
        self.card = make_card(self.model, path)
        self.typical = [self._plain(self.contract.example)] if self.contract.example else []
        self.strongest_columns = self._rank_columns()

    @cached_property
    def stored(self) -> list[dict[str, object]]:
        """The stored rows that the model can predict, at most ``MAX_EXAMPLES``."""
        rows = self.model.stored_rows
        if not hasattr(rows, "iter_rows"):
            return []
        readable = filter(self._is_readable, rows.iter_rows(named=True))
        return [self._plain(row) for row in islice(readable, MAX_EXAMPLES)]

    def _plain(self, row: Mapping[str, object]) -> dict[str, object]:
        return {name: _json_value(row.get(name)) for name in self.contract.features}

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
