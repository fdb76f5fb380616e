"""The model card: task, scores, training data and machine of a model."""

from __future__ import annotations

from typing import Any

from groundup.ship.bundle import Model


def card(model: Model, identity: dict[str, str]) -> dict[str, Any]:
    """Return the card of a model as a JSON object."""
    contract, target = model.contract, model.target
    assert contract is not None
    classes = model.classes
    return {
        **identity,
        "task": contract.task,
        "target": target.name or None,
        "learner": type(model.learner).__name__,
        "classes": None if classes is None else classes.tolist(),
        "positive": model.positive,
        "threshold": target.threshold,
        "costs": target.costs or None,
        "transform": target.transform,
        "features": list(contract.features),
        "trained_on": {"name": contract.name, "rows": contract.n_rows, "digest": contract.source_digest},
        "contract": contract.digest,
        "metrics": model.metrics,
        "settings": model.settings,
        "seed": model.seed,
        "made_on": None if model.made_on is None else model.made_on.model_dump(),
    }
