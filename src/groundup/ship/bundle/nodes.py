"""Nodes: the closed list of types that a bundle can contain, and their form as JSON.

A file names a type ("HistGradientBoostingClassifier"), never a module to import. The name is looked up in

1. the learners of ``groundup.models`` and ``TablePreparer``;
2. the entry points of the group ``groundup.learners``, which installed packages declare;
3. the classes that the caller passes (``learners=[...]``), under their class names.

A class must declare its state (``models.estimator.Learner`` does): constructor parameters and fitted attributes are all
that is stored, and ``from_state`` checks them before the model can predict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sklearn.pipeline import Pipeline

from groundup.errors import CheckFailed, UsageError
from groundup.models.estimator.state import Declared
from groundup.models.registry import GROUP, MODELS, declared_models, load_model
from groundup.ship.bundle.values import Reader, Writer
from groundup.tables.prepare import TablePreparer


class Nodes:
    """The list of node types of one call to save or load.

    Parameters
    ----------
    learners : iterable of classes
        Further learners, besides the installed ones.
    """

    def __init__(self, learners: Iterable[type] = ()):
        self._given = {cls.__name__: cls for cls in learners}
        for name, cls in self._given.items():
            if not _declares(cls):
                raise UsageError(
                    f"{name} does not declare its state.",
                    hint="Derive it from groundup.models.estimator.Learner.",
                )

    def find(self, name: str) -> type:
        """Return the class of a node type.

        Raises
        ------
        CheckFailed
            If it is on no list.
        """
        cls = self._given.get(name) or _ours(name) or _declared(name)
        if cls is None:
            raise CheckFailed(
                f"The bundle holds a {name[:80]!r}, which is not a learner of groundup or of an installed package.",
                hint=f"Install the package that registers it (entry point group {GROUP!r}), or pass learners=[...].",
            )
        if not _declares(cls):
            raise CheckFailed(f"The learner {name!r} does not declare its state, so a bundle cannot hold it.")
        return cls

    def name_of(self, cls: type) -> str | None:
        """Return the node type of a class, or None if it is on no list."""
        name = cls.__name__
        if self._given.get(name) is cls or _ours(name) is cls:
            return name
        for point in declared_models():
            if point.attr.split(".")[-1] == name and _loaded(point) is cls:
                return point.name
        return None

    # ------------------------------------------------------------------ to JSON and back

    def write(self, value: Any, where: str, writer: Writer):
        """Return an estimator as JSON, None if it is none; see `Writer`."""
        if type(value) is Pipeline:
            steps = [[name, self._step(step, f"{where}/{name}", writer)] for name, step in value.steps]
            return {"$": "pipeline", "steps": steps}
        if not isinstance(value, Declared):
            return None
        unfitted = self._param(value, where, writer)
        state = {key: writer.write(v, f"{where}/{key}") for key, v in value.get_state().items()}
        return unfitted | {"$": "node", "state": state}

    def _registered(self, value: Declared) -> str:
        name = self.name_of(type(value))
        if name is None:
            raise UsageError(
                f"A bundle cannot hold a {type(value).__name__}: it is not registered.",
                hint=f"Register it by an entry point of the group {GROUP!r}, or pass learners=[{type(value).__name__}].",
            )
        return name

    def _param(self, value: Any, where: str, writer: Writer):
        """Return a parameter as JSON: of a learner, which is only ever cloned, its own parameters and no fit."""
        if not isinstance(value, Declared):
            return writer.write(value, where)
        params = value.get_params(deep=False)  # type: ignore[attr-defined]
        written = {key: self._param(v, f"{where}/{key}", writer) for key, v in params.items()}
        return {"$": "unfitted", "type": self._registered(value), "params": written}

    def _step(self, step, where: str, writer: Writer):
        if step == "passthrough":
            return step
        return writer.write(step, where)

    def read(self, value: dict, reader: Reader):
        """Return the estimator that `write` wrote, fitted and checked."""
        if value["$"] == "pipeline":
            return self._read_pipeline(value, reader)
        if set(value) != {"$", "type", "params", "state"} or not isinstance(value["type"], str):
            raise CheckFailed("The bundle is damaged: a learner lacks its type, parameters or state.")
        name = value["type"]
        cls = self.find(name)
        params, state = self._params(value["params"], name, reader), reader.read(value["state"])
        if not isinstance(state, dict):
            raise CheckFailed(f"The bundle is damaged: the state of {name!r} is no mapping.")
        return _made(name, cls, params, lambda: cls.from_state(params, state))  # type: ignore[attr-defined]

    def _params(self, value: Any, name: str, reader: Reader) -> dict[str, Any]:
        """Return the parameters of a node; learners among them are unfitted."""
        if not isinstance(value, dict) or "$" in value:
            raise CheckFailed(f"The bundle is damaged: the parameters of {name!r} are no mapping.")
        return {key: self._read_param(v, reader) for key, v in value.items()}

    def _read_param(self, value: Any, reader: Reader):
        if not isinstance(value, dict) or value.get("$") != "unfitted":
            return reader.read(value)
        if set(value) != {"$", "type", "params"} or not isinstance(value["type"], str):
            raise CheckFailed(
                "The bundle is damaged: a parameter that is a learner lacks its type or parameters."
            )
        name = value["type"]
        cls, params = self.find(name), self._params(value["params"], name, reader)
        return _made(name, cls, params, lambda: cls(**params))

    def _read_pipeline(self, value: dict, reader: Reader) -> Pipeline:
        steps = value.get("steps")
        if set(value) != {"$", "steps"} or not isinstance(steps, list) or not steps:
            raise CheckFailed("The bundle is damaged: its pipeline has no steps.")
        made = []
        for step in steps:
            if not (isinstance(step, list) and len(step) == 2 and isinstance(step[0], str)):
                raise CheckFailed("The bundle is damaged: a step of its pipeline is not a name and a node.")
            estimator = step[1] if step[1] == "passthrough" else reader.read(step[1])
            if not (estimator == "passthrough" or isinstance(estimator, (Declared, Pipeline))):
                raise CheckFailed(f"The bundle is damaged: the step {step[0][:40]!r} is no learner.")
            made.append((step[0], estimator))
        try:
            pipeline = Pipeline(made)
            pipeline._validate_steps()
        except (TypeError, ValueError) as e:
            raise CheckFailed(f"The bundle's pipeline is damaged: {e!s:.200}") from None
        return pipeline


def _made(name: str, cls, params: dict[str, Any], make: Callable[[], Any]):
    """Return the learner that `make` makes of checked parameters."""
    try:
        unknown = sorted(set(params) - set(cls._get_param_names()))
        if unknown:
            raise ValueError(f"there is no parameter {unknown[0]!r}")
        estimator = make()
        estimator._validate_params()
    except Exception as e:
        # A third-party class may raise anything; ours raise ValueError and TypeError.
        raise CheckFailed(f"The bundle's {name} is damaged: {str(e)[:300]}") from e
    return estimator


def _declares(cls) -> bool:
    return isinstance(cls, type) and issubclass(cls, Declared) and hasattr(cls, "_get_param_names")


def _ours(name: str) -> type | None:
    if name == "TablePreparer":
        return TablePreparer
    return load_model(name) if name in MODELS else None


def _declared(name: str) -> type | None:
    for point in declared_models():
        if point.name == name:
            return _loaded(point)
    return None


def _loaded(point):
    try:
        return point.load()
    except Exception:  # noqa: BLE001 (a third-party package may raise anything; it then has no such learner)
        return None
