"""Models for the bundle's tests, and the tools to forge their files."""

import hashlib
import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from sklearn.pipeline import Pipeline

from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor, KMeans, Ridge
from groundup.models.estimator import Array, ClassifierMixin, Labels, Learner, encode_labels, fitting
from groundup.ship.bundle.container import pack, unpack
from groundup.tables import Contract, TablePreparer
from groundup.tables.prepare import preprocessing_of


class Centroids(ClassifierMixin, Learner):
    """Nearest class mean: a learner that no package registers."""

    _state = {"classes_": Labels(), "centers_": Array("f8", "n_classes n_features")}  # noqa: RUF012

    @fitting
    def fit(self, X, y):
        rows = self._rows(X, y)
        X = rows.place.load(0, rows.place.n_rows)
        self.classes_, codes = encode_labels(y)
        self.centers_ = np.stack([X[codes == k].mean(axis=0) for k in range(len(self.classes_))])
        return self

    def predict_proba(self, X):
        X = self._features(X)
        distance = np.sqrt(np.square(X[:, None] - self.centers_).sum(axis=2))
        near = np.exp(-distance)
        return near / near.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def customers(n=300, seed=0):
    """A table with every kind of column, and targets of several types."""
    rng = np.random.default_rng(seed)
    months = rng.integers(1, 72, n)
    spent = months * rng.uniform(20, 100, n)
    plan = rng.choice(["basic", "plus", "Größe XL"], n)
    leaves = (plan == "basic") ^ (rng.random(n) < 0.2)
    start = datetime(2020, 1, 1)  # noqa: DTZ001 (naive moments mean UTC here)
    return pl.DataFrame(
        {
            "months": months,
            "spent": [None if rng.random() < 0.1 else float(v) for v in spent],
            "plan": [None if rng.random() < 0.05 else v for v in plan.tolist()],
            "online": rng.random(n) < 0.5,
            "since": [start + timedelta(days=int(d)) for d in rng.integers(0, 900, n)],
            "leaves": np.where(leaves, "yes", "no"),
            "is_gone": leaves,
            "stage": rng.integers(1, 4, n),
            "value": spent * 1.5 + leaves * 100,
        }
    )


FEATURES = ["months", "spent", "plan", "online", "since"]


def fitted(learner, target, frame=None):
    """Return (pipeline, frame of features)."""
    frame = customers() if frame is None else frame
    X = frame.select(FEATURES)
    pipeline = Pipeline([("prepare", TablePreparer(preprocessing_of(learner))), ("learn", learner)])
    y = None if target is None else frame[target].to_numpy()
    return pipeline.fit(X, y), X


def models():
    """Return name -> (learner, target)."""
    return {
        "boosting, text": (HistGradientBoostingClassifier(max_iter=8, random_state=0), "leaves"),
        "boosting, truth": (HistGradientBoostingClassifier(max_iter=8, random_state=0), "is_gone"),
        "boosting, number": (HistGradientBoostingRegressor(max_iter=8, random_state=0), "value"),
        "ridge": (Ridge(), "value"),
        "k-means": (KMeans(n_clusters=3, random_state=0), None),
    }


def contract_of(frame=None, target="leaves"):
    """Return the contract of the customers with one target."""
    frame = customers() if frame is None else frame
    return Contract.infer(frame.select([*FEATURES, target]), target=target)


def parts_of(path):
    """Return the parts of a file as a dict of bytes."""
    return {name: bytes(part) for name, part in unpack(path.read_bytes()).items()}


def forged(parts):
    """Return the file of `parts`, with every digest made to fit again: only the meaning can give it away."""

    def sha(name):
        return hashlib.sha256(parts[name]).hexdigest()

    def edited(name, **changes):
        parts[name] = (
            json.dumps({**json.loads(parts[name]), **changes}, ensure_ascii=False, indent=1).encode() + b"\n"
        )

    parts = dict(parts)
    try:
        contract = sha("contract.json") if "contract.json" in parts else None
        edited("model.json", arrays_sha256=sha("arrays.safetensors"), contract_sha256=contract)
        edited("replay.json", model_sha256=sha("model.json"))
    except (ValueError, TypeError):
        pass  # a part that is no JSON any more
    stated = json.loads(parts["manifest.json"])
    stated["parts"] = {n: {"sha256": sha(n), "n_bytes": len(parts[n])} for n in stated["parts"] if n in parts}
    parts["manifest.json"] = json.dumps(stated, ensure_ascii=False, indent=1).encode() + b"\n"
    return pack(parts)
