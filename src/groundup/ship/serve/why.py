"""Why the model said so: the strongest reasons for one row's answer, from ``judge.explain``. The one seam to it."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from groundup.errors import GroundupError
from groundup.ship.serve.answers import Reason

if TYPE_CHECKING:
    from groundup.judge.explain import Explainer
    from groundup.ship.bundle import Model

log = logging.getLogger("groundup.serve")
_MOST = float(np.finfo(np.float64).max)  # JSON has no infinity


class Why:
    """Explains the answers of a model; what it needs is made at the first question, once.

    Parameters
    ----------
    model : Model
        Its stored rows are the background of learners that can only be tried.
    """

    def __init__(self, model: Model):
        self._model, self._lock = model, threading.Lock()

    def reasons(self, values: Mapping[str, Any]) -> tuple[Reason, ...] | None:
        """Return the strongest reasons for the answer to a row, the strongest first; None where there is no way to tell.

        Parameters
        ----------
        values : mapping
            A row in the contract's form.
        """
        from groundup.judge.explain import explain_row

        try:
            found = explain_row(self._explainer(), values)
        except GroundupError as error:
            log.warning("no reasons: %s", error)
            return None
        except Exception:  # whatever fails here must not cost the answer
            log.exception("no reasons")
            return None
        if math.isnan(found.score):
            log.warning("no reasons: a score of the model is no number")
            return None
        return tuple(
            Reason(
                field=r.column,
                value=_plain(r.value),
                usual=_plain(r.usual),
                effect=float(np.clip(r.contribution, -_MOST, _MOST)),
                unit=found.unit,
                doubt=r.doubt,
                does=r.does,
                words=r.words,
            )
            for r in found.reasons
        )

    def _explainer(self) -> Explainer:
        with self._lock:  # made by one thread, for all
            return self._model.explainer


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else value
