"""save, load and verify: a model to its file and back.

Saving writes a temporary file, loads it, replays it, and only then replaces the old one. Loading checks the bytes, the
digests, the form of every document, every array against the learner's declared state, and the replay rows, before the
model can predict.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as read
from safetensors.numpy import save as write

from groundup.errors import CheckFailed, GroundupError, UsageError, panics_as_errors
from groundup.ship.bundle import documents as doc
from groundup.ship.bundle import replay as replays
from groundup.ship.bundle.atomic import write_atomic
from groundup.ship.bundle.container import MAX_BYTES, PARTS, pack, unpack
from groundup.ship.bundle.fingerprint import differences, fingerprint
from groundup.ship.bundle.model import Model
from groundup.ship.bundle.nodes import Nodes
from groundup.ship.bundle.values import Reader, Writer

SUFFIX = ".groundup"
_REQUIRED = frozenset(PARTS) - {"contract.json"}


@dataclass(frozen=True)
class Verified:
    """The result of `verify`.

    model : the model, as `load` returns it.
    digest : SHA-256 of the file, as ``sha256sum`` prints it.
    parts : part -> bytes.
    n_replayed : number of replayed rows.
    exact : whether equal bits were required.
    differences : between the machine that fitted the model and this one.
    """

    model: Model
    digest: str
    parts: dict[str, int]
    n_replayed: int
    exact: bool
    differences: list[str]


def save(
    pipeline,
    path: str | Path,
    rows,
    *,
    target: doc.Target | None = None,
    contract=None,
    name: str = "",
    metrics: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
    learners: Iterable[type] = (),
) -> Model:
    """Write a fitted pipeline to one file, and return the model read back from it.

    Parameters
    ----------
    pipeline : estimator
        Fitted: ``Pipeline([("prepare", TablePreparer(...)), ("learn", learner)])``, or a learner alone.
    path : str or Path
        The file; its folder must exist. The usual extension is ``.groundup``.
    rows : frame or array
        Some unprepared rows; up to 48 of them are stored for replay.
    target : Target, optional
        Labels, threshold and transform; by default the learner's task only.
    contract : Contract, optional
    name, metrics, settings, seed
        A description of the model. It enters the digest: nothing in it may depend on the clock.
    learners : iterable of classes
        Learners that no installed package registers.

    Returns
    -------
    Model

    Raises
    ------
    UsageError
        If the pipeline contains an object that a bundle cannot store: it is named.
    CheckFailed
        If the model read back does not predict the same as the pipeline.
    """
    path, nodes = Path(path), Nodes(learners)
    about = doc.About(name=name, seed=seed, metrics=_plain(metrics), settings=_plain(settings))
    target = target or _target_of(pipeline, contract)
    try:
        model = Model(pipeline, target, contract, about)
    except ValueError as e:
        raise UsageError(f"This model cannot be saved: {e}.") from None
    data = pack(_parts(model, about, rows, nodes))
    if len(data) > MAX_BYTES:
        raise UsageError(f"The model has {len(data):,} bytes; a bundle holds at most {MAX_BYTES:,}.")
    if not path.parent.is_dir():
        raise UsageError("There is no such folder.", file=path.parent, hint="Create it first.")
    loaded: list[Model] = []
    write_atomic(path, data, confirm=lambda temporary: loaded.append(_load(temporary, nodes)[0]))
    return loaded[0]


def load(path: str | Path, *, learners: Iterable[type] = ()) -> Model:
    """Return the model in a file, after every check.

    Parameters
    ----------
    path : str or Path
    learners : iterable of classes
        Learners that no installed package registers.

    Raises
    ------
    CheckFailed
        If the file was changed or truncated, has a newer format, or does not reproduce its stored outputs.
    """
    return _load(Path(path), Nodes(learners))[0]


def verify(path: str | Path, *, learners: Iterable[type] = ()) -> Verified:
    """Load a model, and return what was checked; raises as `load` does."""
    return _load(Path(path), Nodes(learners))[1]


# ---------------------------------------------------------------------- writing


def _parts(model: Model, about: doc.About, rows, nodes: Nodes) -> dict[str, bytes]:
    writer = Writer(nodes.write)
    tree = writer.write(model.pipeline, "pipeline")
    parts = {"arrays.safetensors": _write_arrays(writer.arrays), "about.json": doc.write_json(about)}
    if model.contract is not None:
        parts["contract.json"] = model.contract.to_json().encode()
    parts["model.json"] = doc.write_json(
        doc.ModelPart(
            target=model.target,
            contract_sha256=_sha256(parts["contract.json"]) if model.contract is not None else None,
            arrays_sha256=_sha256(parts["arrays.safetensors"]),
            pipeline=tree,
        )
    )
    parts["replay.json"] = doc.write_json(_replay_of(model, rows, _sha256(parts["model.json"])))
    manifest = doc.Manifest(
        format=doc.FORMAT,
        parts={
            name: doc.Part(sha256=_sha256(parts[name]), n_bytes=len(parts[name]))
            for name in PARTS
            if name in parts
        },
        made_on=fingerprint(),
    )
    parts["manifest.json"] = doc.write_json(manifest)
    return parts


def _replay_of(model: Model, rows, model_sha256: str) -> doc.Replay:
    kind, columns = replays.store_rows(rows, _names(model))
    replay = doc.Replay(
        model_sha256=model_sha256,
        kind=kind,  # type: ignore[arg-type]
        columns=columns,
        answers={},
        recombined_sha256="0" * 64,
        float32=getattr(model.learner, "_dtype_in", None) == np.float32,
    )
    few, many = replays.restore_rows(replay)
    answers, digest = replays.to_json(_outputs(model, few)), replays.digest(_outputs(model, many))
    return replay.model_copy(update={"answers": answers, "recombined_sha256": digest})


def _names(model: Model):
    """Return the columns that a replay row needs."""
    if model.contract is not None:
        return model.contract.features
    if model._preparer is not None:
        return model._preparer.plan_.needed
    return None


def _target_of(pipeline, contract) -> doc.Target:
    from groundup.models.estimator import is_classifier, is_clusterer, is_regressor  # 1 s: scikit-learn

    for task, test in (
        ("classification", is_classifier),
        ("regression", is_regressor),
        ("clustering", is_clusterer),
    ):
        if test(pipeline):
            return doc.Target(name=getattr(contract, "target", None) or "", task=task)  # type: ignore[arg-type]
    return doc.Target(task="other")


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any]:
    writer = Writer()
    return {str(key): writer.write(value, str(key)) for key, value in (values or {}).items()}


def _write_arrays(arrays: dict[str, np.ndarray]) -> bytes:
    return write(arrays)


def _outputs(model: Model, rows) -> dict[str, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.replay_outputs(rows)


def _sha256(data) -> str:
    return hashlib.sha256(data).hexdigest()


# ---------------------------------------------------------------------- reading


def _load(path: Path, nodes: Nodes) -> tuple[Model, Verified]:
    try:
        with panics_as_errors("The bundle is damaged", kind=CheckFailed):
            return _read(_bytes(path), nodes)
    except GroundupError as e:
        e.file = e.file or path
        e.args = (str(e),)
        raise


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise UsageError("This is not a file.", file=path, hint=_newest_in(path))
        if size > MAX_BYTES:
            raise CheckFailed(
                f"This is not a bundle: it has {size:,} bytes, and a bundle has at most {MAX_BYTES:,}."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError("There is no such bundle.", file=path) from None
    except OSError as e:
        raise UsageError(f"The bundle cannot be read: {e.strerror or e}.", file=path) from None


def _newest_in(path: Path) -> str:
    """Return a hint that names the newest bundle in a folder: a project has one per run."""
    if not path.is_dir():
        return ""
    found = [(p.stat().st_mtime_ns, str(p)) for p in path.glob(f"**/*{SUFFIX}") if p.is_file()]
    return f"Give a bundle; the newest in this folder is {max(found)[1]!r}." if found else "Give a bundle."


def _read(data: bytes, nodes: Nodes) -> tuple[Model, Verified]:
    parts = unpack(data)
    manifest = _manifest(parts)
    stated = doc.read_json(parts["model.json"], "model.json", doc.ModelPart)
    about = doc.read_json(parts["about.json"], "about.json", doc.About)
    replay = doc.read_json(parts["replay.json"], "replay.json", doc.Replay)
    _belongs(parts, stated, replay)
    reader = Reader(_read_arrays(parts["arrays.safetensors"]), nodes.read)
    pipeline = reader.read(stated.pipeline)
    reader.all_read()
    contract = _contract(parts)
    try:
        model = Model(pipeline, stated.target, contract, about)
    except (ValueError, TypeError, AttributeError) as e:
        raise CheckFailed(f"The bundle is damaged: its parts do not fit each other ({e!s:.200}).") from None
    model.digest, model.made_on = _sha256(data), manifest.made_on
    exact = manifest.made_on == fingerprint()
    n_rows = _replayed(model, replay, exact)
    found = Verified(
        model=model,
        digest=model.digest,
        parts={name: len(part) for name, part in parts.items()},
        n_replayed=n_rows,
        exact=exact,
        differences=differences(manifest.made_on, fingerprint()),
    )
    return model, found


def _manifest(parts) -> doc.Manifest:
    if "manifest.json" not in parts:
        raise CheckFailed("This is not a bundle: it has no manifest.")
    stated = doc.parse_json(parts["manifest.json"], "manifest.json")
    version = stated.get("format") if isinstance(stated, dict) else None
    if type(version) is int and version != doc.FORMAT:
        raise CheckFailed(
            f"The bundle has format {version}; this groundup reads format {doc.FORMAT}.",
            hint="Upgrade groundup." if version > doc.FORMAT else "Build the model again.",
        )
    manifest = doc.read_json(parts["manifest.json"], "manifest.json", doc.Manifest)
    if set(manifest.parts) != set(parts) - {"manifest.json"} or _REQUIRED - set(parts):
        raise CheckFailed("The bundle is damaged: its parts differ from its manifest.")
    for name, part in manifest.parts.items():
        if part.n_bytes != len(parts[name]) or part.sha256 != _sha256(parts[name]):
            raise CheckFailed(f"The bundle's part {name} is damaged: its digest differs from the manifest's.")
    return manifest


def _belongs(parts, stated: doc.ModelPart, replay: doc.Replay) -> None:
    """Refuse parts of different models in one file."""
    contract = _sha256(parts["contract.json"]) if "contract.json" in parts else None
    if stated.contract_sha256 != contract:
        raise CheckFailed("The bundle's part contract.json does not belong to its model.")
    if stated.arrays_sha256 != _sha256(parts["arrays.safetensors"]):
        raise CheckFailed("The bundle's part arrays.safetensors does not belong to its model.")
    if replay.model_sha256 != _sha256(parts["model.json"]):
        raise CheckFailed("The bundle's part replay.json does not belong to its model.")


def _read_arrays(data) -> dict[str, np.ndarray]:
    try:
        return read(bytes(data))
    except Exception as e:  # noqa: BLE001 (its own error class, and KeyError for types that NumPy lacks)
        raise CheckFailed(f"The bundle's part arrays.safetensors is damaged: {e!s:.200}") from None


def _contract(parts):
    if "contract.json" not in parts:
        return None
    from groundup.tables import Contract

    doc.parse_json(parts["contract.json"], "contract.json")  # no key twice, not too deep
    try:
        return Contract.from_json(bytes(parts["contract.json"]))
    except GroundupError as e:
        raise CheckFailed(f"The bundle's part contract.json is damaged: {e.problem}", hint=e.hint) from None


def _replayed(model: Model, replay: doc.Replay, exact: bool) -> int:
    """Replay the stored rows, all at once and one by one; return how many they are."""
    rows, more = replays.restore_rows(replay)
    model.stored_rows = rows
    tolerance = None if exact else replays.TOLERANCE_FLOAT32 if replay.float32 else replays.TOLERANCE
    try:
        outputs = _outputs(model, rows)
        replays.compare(replay.answers, outputs, tolerance)
        if exact and replays.digest(_outputs(model, more)) != replay.recombined_sha256:
            raise CheckFailed(
                "The model does not reproduce its predictions at saving, for rows recombined from the stored ones."
            )
        if model.has_row_path and "predict" in outputs:
            one_by_one = [model.predict_row(row, errors="null") for row in replays.as_mappings(rows)]
            replays.compare(
                {"predict": replays.to_json(outputs)["predict"]}, {"predict": np.array(one_by_one)}, None
            )
    except CheckFailed:
        raise
    except Exception as e:
        raise CheckFailed(f"The bundle is damaged: its model fails on its own rows ({e!s:.200}).") from e
    return len(rows)
