"""The JSON parts of a bundle: their models, reading and writing.

Reading is strict: no duplicate keys, no NaN, no unknown fields, no conversions, at most 64 levels deep.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
)

from groundup.errors import CheckFailed

#: The version of the format; others are refused.
FORMAT = 3
MAX_DEPTH = 64

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Label = StrictBool | StrictInt | Annotated[FiniteFloat, Field(strict=True)] | StrictStr
D = TypeVar("D", bound="Document")


class Document(BaseModel):
    """A JSON part: immutable, without unknown fields or conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Part(Document):
    """The manifest's entry for a part."""

    sha256: Sha256
    n_bytes: int = Field(ge=0)


class Fingerprint(Document):
    """The machine that fitted a model, as far as the bits of predictions may depend on it. See `fingerprint`."""

    machine: str
    cpu: str
    cpu_features: str
    blas: str
    tiles: str
    versions: dict[str, str]


class Manifest(Document):
    """``manifest.json``: the version of the format, the digest of every other part, the fingerprint."""

    format: int = Field(ge=1)
    parts: dict[str, Part]
    made_on: Fingerprint


class Target(Document):
    """The target, and how the learner's output becomes a prediction.

    Attributes
    ----------
    name : str
        The target's column; "" for none.
    task : str
        classification, regression, clustering or other.
    labels : list
        The classes in their own types, where the learner was fitted on codes 0, 1, ...; empty where it was fitted on
        the labels themselves.
    positive : label or None
        Two classes: the positive one; None for the second.
    threshold : float or None
        Two classes: predict the positive one if its probability is at least this; None for the learner's own rule.
    costs : list of list of float
        Predict the class of the smallest expected cost: actual by predicted, in the order of the learner's classes. Empty
        for the learner's own rule.
    transform : str
        Transform of the target before fitting: ``none``, ``log`` or ``log1p``; undone in predictions.
    """

    name: str = ""
    task: Literal["classification", "regression", "clustering", "other"]
    labels: list[Label] = Field(default_factory=list)
    positive: Label | None = None
    threshold: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    costs: list[list[FiniteFloat]] = Field(default_factory=list)
    transform: Literal["none", "log", "log1p"] = "none"


class ModelPart(Document):
    """``model.json``: the fitted pipeline as a tree of nodes (see `nodes`), the target, digests of other parts."""

    target: Target
    contract_sha256: Sha256 | None
    arrays_sha256: Sha256
    pipeline: JsonValue


class About(Document):
    """``about.json``: a description of the model. It enters the digest, so it must contain no time or duration."""

    name: str = ""
    seed: int | None = None
    metrics: dict[str, JsonValue] = Field(default_factory=dict)
    settings: dict[str, JsonValue] = Field(default_factory=dict)


class StoredColumn(Document):
    """One column of the replay rows: its type (see `replay`) and its values."""

    name: str
    dtype: str
    values: list[JsonValue]


class Replay(Document):
    """``replay.json``: unprepared rows, and the model's outputs for them."""

    model_sha256: Sha256
    kind: Literal["frame", "matrix"]
    columns: list[StoredColumn] = Field(min_length=1)
    answers: dict[str, JsonValue]
    recombined_sha256: Sha256
    float32: bool


def write_json(value: Any) -> bytes:
    """Return the bytes of a document or JSON value: UTF-8, one space of indentation, floats as ``repr`` writes them."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return (json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def read_json(data: bytes | memoryview, name: str, model: type[D]) -> D:
    """Return the document in `data`.

    Raises
    ------
    CheckFailed
        If it is not JSON, or does not fit `model`; names the part and the place.
    """
    value = parse_json(data, name)
    try:
        return model.model_validate(value)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(str(word) for word in first["loc"])
        raise CheckFailed(
            f"The bundle's part {name} is damaged at {where or 'its top'}: {first['msg']}."
        ) from None
    except RecursionError:
        raise CheckFailed(f"The bundle's part {name} is damaged: it is nested too deeply.") from None


def parse_json(data: bytes | memoryview, name: str):
    """Return the JSON value in `data`, strictly read."""
    try:
        value = json.loads(
            bytes(data).decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as e:
        raise CheckFailed(
            f"The bundle's part {name} is damaged: {str(e)[:200] or 'it is nested too deeply'}."
        ) from None
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise CheckFailed(
                f"The bundle's part {name} is damaged: it is nested more than {MAX_DEPTH} levels deep."
            )
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return value


def _unique_keys(pairs):
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ValueError("a key occurs twice")
    return unique


def _refuse_constant(word):
    raise ValueError(f"{word} is not JSON")
