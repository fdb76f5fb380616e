"""Saving, loading, verifying: the same answers in the same types, or an error that names the part."""

import hashlib
import importlib.metadata
import json
import subprocess
import sys
import zipfile

import numpy as np
import polars as pl
import pytest
from bundled import FEATURES, Centroids, contract_of, customers, fitted, forged, models, parts_of
from sklearn.linear_model import LinearRegression as Foreign
from sklearn.pipeline import make_pipeline

from groundup.errors import CheckFailed, UsageError
from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor, Ridge, registry
from groundup.ship import bundle
from groundup.ship.bundle import files
from groundup.tables import TablePreparer


@pytest.mark.parametrize("name", models())
def test_a_loaded_model_answers_to_the_bit(name, tmp_path):
    learner, target = models()[name]
    pipeline, X = fitted(learner, target)
    path = tmp_path / "model.groundup"
    saved = bundle.save(pipeline, path, X)
    loaded = bundle.load(path)
    assert saved.digest == loaded.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    for model in (saved, loaded):
        found, expected = model.predict(X), pipeline.predict(X)
        assert found.dtype == expected.dtype
        assert found.tolist() == expected.tolist()
        if hasattr(pipeline, "predict_proba"):
            assert model.predict_proba(X).tobytes() == pipeline.predict_proba(X).tobytes()
        rows = X.to_dicts()
        assert [model.predict_row(row) for row in rows] == expected.tolist()
    assert [p.name for p in tmp_path.iterdir()] == ["model.groundup"]


def test_a_bundle_holds_what_belongs_to_the_model(tmp_path):
    pipeline, X = fitted(*models()["boosting, text"])
    contract, path = contract_of(), tmp_path / "m.groundup"
    bundle.save(
        pipeline,
        path,
        customers(),
        contract=contract,
        name="leaving",
        seed=3,
        metrics={"test": {"roc_auc": np.float64(0.9)}},
        settings={"budget_s": 60},
    )
    model = bundle.load(path)
    assert model.contract == contract
    assert (model.name, model.seed) == ("leaving", 3)
    assert model.metrics == {"test": {"roc_auc": 0.9}}
    assert model.target.name == "leaves"
    assert model.classes.tolist() == ["no", "yes"]
    assert "leaves" in repr(model)
    # Raw rows in any form go through the contract.
    expected = pipeline.predict(contract.conform(X).frame)
    as_text = X.with_columns(pl.col("months").cast(pl.String), more=1)
    assert model.predict(as_text).tolist() == expected.tolist()
    assert model.predict(contract.conform(X)).tolist() == expected.tolist()
    row = {**X.row(0, named=True), "months": str(X["months"][0]), "since": X["since"][0].isoformat()}
    assert model.predict_row(row) == expected[0]
    assert model.predict_proba_row(row).tobytes() == model.predict_proba(X)[0].tobytes()


def test_verify_tells_what_was_checked(tmp_path):
    pipeline, X = fitted(*models()["ridge"])
    path = tmp_path / "m.groundup"
    bundle.save(pipeline, path, X)
    found = bundle.verify(path)
    assert found.exact
    assert found.differences == []
    assert 40 <= found.n_replayed <= 48
    assert set(found.parts) == {
        "manifest.json",
        "model.json",
        "about.json",
        "replay.json",
        "arrays.safetensors",
    }
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        assert {i.filename: i.file_size for i in opened.infolist()} == found.parts


def test_the_digest_is_that_of_the_content(tmp_path):
    pipeline, X = fitted(*models()["boosting, text"])
    first = bundle.save(pipeline, tmp_path / "a.groundup", X, contract=contract_of())
    again, _ = fitted(*models()["boosting, text"])
    second = bundle.save(again, tmp_path / "b.groundup", X, contract=contract_of())
    other, _ = fitted(HistGradientBoostingClassifier(max_iter=9, random_state=0), "leaves")
    assert first.digest == second.digest != bundle.save(other, tmp_path / "c.groundup", X).digest


