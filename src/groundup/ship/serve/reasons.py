"""The strongest reasons for one row's prediction, from ``judge.explain``."""

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
_LARGEST = float(np.finfo(np.float64).max)  # JSON has no infinity


class RowExplainer:
    """Explains predictions of a model; the model's explainer is created at the first call, once.

    Parameters
    ----------
    model : Model
        Its stored rows are the background of models that can only be sampled.
    """

    def __init__(self, model: Model):
        self._model, self._lock = model, threading.Lock()

    def reasons(self, values: Mapping[str, Any]) -> list[Reason] | None:
        """Return the reasons for the prediction of a row, the strongest first; None where the model cannot be explained.

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
        except Exception:  # a failure here must not cost the prediction
            log.exception("no reasons")
            return None
        if math.isnan(found.score):
            log.warning("no reasons: a score of the model is NaN")
            return None
        return [
            Reason(
                field=r.column,
                value=_plain(r.value),
                usual=_plain(r.usual),
                effect=float(np.clip(r.contribution, -_LARGEST, _LARGEST)),
                unit=found.unit,
                warning=r.warning,
                does=r.does,
                words=r.words,
            )
            for r in found.reasons
        ]

    def _explainer(self) -> Explainer:
        with self._lock:  # created by one thread, for all
            return self._model.explainer


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else value
