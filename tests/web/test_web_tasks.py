"""The pages of every kind of model: two classes, many, truth values, a number, segments; with and without a file."""

import numpy as np
import polars as pl
import pytest
from served import application, saved
from sklearn.pipeline import Pipeline
from starlette.testclient import TestClient

from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor, KMeans
from groundup.ship import bundle
from groundup.tables import Contract, TablePreparer
from groundup.tables.prepare import preprocessing_of


def frame(n=240):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, n))
    return pl.DataFrame(
        {
            "a": a,
            "b": b,
            "kind": rng.choice(["x", "y"], n),
            "truth": a + b > 0,
            "many": [f"class {int(v)}" for v in np.digitize(a, np.linspace(-2, 2, 11))],
            "count": rng.integers(0, 2, n),
            "amount": 10 * a + b,
        }
    )


def made(target, tmp_path):
    table = frame().select("a", "b", "kind", *([target] if target else []))
    path = tmp_path / "model.groundup"
    if target is not None:
        learner = (
            HistGradientBoostingRegressor(max_iter=5)
            if target == "amount"
            else HistGradientBoostingClassifier(max_iter=5)
        )
        return saved(table, target, path, learner=learner), path
    learner = KMeans(n_clusters=3, random_state=0)
    pipeline = Pipeline([("prepare", TablePreparer(preprocessing_of(learner))), ("learn", learner)]).fit(
        table
    )
    return bundle.save(pipeline, path, table, contract=Contract.infer(table), name="segments"), path


@pytest.mark.parametrize("target", ["truth", "many", "count", "amount", None])
@pytest.mark.parametrize("with_file", [True, False])
def test_every_task_has_its_pages(target, with_file, tmp_path):
    model, path = made(target, tmp_path)
    with TestClient(application(model, path if with_file else None), base_url="http://127.0.0.1") as client:
        context = client.get("/case.json").json()
        said = context["said"]
        assert said["status"] == "ok"
        assert said["headline"]
        assert client.get("/").status_code == 200
        assert client.head("/").status_code == 200
        assert len(said["shares"]) == {"truth": 2, "count": 2, "many": 6}.get(target, 0)
        if target == "many":
            assert said["n_other_shares"] == len(model.contract.labels) - 6
        if target is None:
            assert said["headline"].startswith("Segment ")
        else:
            assert said["reasons"]["bars"]
        table = frame().select("a", "b", "kind").head(20)
        told = client.post("/many.json", files={"file": ("t.csv", table.write_csv().encode())}).json()
        assert told["answered"]["n_ok"] == 20
        assert client.post("/many", files={"file": ("t.csv", table.write_csv().encode())}).status_code == 200
