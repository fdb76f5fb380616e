"""One model of every kind of column, saved once and served once for the tests of the API."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A classifier of the customers, with its contract."""
    from bundled import contract_of, fitted, models

    from groundup.ship import bundle

    pipeline, X = fitted(models()["boosting, text"][0], "leaves")
    path = tmp_path_factory.mktemp("served") / "customers.groundup"
    return bundle.save(
        pipeline,
        path,
        X,
        contract=contract_of(),
        name="Größe & customers",
        metrics={"test": {"roc_auc": 0.91}},
    )


@pytest.fixture(scope="session")
def client(model):
    """A client of a running server of `model`."""
    from serving import serving

    with serving(model) as client:
        yield client


@pytest.fixture
def row(model):
    """A row that the model was taught on."""
    return dict(model.contract.example)
