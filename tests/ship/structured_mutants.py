"""Bundles with one value of one part replaced by another kind of value, with all digests made to fit again."""

import copy
import json
import random
import struct

import numpy as np
from bundled import forged

JSON_PARTS = ("model.json", "replay.json", "contract.json", "about.json")

#: Every type of JSON, at its edges, and every form that stands for a type that JSON lacks.
FORMS = [
    {"$": 0}, {"$": "nothing"}, {"a": 1},
    {"$": "float", "text": "nan"}, {"$": "float", "text": "-inf"}, {"$": "float", "text": []},
    {"$": "tuple", "items": []}, {"$": "tuple", "items": 5}, {"$": "tuple", "items": [[1, 2], {"a": None}]},
    {"$": "mapping", "items": [[1, 2]]}, {"$": "mapping", "items": [[[], 2]]},
    {"$": "mapping", "items": [[{"$": "labels", "dtype": "object", "items": [1]}, 2]]},
    {"$": "dtype", "name": "float64"}, {"$": "dtype", "name": "object"}, {"$": "dtype", "name": []},
    {"$": "labels", "dtype": "U1", "items": ["a", "b"]}, {"$": "labels", "dtype": "object", "items": [1, 2]},
    {"$": "labels", "dtype": "object", "items": ["a", 1, None]}, {"$": "labels", "dtype": 7, "items": "ab"},
    {"$": "labels", "dtype": "object", "items": [[1], [2]]},
    {"$": "record", "packed": True, "fields": []}, {"$": "record", "packed": 3, "fields": [["a", 5]]},
    {"$": "record", "packed": True, "fields": [["a", {"$": "labels", "dtype": "object", "items": [1]}]]},
    {"$": "array", "at": [], "order": "C"}, {"$": "array", "at": "nowhere", "order": "C"},
    {"$": "pipeline", "steps": []},
    {"$": "pipeline", "steps": [["a", {"$": "labels", "dtype": "U1", "items": ["a", "b"]}]]},
    {"$": "node", "type": "Ridge", "params": {}, "state": {}},
    {"$": "unfitted", "type": "Ridge", "params": {"alpha": []}},
]  # fmt: skip
VALUES = [
    None, True, False, 0, 1, -1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.5, 1e308, 5e-324, "", "0", "nan", "\0",
    "x" * 300, "U" + "9" * 20, [], [[]], [0], ["a", 1], [None] * 3, {}, *FORMS,
]  # fmt: skip


def _places(value, path=()):
    """Yield the paths of all values inside a JSON value, the outermost first."""
    yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from _places(child, (*path, key))


def _at(value, path):
    for key in path:
        value = value[key]
    return value


def revalued(text: bytes, rng: random.Random) -> bytes:
    """Return JSON with a value replaced, by one of `VALUES` or of its own; or removed, repeated, wrapped, moved."""
    root = {"": json.loads(text)}
    places = [path for path in _places(root) if path]
    *path, last = rng.choice(places)
    inside = _at(root, path)
    kind = rng.randrange(12)
    if kind < 7:
        inside[last] = copy.deepcopy(rng.choice(VALUES))
    elif kind < 9:
        inside[last] = copy.deepcopy(_at(root, rng.choice(places)))
    elif kind == 9 and path:
        del inside[last]
    elif kind == 10:
        inside[last] = [inside[last]] * rng.choice([1, 2, 1000])
    elif isinstance(inside, dict):
        inside[rng.choice(["extra", "$", "type", "at"])] = copy.deepcopy(rng.choice(VALUES))
    else:
        inside.insert(0, copy.deepcopy(rng.choice(VALUES)))
    return json.dumps(root.get(""), indent=1).encode() + b"\n"


def rearranged(tensors: bytes, rng: random.Random) -> bytes:
    """Return the arrays with one of them of another dtype or shape, empty, renamed, removed or over others."""
    (length,) = struct.unpack_from("<Q", tensors)
    header, body = json.loads(tensors[8 : 8 + length]), tensors[8 + length :]
    name = rng.choice([key for key in header if key != "__metadata__"])
    entry, kind = header[name], rng.randrange(8)
    lo, hi = entry["data_offsets"]
    if kind == 0:
        entry["dtype"] = rng.choice(
            ["F64", "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL", "U64", "F8_E4M3", "X"]
        )
    elif kind == 1:
        entry["dtype"], entry["shape"] = "U8", [hi - lo]
    elif kind == 2:
        n = int(np.prod(entry["shape"]))
        entry["shape"] = rng.choice([[n], [1, n], [n, 1], [1, 1, n], [n, 1, 1], [], [0], [n, 0], [-1]])
    elif kind == 3:
        entry["shape"] = rng.choice(
            [[0, 2**40], [2**62, 0], [2**40], [2**63], [2**32, 2**32], [10**30], [1] * 70]
        )
    elif kind == 4:
        header[name + "'"] = header.pop(name)
    elif kind == 5:
        del header[name]
    elif kind == 6:
        entry["data_offsets"] = rng.choice(
            [[0, hi], [lo, len(body)], [hi, lo], [lo, lo], [-1, hi], [0, 2**60]]
        )
    else:
        header[name] = copy.deepcopy(rng.choice(VALUES))
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def structured_mutant(parts: dict[str, bytes], rng: random.Random) -> bytes:
    """Return a file whose parts belong together, with one value or array that is not what it should be."""
    changed = dict(parts)
    name = rng.choice(
        [*(n for n in JSON_PARTS if n in parts), "model.json", "replay.json", "arrays.safetensors"]
    )
    changed[name] = (
        rearranged(parts[name], rng) if name == "arrays.safetensors" else revalued(parts[name], rng)
    )
    return forged(changed)
