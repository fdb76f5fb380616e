"""What the pages of one model share, made once: its card, example rows, and which columns move its answers most.

Example rows are the contract's and those that the bundle keeps for its replay: rows of the training table, so whoever may
see the form may see them. The order of the columns comes from the reasons for the answers to these rows: the mean size of
each column's effect.
"""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime
from functools import cached_property
from pathlib import Path

from groundup.errors import GroundupError
from groundup.ship.serve import Predictor
from groundup.web.card import Card, card_of
from groundup.web.case import MAX_UNGROUPED

MAX_EXAMPLES = 24


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
        """Where columns are many: these by the mean size of their effect on the examples' answers; [] if unknown."""
        if len(self.contract.features) <= MAX_UNGROUPED:
            return []
        sizes: dict[str, float] = defaultdict(float)
        for answer in self.predictor.predict_rows(self.examples, explain=True):
            for reason in answer.reasons or ():
                if math.isfinite(reason.effect):
                    sizes[reason.field] += abs(reason.effect)
        return sorted(sizes, key=lambda name: -sizes[name])


def _json_value(value):
    """Return a cell as JSON holds it: moments as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime) or hasattr(value, "isoformat"):
        return value.isoformat()
    return value