def test_another_process_says_the_same(tmp_path):
    pipeline, X = fitted(*models()["boosting, number"])
    path = tmp_path / "m.groundup"
    bundle.save(pipeline, path, X)
    code = (
        "import sys, json; from groundup.ship import bundle; import polars as pl;"
        "m = bundle.load(sys.argv[1]); print(m.predict(pl.read_parquet(sys.argv[2])).tobytes().hex())"
    )
    X.write_parquet(tmp_path / "x.parquet")
    done = subprocess.run(
        [sys.executable, "-c", code, path, tmp_path / "x.parquet"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == pipeline.predict(X).tobytes().hex()


def test_loading_needs_no_pickle_and_imports_nothing_by_name(tmp_path, monkeypatch):
    import builtins
    import pickle

    pipeline, X = fitted(*models()["boosting, text"])
    path = tmp_path / "m.groundup"
    bundle.save(pipeline, path, X)

    def refused(*_args, **_kwargs):
        raise AssertionError("code in a model file")

    for name in ("loads", "load", "Unpickler"):
        monkeypatch.setattr(pickle, name, refused)
    monkeypatch.setattr(builtins, "eval", refused)
    monkeypatch.setattr(builtins, "exec", refused)
    bundle.load(path)
    parts = parts_of(path)
    for evil in (
        "os.system",
        "builtins.eval",
        "sklearn.dummy.DummyClassifier",
        "Nodes",
        "__import__",
        "../x",
    ):
        parts["model.json"] = parts["model.json"].replace(
            b'"HistGradientBoostingClassifier"', json.dumps(evil).encode()
        )
        path.write_bytes(forged(parts))
        with pytest.raises(CheckFailed, match="not a learner of groundup"):
            bundle.load(path)
        parts = parts_of(path)
        parts["model.json"] = parts["model.json"].replace(
            json.dumps(evil).encode(), b'"HistGradientBoostingClassifier"'
        )


# ---------------------------------------------------------------------- target


@pytest.mark.parametrize("target", ["leaves", "is_gone", "stage"])
def test_answers_have_the_type_of_the_labels(target, tmp_path):
    pipeline, X = fitted(HistGradientBoostingClassifier(max_iter=5, random_state=0), target)
    model = bundle.save(pipeline, tmp_path / "m.groundup", X)
    labels = customers()[target].to_numpy()
    assert model.predict(X).dtype.kind == labels.dtype.kind
    assert set(model.predict(X).tolist()) <= set(labels.tolist())


def test_codes_become_labels_and_a_threshold_decides(tmp_path):
    frame = customers().with_columns(code=pl.col("leaves").eq("yes").cast(pl.Int64))
    pipeline, X = fitted(HistGradientBoostingClassifier(max_iter=5, random_state=0), "code", frame)
    target = bundle.Target(task="classification", name="leaves", labels=["no", "yes"], threshold=0.2)
    model = bundle.save(pipeline, tmp_path / "m.groundup", X, target=target)
    says_yes = pipeline.predict_proba(X)[:, 1] >= 0.2
    assert model.predict(X).tolist() == np.where(says_yes, "yes", "no").tolist()
    assert [model.predict_row(row) for row in X.to_dicts()] == model.predict(X).tolist()
    assert model.classes.tolist() == ["no", "yes"]


def test_the_positive_class_and_costs_decide(tmp_path):
    pipeline, X = fitted(*models()["boosting, text"])
    p = pipeline.predict_proba(X)
    target = bundle.Target(task="classification", positive="no", threshold=0.7)
    model = bundle.save(pipeline, tmp_path / "m.groundup", X, target=target)
    assert (model.positive, model.classes.tolist()) == ("no", ["no", "yes"])
    assert model.predict(X).tolist() == np.where(p[:, 0] >= 0.7, "no", "yes").tolist()
    target = bundle.Target(task="classification", costs=[[0.0, 1.0], [9.0, 0.0]])
    bundle.save(pipeline, tmp_path / "c.groundup", X, target=target)
    model = bundle.load(tmp_path / "c.groundup")
    assert model.predict(X).tolist() == np.where(p[:, 1] * 9 > p[:, 0], "yes", "no").tolist()
    assert [model.predict_row(row) for row in X.to_dicts()] == model.predict(X).tolist()


@pytest.mark.parametrize(
    ("transform", "do", "undo"), [("log1p", np.log1p, np.expm1), ("log", np.log, np.exp)]
)
def test_a_transformed_target_is_given_back(transform, do, undo, tmp_path):
    frame = customers().with_columns(pl.Series("value", do(customers()["value"].to_numpy())))
    pipeline, X = fitted(HistGradientBoostingRegressor(max_iter=5, random_state=0), "value", frame)
    target = bundle.Target(task="regression", transform=transform)
    model = bundle.save(pipeline, tmp_path / "m.groundup", X, target=target)
    np.testing.assert_allclose(model.predict(X), undo(pipeline.predict(X)), rtol=1e-14)
    assert [model.predict_row(row) for row in X.to_dicts()] == model.predict(X).tolist()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (bundle.Target(task="regression", threshold=0.5), "threshold needs"),
        (bundle.Target(task="classification", transform="log"), "only a number"),
        (bundle.Target(task="classification", labels=["a", "b"]), "codes 0, 1"),
        (bundle.Target(task="classification", positive="maybe"), "none of two"),
        (bundle.Target(task="regression", costs=[[0.0]]), "costs need"),
        (bundle.Target(task="classification", costs=[[0.0, 1.0]]), "each pair of classes"),
        (bundle.Target(task="classification", costs=[[0.0, 1.0], [1.0, 0.0]], threshold=0.5), "not both"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(target, told, tmp_path):
    pipeline, X = fitted(*models()["ridge" if target.task == "regression" else "boosting, text"])
    with pytest.raises(UsageError, match=told):
        bundle.save(pipeline, tmp_path / "m.groundup", X, target=target)


# ---------------------------------------------------------------------- learners of others


def test_a_learner_of_the_caller_is_passed_along(tmp_path):
    pipeline, X = fitted(Centroids(), "leaves")
    path = tmp_path / "m.groundup"
    with pytest.raises(UsageError, match="a Centroids: it is not registered"):
        bundle.save(pipeline, path, X)
    assert not path.exists()
    bundle.save(pipeline, path, X, learners=[Centroids])
    assert bundle.load(path, learners=[Centroids]).predict(X).tolist() == pipeline.predict(X).tolist()
    with pytest.raises(CheckFailed, match=r"'Centroids', which is not a learner[\s\S]*groundup.learners"):
        bundle.load(path)


def test_a_registered_learner_is_saved_like_ours(tmp_path, monkeypatch):
    point = importlib.metadata.EntryPoint("nearest-mean", "bundled:Centroids", "groundup.learners")
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [point] if group == "groundup.learners" else []
    )
    pipeline, X = fitted(Centroids(), "leaves")
    path = tmp_path / "m.groundup"
    bundle.save(pipeline, path, X)
    assert b'"nearest-mean"' in parts_of(path)["model.json"]
    assert bundle.load(path).predict(X).tolist() == pipeline.predict(X).tolist()


def test_a_foreign_estimator_is_refused_by_name(tmp_path):
    pipeline, X = fitted(Ridge(), "value")
    pipeline.steps[-1] = ("learn", Foreign().fit(pipeline[0].transform(X), customers()["value"]))
    with pytest.raises(UsageError, match="cannot hold pipeline/learn: LinearRegression"):
        bundle.save(pipeline, tmp_path / "m.groundup", X)
    with pytest.raises(UsageError, match="does not declare its state"):
        bundle.load(tmp_path / "m.groundup", learners=[Foreign])


def test_a_learner_alone_works_on_arrays(tmp_path):
    rng = np.random.default_rng(0)
    for dtype in (np.float64, np.float32):
        X = rng.normal(size=(60, 3)).astype(dtype)
        learner = Ridge().fit(X, X @ [1.0, 2.0, 3.0])
        path = tmp_path / "m.groundup"
        bundle.save(learner, path, X)
        assert bundle.load(path).predict(X).tobytes() == learner.predict(X).tobytes()


def test_a_pipeline_may_be_fitted_on_arrays(tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[::7, 1] = np.nan
    pipeline = make_pipeline(TablePreparer("linear"), Ridge()).fit(X, X[:, 0])
    model = bundle.save(pipeline, tmp_path / "m.groundup", X)
    assert model.predict(X).tobytes() == pipeline.predict(X).tobytes()
    assert model.predict_row({"x0": X[7, 0], "x1": None, "x2": X[7, 2]}) == pipeline.predict(X)[7]


# ---------------------------------------------------------------------- what is refused


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "m.groundup"
    bundle.save(fitted(*models()["boosting, text"])[0], path, customers(), contract=contract_of())
    return path


def test_files_that_are_no_bundles(tmp_path):
    with pytest.raises(UsageError, match="no such bundle"):
        bundle.load(tmp_path / "none.groundup")
    with pytest.raises(UsageError, match="not a file"):
        bundle.load(tmp_path)
    pipeline, X = fitted(*models()["ridge"])
    with pytest.raises(UsageError, match="no such folder"):
        bundle.save(pipeline, tmp_path / "none" / "m.groundup", X)
    for content in (b"", b"PK", b"a,b\n1,2\n", b"\x80\x04K\x01."):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(CheckFailed, match=r"not a bundle.*\(file .*x\)"):
            bundle.load(tmp_path / "x")
    with zipfile.ZipFile(tmp_path / "z", "w") as made:
        made.writestr("../../etc/passwd", "x")
    with pytest.raises(CheckFailed, match="unknown"):
        bundle.load(tmp_path / "z")


def test_a_newer_format_is_refused_with_a_hint(saved):
    parts = parts_of(saved)
    stated = json.loads(parts["manifest.json"])
    parts["manifest.json"] = json.dumps({**stated, "format": 4, "unheard": True}, indent=1).encode()
    saved.write_bytes(forged(parts))
    with pytest.raises(CheckFailed, match=r"format 4; this groundup reads format 3[\s\S]*Upgrade groundup"):
        bundle.load(saved)


def test_parts_of_two_models_do_not_mix(saved, tmp_path):
    from groundup.ship.bundle.container import pack

    other, _ = fitted(HistGradientBoostingClassifier(max_iter=3, random_state=0), "leaves")
    bundle.save(other, tmp_path / "o", customers(), contract=contract_of(customers(200)))
    mine, theirs = parts_of(saved), parts_of(tmp_path / "o")
    for name in ("contract.json", "arrays.safetensors", "replay.json"):
        parts = {**mine, name: theirs[name]}
        stated = json.loads(parts["manifest.json"])
        stated["parts"][name] = json.loads(theirs["manifest.json"])["parts"][name]
        parts["manifest.json"] = json.dumps(stated, indent=1).encode()
        saved.write_bytes(pack(parts))
        with pytest.raises(CheckFailed, match=f"{name} does not belong to its model"):
            bundle.load(saved)
    for name in mine:
        if name != "manifest.json":
            saved.write_bytes(
                pack({**mine, name: theirs[name]} if mine[name] != theirs[name] else {**mine, name: b"{}"})
            )
            with pytest.raises(CheckFailed, match=f"part {name} is damaged: its digest"):
                bundle.load(saved)


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("replay.json", lambda v: v["answers"]["predict"].reverse(), "does not reproduce its predictions"),
        ("replay.json", lambda v: v["columns"].pop(), "fails on its own rows|no column"),
        ("replay.json", lambda v: v["columns"][0]["values"].pop(), "rows cannot be read"),
        ("replay.json", lambda v: v["columns"][0].update(dtype="Object"), "no type 'Object'"),
        ("replay.json", lambda v: v["columns"][0]["values"].__setitem__(0, "x"), "rows cannot be read"),
        ("replay.json", lambda v: v.update(answers={}), "but its model returns"),
        ("model.json", lambda v: v["pipeline"]["steps"].pop(), "nothing uses"),
        ("model.json", lambda v: v["pipeline"].update(steps=[]), "no steps"),
        ("model.json", lambda v: v["pipeline"]["steps"][1][1].pop("state"), "lacks its type"),
        ("model.json", lambda v: v["pipeline"]["steps"][1][1]["state"].popitem(), "missing|nothing uses"),
        (
            "model.json",
            lambda v: v["pipeline"]["steps"][1][1]["params"].update(evil=1),
            "no parameter 'evil'",
        ),
        (
            "model.json",
            lambda v: v["pipeline"]["steps"][0][1]["params"].update(preprocessing="x"),
            "preprocessing",
        ),
        ("model.json", lambda v: v.update(pipeline={"$": "call", "at": "os.system"}), "unknown form 'call'"),
        ("model.json", lambda v: v.update(more=1), "damaged at more"),
        ("model.json", lambda v: v["target"].update(task="magic"), "damaged at target.task"),
        ("about.json", lambda v: v.update(seed="x"), "damaged at seed"),
        ("contract.json", lambda v: v.update(columns=[]), "contract.json is damaged"),
    ],
)
def test_forged_documents_are_refused_by_name(saved, name, change, told):
    parts = parts_of(saved)
    value = json.loads(parts[name])
    change(value)
    parts[name] = json.dumps(value, ensure_ascii=False).encode()
    saved.write_bytes(forged(parts))
    with pytest.raises(CheckFailed, match=told):
        bundle.load(saved)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'{"a": 1, "a": 2}', "a key occurs twice"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b"[" * 100_000, "nested|Expecting|recursion"),
        (b'{"metrics": ' + b'{"a": ' * 100 + b"1" + b"}" * 101, "nested"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "digits"),
        (b"\xff\xfe", "utf-8"),
    ],
)
def test_hostile_json_is_refused(saved, text, told):
    parts = parts_of(saved)
    parts["about.json"] = text
    saved.write_bytes(forged(parts))
    with pytest.raises(CheckFailed, match=f"about.json is damaged.*({told})"):
        bundle.load(saved)


