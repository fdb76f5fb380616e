"""Models for the tests of the pages, and a server of them."""

import threading
import time
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from sklearn.pipeline import Pipeline

from groundup.models import LinearRegression, LogisticRegression
from groundup.ship import bundle
from groundup.ship.serve import Settings, create_app
from groundup.ship.serve.running import listen, server_of
from groundup.tables import Contract, TablePreparer
from groundup.tables.prepare import preprocessing_of
from groundup.tables.sources.frames import as_frame
from groundup.web import router


def customers(n=300, seed=0):
    """A table with every kind of column that a form asks for, and two targets."""
    rng = np.random.default_rng(seed)
    months = rng.integers(1, 72, n)
    plan = rng.choice(["basic", "plus", "Größe XL"], n)
    leaves = (plan == "basic") ^ (rng.random(n) < 0.2)
    start = datetime(2020, 1, 1)  # noqa: DTZ001 (naive moments mean UTC here)
    return pl.DataFrame(
        {
            "months": months,
            "spent": [None if rng.random() < 0.1 else round(float(v), 2) for v in rng.gamma(2, 500, n)],
            "balance": np.round(rng.normal(0, 100, n), 1),
            "plan": plan,
            "town": [None if rng.random() < 0.05 else f"town {int(v)}" for v in rng.zipf(1.6, n) % 60],
            "online": rng.random(n) < 0.5,
            "since": [start + timedelta(days=int(d)) for d in rng.integers(0, 900, n)],
            "seen": [start + timedelta(seconds=int(s)) for s in rng.integers(0, 10**8, n)],
            "leaves": np.where(leaves, "yes", "no"),
            "value": months * 12.5 + leaves * 100,
        }
    )


def saved(frame, target, path, *, learner=None, metrics=None, units=None, name="customers"):
    """Fit a plain model of `target`, and return it as it was read back from `path`."""
    contract = Contract.infer(frame, target=target, units=units)
    if learner is None:
        learner = LinearRegression() if contract.task == "regression" else LogisticRegression(max_iter=200)
    pipeline = Pipeline([("prepare", TablePreparer(preprocessing_of(learner))), ("learn", learner)])
    X = as_frame(frame)[contract.features]
    pipeline.fit(X, contract.target_values(frame))
    return bundle.save(pipeline, path, X, contract=contract, name=name, metrics=metrics)


def application(model, path=None, **settings):
    """Return the application that serves a model with its pages."""
    return create_app(model, settings=Settings(**settings), extra_routers=[router(path)])


@contextmanager
def serving(model, path=None, **settings):
    """Serve a model and its pages on a free port; yields the address."""
    told = Settings(port=0, **settings)
    with listen(told) as listening:
        server = server_of(model, told, [router(path)])
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            _wait(f"{address}/readyz")
            yield address
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def _wait(address):
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                if answer.status == 200:
                    return
        except OSError:
            assert time.monotonic() < deadline, "the server was not ready in 60 s"
        time.sleep(0.02)
