"""What the pages of one model share, made once: its card, example rows, and which columns move its answers most.

Example rows are the contract's and those that the bundle keeps for its replay: rows of the training table, so whoever may
see the form may see them. The order of the columns comes from explaining the answers to these rows.
"""

from __future__ import annotations

import logging
import math
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from groundup.errors import GroundupError
from groundup.ship.serve import Predictor
from groundup.web.card import Card, card_of
from groundup.web.case import MAX_UNGROUPED

MAX_EXAMPLES = 24

log = logging.getLogger("groundup.web")


class Background:
    """What the pages of one model share.

    Parameters
    ----------
    predictor : Predictor
    path : Path, optional
        The bundle's file.
    """

    def __init__(self, predictor: Predictor, path: Path | None):
        self.predictor, self.path = predictor, path
        self.model, self.contract = predictor.model, predictor.contract

    @cached_property
    def card(self) -> Card:
        """The model card."""
        return card_of(self.model, self.path)

    @cached_property
    def examples(self) -> list[dict[str, object]]:
        """Rows to begin with, the contract's own first."""
        features = self.contract.features
        rows = [dict(self.contract.example)] if self.contract.example else []
        stored = self.model.stored_rows
        if hasattr(stored, "to_dicts"):
            rows += [row for row in stored.to_dicts() if self._is_whole(row)]
        plain = [{name: _json_value(row.get(name)) for name in features} for row in rows]
        return list({repr(row): row for row in plain}.values())[:MAX_EXAMPLES]

    def _is_whole(self, row: dict[str, object]) -> bool:
        """Tell whether a row is one that training could have had, without a cell that cannot be read."""
        try:
            return not any(p.severity == "error" for p in self.contract.conform_row(row).problems)
        except GroundupError:
            return False

    @cached_property
    def strongest_of_many(self) -> list[str]:
        """Where columns are many: these by the mean size of their effect on the stored rows; [] where nobody can say."""
        from groundup.judge.explain import Explainer

        model, stored = self.model, self.model.stored_rows
        if len(self.contract.features) <= MAX_UNGROUPED or not hasattr(stored, "to_dicts"):
            return []
        rows = self.contract.conform(stored).frame
        try:
            explainer = Explainer(model.pipeline, rows, target=model.target, contract=self.contract)
            found = explainer.contributions(rows)
        except GroundupError as error:
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
