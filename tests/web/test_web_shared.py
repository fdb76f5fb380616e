"""What pages share: made at the start, at a bounded cost."""

import numpy as np
import polars as pl
import pytest
from served import application, saved
from sklearn.neighbors import KNeighborsClassifier
from starlette.testclient import TestClient

from groundup.models import HistGradientBoostingClassifier
from groundup.web import shared


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A model of 40 columns, of which the last matters."""
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({f"x{j}": rng.normal(size=300) for j in range(40)})
    frame = frame.with_columns(y=pl.when(pl.col("x39") > 0).then(pl.lit("yes")).otherwise(pl.lit("no")))
    learner = HistGradientBoostingClassifier(max_iter=5)
    return saved(frame, "y", tmp_path_factory.mktemp("wide") / "wide.groundup", learner=learner)


def test_the_strongest_column_stands_first(wide):
    from groundup.ship.serve import Predictor

    assert shared.SharedState(Predictor(wide), None).strongest_columns[0] == "x39"


def test_nothing_is_made_for_whoever_looks_first(wide, monkeypatch):
    app = application(wide)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        while client.get("/readyz").status_code != 200:
            pass
        monkeypatch.setattr(shared, "make_card", None)
        monkeypatch.setattr(type(wide), "explainer", None)
        assert "Most important fields" in client.get("/form.json").json()["groups"][0]["title"]


def test_a_learner_that_can_only_be_tried_is_tried_on_few_rows(wide, monkeypatch):
    from groundup.judge.explain import Explainer
    from groundup.ship.serve import Predictor

    frame = wide.stored_rows
    X = wide.pipeline.steps[0][1].transform(frame)
    tried = KNeighborsClassifier(3).fit(X, wide.predict(frame))
    pipeline = type(wide.pipeline)([wide.pipeline.steps[0], ("learn", tried)])
    explainer = Explainer(pipeline, frame, target=wide.target, contract=wide.contract)
    assert explainer.n_tried == 2 * min(48, frame.height) * 41
    asked = []

    def counted(rows):
        asked.append(rows.height)
        raise RuntimeError("a stranger's learner may raise anything")

    monkeypatch.setattr(explainer, "contributions", counted)
    monkeypatch.setattr(wide, "explainer", explainer)
    assert shared.SharedState(Predictor(wide), None).strongest_columns == []
    assert asked == [shared.MAX_PREDICTIONS // explainer.n_tried]
