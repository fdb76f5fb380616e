"""Two models, saved once: of two classes, and of a number."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def bundle_file(tmp_path_factory):
    """Where the classifier of the customers is saved."""
    return tmp_path_factory.mktemp("web") / "customers.groundup"


@pytest.fixture(scope="session")
def model(bundle_file):
    """The classifier of the customers."""
    from served import customers, saved

    metrics = {"test": {"roc_auc": 0.8512, "accuracy": 0.81}}
    return saved(customers().drop("value"), "leaves", bundle_file, metrics=metrics)


@pytest.fixture(scope="session")
def value_model(tmp_path_factory):
    """The regression of the customers' value."""
    from served import customers, saved

    path = tmp_path_factory.mktemp("web") / "value.groundup"
    return saved(
        customers().drop("leaves"), "value", path, metrics={"test": {"mae": 31.25}}, units={"value": "EUR"}
    )


@pytest.fixture(scope="session")
def client(model, bundle_file):
    """A client of the classifier's application, as a browser without JavaScript is one."""
    from served import application
    from starlette.testclient import TestClient

    with TestClient(application(model, bundle_file), base_url="http://127.0.0.1") as client:
        deadline = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:  # POST /predict is refused until the model is warm
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield client


@pytest.fixture(scope="session")
def filled(model):
    """The form as a browser sends it, filled in with the contract's example."""
    from groundup.web import fields

    return fields.write_form(model.contract, model.contract.example)


@pytest.fixture(scope="session")
def keys(model):
    """Column -> key of its field."""
    return {name: f"c{i}" for i, name in enumerate(model.contract.features)}
