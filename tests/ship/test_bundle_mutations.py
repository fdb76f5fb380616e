"""Four thousand damaged files: no crash, no hang, and none that answers otherwise than the model that was saved.

Four kinds of damage: bytes changed, cut or inserted; the same in one part with all digests made to fit again; numbers in
the JSON parts changed, with digests made to fit; numbers in the arrays changed, with digests made to fit. The last three
reach the structural checks and the replay, as no accident would. Two thousand more hold values and arrays of other kinds
(`structured_mutants`): whatever they hold, the error is ours.
"""

import json
import random
import struct
import time

import numpy as np
import pytest
from bundled import FEATURES, contract_of, customers, fitted, forged, models, parts_of
from sklearn.pipeline import Pipeline
from structured_mutants import structured_mutant

from groundup.errors import CheckFailed, GroundupError, UsageError
from groundup.models import AdaBoostClassifier, DummyClassifier, LogisticRegression
from groundup.ship import bundle

N_PER_MODEL = 500
MODELS = ["boosting, text", "boosting, number", "ridge", "k-means"]


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Return `data` with some bits changed, cut, doubled or moved."""
    changed = bytearray(data)
    kind = rng.randrange(6)
    at = rng.randrange(len(changed)) if changed else 0
    if kind == 0 and changed:
        changed[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del changed[at:]
    elif kind == 2:
        del changed[at : at + rng.randrange(1, 64)]
    elif kind == 3:
        changed[at:at] = rng.randbytes(rng.randrange(1, 64))
    elif kind == 4:
        changed[at : at + 8] = rng.randbytes(8)
    else:
        other = rng.randrange(len(changed)) if changed else 0
        changed[at : at + 16] = changed[other : other + 16]
    return bytes(changed)


def numbers_of(value, path=()):
    """Yield the paths of all numbers of a JSON value."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from numbers_of(child, (*path, key))
    elif isinstance(value, list):
        for k, child in enumerate(value):
            yield from numbers_of(child, (*path, k))
    elif isinstance(value, (int, float)):
        yield path


def renumbered(text: bytes, rng: random.Random) -> bytes:
    """Return JSON with one number changed."""
    value = json.loads(text)
    paths = list(numbers_of(value))
    if not paths:
        return flipped(text, rng)
    *path, last = rng.choice(paths)
    at = value
    for key in path:
        at = at[key]
    old = at[last]
    at[last] = rng.choice(
        [old + 1, -old, old * 2, 0, -1, 2**31, 2**63, 10**30, old + 1e-9, 1e308, 0.5, None, True, "1", [old]]
    )
    return json.dumps(value, indent=1).encode()


def rewritten(tensors: bytes, rng: random.Random) -> bytes:
    """Return the arrays with one of their numbers changed."""
    (header,) = struct.unpack_from("<Q", tensors)
    body = bytearray(tensors)
    at = 8 + header + rng.randrange(max(1, len(tensors) - 8 - header)) // 4 * 4
    word = rng.choice(
        [
            b"\xff\xff\xff\xff",
            b"\0\0\0\0",
            b"\xff\xff\xff\x7f",
            b"\1\0\0\0",
            b"\0\0\xf8\x7f",
            rng.randbytes(4),
        ]
    )
    body[at : at + 4] = word
    return bytes(body[: len(tensors)])


def mutant(data: bytes, parts: dict[str, bytes], rng: random.Random) -> tuple[bytes, bool]:
    """Return a damaged file, and whether its digests were made to fit."""
    kind = rng.randrange(5)
    if kind == 0:
        return flipped(data, rng), False
    changed = dict(parts)
    if kind == 1:
        name = rng.choice([n for n in parts if n != "manifest.json"])
        changed[name] = flipped(parts[name], rng)
    elif kind == 2:
        name = rng.choice([n for n in parts if n.endswith(".json") and n != "manifest.json"])
        changed[name] = renumbered(parts[name], rng)
    elif kind == 3:
        changed["model.json"] = renumbered(parts["model.json"], rng)
    else:
        changed["arrays.safetensors"] = rewritten(parts["arrays.safetensors"], rng)
    return forged(changed), True


@pytest.mark.parametrize("name", MODELS)
def test_no_mutant_answers_otherwise(name, tmp_path):
    learner, target = models()[name]
    pipeline, X = fitted(learner, target)
    frame = customers()
    contract = contract_of(frame, target) if target else None
    path = tmp_path / "m.groundup"
    bundle.save(
        pipeline, path, frame if contract else X, contract=contract, metrics={"test": {"score": 0.5}}, seed=1
    )
    data, parts = path.read_bytes(), parts_of(path)
    rows = customers(500, seed=1).select(FEATURES)
    expected = {key: values.tolist() for key, values in bundle.load(path).replay_outputs(rows).items()}
    rng, refused, changed, slowest = random.Random(name), 0, 0, 0.0
    for number in range(N_PER_MODEL):
        damaged, is_forged = mutant(data, parts, rng)
        path.write_bytes(damaged)
        start = time.perf_counter()
        try:
            model = bundle.load(path)
        except GroundupError:
            refused += 1
        else:
            same = {key: values.tolist() for key, values in model.replay_outputs(rows).items()} == expected
            assert same or is_forged, f"mutant {number}"
            changed += not same
        slowest = max(slowest, time.perf_counter() - start)
    assert slowest < 60  # a hang; a first compile takes seconds on a busy machine
    assert refused > N_PER_MODEL * 0.6
    # Whoever makes every digest anew may change a leaf that no replayed row reaches: a signature would be needed.
    assert changed <= N_PER_MODEL * 0.01


