"""How fast a served model answers: one row over HTTP on loopback, many rows, and eight threads while a fit runs.

    python benchmarks/serving.py [--rows 2000] [--bundle FILE] [--quick]

Goals: one row, warm, p50 <= 2 ms and p99 <= 8 ms; 8 threads x 1,000 predictions while a fit runs: no error. The server
runs in a process of its own, as `groundup serve` does; the fit runs beside it in another, then in the server's own.
The clients (of Python, over http.client) take their share of the two cores too.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

GOAL_P50_MS, GOAL_P99_MS = 2.0, 8.0


def made(folder: Path) -> Path:
    """Fit boosting of 100 trees to a table like telco's: 20 columns, 16 of them categories; save it."""
    import polars as pl
    from sklearn.pipeline import Pipeline

    from groundup.models import HistGradientBoostingClassifier
    from groundup.ship import bundle
    from groundup.tables import Contract, TablePreparer
    from groundup.tables.prepare import preprocessing_of

    rng, n = np.random.default_rng(0), 7000
    columns = {f"c{j}": rng.choice([f"level {k}" for k in range(2 + j % 4)], n) for j in range(16)}
    columns |= {f"x{j}": rng.normal(size=n) for j in range(4)}
    score = columns["x0"] + (columns["c1"] == "level 1") + rng.normal(size=n)
    frame = pl.DataFrame({**columns, "y": np.where(score > 0.5, "yes", "no")})
    contract = Contract.infer(frame, "y")
    learner = HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=0)
    X = frame.select(list(contract.features))
    pipeline = Pipeline([("prepare", TablePreparer(preprocessing_of(learner))), ("learn", learner)])
    pipeline.fit(contract.conform(X).frame, contract.target_values(frame))
    path = folder / "model.groundup"
    bundle.save(pipeline, path, X, contract=contract, name="bench")
    return path


def served(path: str, port, fitting) -> None:
    """Serve a bundle; while `fitting` is set, fit in this very process."""
    from groundup.ship import bundle
    from groundup.ship.serve import Settings
    from groundup.ship.serve.running import listen, run, server_of

    threading.Thread(target=fits, args=(fitting,), daemon=True).start()
    settings = Settings(port=0)
    with listen(settings) as listening:
        port.value = listening.getsockname()[1]
        run(server_of(bundle.load(path), settings), listening)


def fits(fitting) -> None:
    """Fit boosting over and over while the event is set."""
    from groundup.models import HistGradientBoostingClassifier

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50_000, 20)), rng.integers(0, 2, 50_000)
    while True:
        fitting.wait()
        HistGradientBoostingClassifier(max_iter=20, early_stopping=False, random_state=0).fit(X, y)


def ask(connection, body: bytes) -> tuple[float, bool]:
    """Ask once; return the seconds, and whether the answer is a prediction."""
    began = time.perf_counter()
    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    data = reply.read()
    took = time.perf_counter() - began
    return took, reply.status == 200 and b'"refused"' not in data


def connect(port: int):
    """Return a connection that is kept alive."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    return connection


def ready(port) -> tuple[dict, http.client.HTTPConnection]:
    """Wait for /readyz; return the example row and a connection."""
    while not port.value:
        time.sleep(0.02)
    while True:
        try:
            connection = connect(port.value)
            connection.request("GET", "/readyz")
            reply = connection.getresponse()
            reply.read()
            if reply.status == 200:
                break
        except OSError:
            pass
        time.sleep(0.05)
    connection.request("GET", "/schema")
    return json.loads(connection.getresponse().read())["examples"][0], connection


def told(name: str, seconds: list[float], n_wrong: int = 0, more: str = "") -> np.ndarray:
    """Print one line of latencies; return p50, p90, p99 and the largest in ms."""
    ms = 1000 * np.quantile(seconds, [0.5, 0.9, 0.99, 1.0])
    shown = "  ".join(
        f"{label} {value:7.2f}" for label, value in zip(("p50", "p90", "p99", "max"), ms, strict=True)
    )
    print(f"{name:<44} {shown} ms  errors {n_wrong}{more}", flush=True)
    return ms


def threads(port: int, body: bytes, n_each: int) -> tuple[list[float], int, float]:
    """Ask from eight threads; return all seconds, errors, and the seconds it took."""
    seconds, wrong = [], [0]

    def one():
        connection = connect(port)
        mine = [ask(connection, body) for _ in range(n_each)]
        seconds.extend(took for took, _ in mine)
        wrong[0] += sum(not fine for _, fine in mine)

    crowd = [threading.Thread(target=one) for _ in range(8)]
    began = time.perf_counter()
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return seconds, wrong[0], time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000, help="requests of one row")
    parser.add_argument("--bundle", help="a bundle in place of the made one")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    options = parser.parse_args()
    n, n_each = (options.rows // 10, 100) if options.quick else (options.rows, 1000)
    start = multiprocessing.get_context("spawn")
    port, inside, beside = start.Value("i", 0), start.Event(), start.Event()
    with tempfile.TemporaryDirectory() as folder:
        path = options.bundle or str(made(Path(folder)))
        server = start.Process(target=served, args=(path, port, inside), daemon=True)
        other = start.Process(target=fits, args=(beside,), daemon=True)
        server.start()
        other.start()
        try:
            failed = measure(port, inside, beside, n, n_each)
        finally:
            server.terminate()
            other.terminate()
    sys.exit(1 if failed else 0)


def measure(port, inside, beside, n: int, n_each: int) -> bool:
    """Print every line; return whether a goal was missed."""
    row, connection = ready(port)
    one = json.dumps(row).encode()
    first, _ = ask(connection, one)
    told("first request after ready", [first])
    for _ in range(100):
        ask(connection, one)
    said = [ask(connection, one) for _ in range(n)]
    p50, _, p99, _ = told(f"one row, warm, {n} requests", [s for s, _ in said], sum(not f for _, f in said))
    missed = p50 > GOAL_P50_MS or p99 > GOAL_P99_MS
    for n_rows in (2, 8, 32, 100, 1000, 10_000):
        body = json.dumps([row] * n_rows).encode()
        said = [ask(connection, body) for _ in range(max(3, min(n // 10, 20_000 // n_rows // 10)))]
        ms = told(f"{n_rows} rows at once", [s for s, _ in said], sum(not f for _, f in said))
        print(f"{'':<44} {1000 * ms[0] / n_rows:7.1f} us a row")
    for name, event in (
        ("8 threads", None),
        ("8 threads, a fit in another process", beside),
        ("8 threads, a fit in the server's process", inside),
    ):
        if event is not None:
            event.set()
            time.sleep(1.0)
        seconds, wrong, took = threads(port.value, one, n_each)
        if event is not None:
            event.clear()
        told(f"{name}, {8 * n_each} requests", seconds, wrong, f"  {8 * n_each / took:.0f}/s")
        missed = missed or wrong > 0
    print("all goals met" if not missed else "A GOAL WAS MISSED")
    return missed


if __name__ == "__main__":
    main()