def test_elsewhere_numbers_may_differ_a_little_and_labels_not(tmp_path, monkeypatch):
    pipeline, X = fitted(*models()["boosting, number"])
    path = tmp_path / "m.groundup"
    bundle.save(pipeline, path, X)
    here = files.fingerprint()
    elsewhere = here.model_copy(update={"versions": {**here.versions, "numpy": "2.9.9"}})
    for change, told in ((1e-11, None), (1e-7, "does not reproduce its predictions")):
        parts = parts_of(path)
        value = json.loads(parts["replay.json"])
        value["answers"]["predict"] = [v * (1 + change) for v in value["answers"]["predict"]]
        parts["replay.json"] = json.dumps(value).encode()
        (tmp_path / "f").write_bytes(forged(parts))
        with monkeypatch.context() as patched:
            patched.setattr(files, "fingerprint", lambda: elsewhere)
            if told is None:
                found = bundle.verify(tmp_path / "f")
                assert not found.exact
                assert found.differences == [f"numpy {here.versions['numpy']}, here 2.9.9"]
            else:
                with pytest.raises(CheckFailed, match=told):
                    bundle.load(tmp_path / "f")
        with pytest.raises(CheckFailed, match="does not reproduce its predictions"):
            bundle.load(tmp_path / "f")


def test_features_are_replayed_but_nothing_else_is_kept(saved):
    stored = json.loads(parts_of(saved)["replay.json"])["columns"]
    assert [c["name"] for c in stored] == FEATURES