STRUCTURED = {
    "k-means": models()["k-means"],
    "logistic": (LogisticRegression(), "stage"),
    "baseline": (DummyClassifier(), "leaves"),
    "AdaBoost": (AdaBoostClassifier(n_estimators=2, random_state=0), "is_gone"),
}


def saved(path, learner, target):
    """Save a model of the customers, and return the parts of its file."""
    pipeline, X = fitted(learner, target, frame := customers(60))
    contract = contract_of(frame, target) if target else None
    about = {"metrics": {"test": {"score": 0.5}}, "settings": {"read": {"delimiter": ";"}, "kept": [1, None]}}
    bundle.save(pipeline, path, frame if contract else X, contract=contract, seed=1, **about)
    return parts_of(path)


@pytest.mark.parametrize("name", STRUCTURED)
def test_values_and_arrays_of_another_kind_are_refused(name, tmp_path):
    path = tmp_path / "m.groundup"
    parts, rng, n_refused = saved(path, *STRUCTURED[name]), random.Random(name), 0
    for number in range(N_PER_MODEL):
        path.write_bytes(structured_mutant(parts, rng))
        try:
            bundle.load(path)
        except GroundupError:
            n_refused += 1
        except BaseException as error:  # a panic of Polars is no Exception
            error.add_note(f"mutant {number}")
            raise
    assert n_refused > N_PER_MODEL * 0.7


def edited(path, learner, target, edit):
    """Load a bundle whose model.json `edit` has changed, with all digests made to fit again."""
    parts = saved(path, learner, target)
    model = json.loads(parts["model.json"])
    edit(model)
    path.write_bytes(forged({**parts, "model.json": json.dumps(model).encode()}))
    return bundle.load(path)


def wrapped(model):
    for _ in range(12):
        model["pipeline"] = {"$": "pipeline", "steps": [["a", model["pipeline"]]]}


def nested(model):
    deep = {"$": "unfitted", "type": "DummyClassifier", "params": {}}
    for _ in range(12):
        deep = {"$": "unfitted", "type": "AdaBoostClassifier", "params": {"estimator": deep}}
    model["pipeline"]["steps"][1][1]["params"]["constant"] = deep


@pytest.mark.parametrize(
    ("edit", "message"), [(wrapped, "a pipeline inside another model"), (nested, "nested at most 8 deep")]
)
def test_models_nested_deeply_are_refused_at_once(tmp_path, edit, message):
    with pytest.raises(CheckFailed, match=message):
        edited(tmp_path / "m.groundup", DummyClassifier(), "leaves", edit)


LABELS = {
    "long": ["x" * 900_000] + [f"{i:05}" for i in range(3000)],
    "many": ["x" * 4000] + [f"{i:06}" for i in range(100_000)],
}


@pytest.mark.parametrize(
    ("kind", "message"), [("long", "a label has 900,000"), ("many", "100,001 labels, one of 4,000")]
)
@pytest.mark.parametrize("place", ["target", "classes_"])
def test_labels_that_would_fill_the_memory_are_refused(tmp_path, kind, message, place):
    def edit(model):
        if place == "target":
            model["target"]["labels"] = LABELS[kind]
        else:
            items = {"$": "labels", "dtype": "U9", "items": LABELS[kind]}
            model["pipeline"]["steps"][1][1]["state"]["classes_"] = items

    with pytest.raises(CheckFailed, match=message):
        edited(tmp_path / "m.groundup", DummyClassifier(), "leaves", edit)


def test_what_cannot_be_loaded_cannot_be_saved(tmp_path):
    X = [[0.0], [1.0]]
    long = LogisticRegression().fit(X, ["a" * 5000, "b"])
    with pytest.raises(UsageError, match="a label has 5,000 characters"):
        bundle.save(long, tmp_path / "m.groundup", np.array(X))
    inner = Pipeline([("learn", LogisticRegression().fit(X, ["a", "b"]))])
    with pytest.raises(UsageError, match="a pipeline inside another model"):
        bundle.save(Pipeline([("inner", inner)]), tmp_path / "m.groundup", np.array(X))


@pytest.mark.parametrize(
    "scores", [None, 5, "x", [1], {"mae": "x"}, {"mae": 10**400}, {"mae": True}, {"mae": None}]
)
def test_scores_that_are_no_numbers_are_no_scores(tmp_path, scores):
    path = tmp_path / "m.groundup"
    about = json.loads(saved(path, *STRUCTURED["baseline"])["about.json"])
    about["metrics"] = {"test": scores}
    path.write_bytes(forged({**parts_of(path), "about.json": json.dumps(about).encode()}))
    assert bundle.load(path).test_scores == {}
