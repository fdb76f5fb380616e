"""Starting, stopping and load: ports, signals, notebooks, threads that ask while a fit runs."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from serving import Client, serving
from typer.testing import CliRunner

from groundup.cli import application
from groundup.errors import GroundupError
from groundup.ship import bundle
from groundup.ship.serve import Settings
from groundup.ship.serve.running import listen, run, server_of, url


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    """The bundle's file."""
    from bundled import contract_of, fitted, models

    pipeline, X = fitted(models()["boosting, text"][0], "leaves")
    path = tmp_path_factory.mktemp("run") / "customers.groundup"
    bundle.save(pipeline, path, X, contract=contract_of(), name="customers")
    return path


@pytest.fixture
def started(saved):
    """A `groundup serve` in a process of its own; yields (process, port)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "groundup", "serve", str(saved), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    first = process.stdout.readline()
    assert "http://127.0.0.1:" in first, (first, process.stderr.read() if process.poll() is not None else "")
    yield process, int(first.rsplit(":", 1)[1])
    if process.poll() is None:
        process.kill()
    process.communicate()


def wait_ready(port):
    client = Client(port)
    deadline = time.monotonic() + 60
    while client.get("/readyz").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return client


def test_the_command_serves_and_stops_at_sigint(started, row):
    process, port = started
    client = wait_ready(port)
    assert client.predict(row).json["model"]["name"] == "customers"
    process.send_signal(signal.SIGINT)
    assert "/docs" in process.stdout.readline()
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert err.strip().splitlines()[-1] == "Stopped."  # kernels may have been compiled before


def test_sigterm_lets_answers_end(started, row):
    """Rows that are asked for when the signal comes are answered, and then nobody listens."""
    process, port = started
    wait_ready(port)
    replies, asked = [], threading.Event()

    def ask():
        client = Client(port)
        client.get("/healthz")
        asked.set()
        replies.append(client.predict([row] * 5000))

    thread = threading.Thread(target=ask)
    thread.start()
    asked.wait(10)
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    thread.join(20)
    process.communicate(timeout=20)
    assert replies[0].status == 200
    assert len(replies[0].json["answers"]) == 5000
    assert process.returncode in (0, -signal.SIGTERM)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_a_taken_port_is_one_clear_error(saved):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(GroundupError, match=f"Port {port} is in use") as caught:
            listen(Settings(port=port))
        assert "--port 0" in caught.value.hint
        said = CliRunner().invoke(application(), ["serve", str(saved), "--port", str(port)])
    assert said.exit_code == 1
    assert said.stderr.startswith(f"error: Port {port} is in use")


@pytest.mark.parametrize("host", ["no.such.name.invalid", "a..b"])
def test_an_address_that_is_not_there(host):
    with pytest.raises(GroundupError):
        listen(Settings(host=host, token="x" * 16))


def test_usage_errors_of_the_command(saved, tmp_path):
    for words, told in (
        (["serve", str(saved), "--host", "0.0.0.0"], "Without a token"),
        (["serve", str(saved), "--token", "short"], "16 characters"),
        (["serve", str(saved), "--port", "70000"], "no port 70000"),
    ):
        said = CliRunner().invoke(application(), words)
        assert said.exit_code == 2
        assert told in said.stderr
    assert CliRunner().invoke(application(), ["serve", str(tmp_path / "none.groundup")]).exit_code == 2


def test_the_url_can_be_opened(model):
    for host in ("127.0.0.1", "localhost", "::1"):
        settings = Settings(host=host, port=0)
        with listen(settings) as listening:
            port = listening.getsockname()[1]
            assert url(settings, listening) == f"http://{'[::1]' if host == '::1' else host}:{port}"
    with listen(Settings(host="0.0.0.0", port=0, token="x" * 16)) as listening:
        assert url(Settings(host="0.0.0.0", token="x" * 16), listening).startswith("http://127.0.0.1:")


def test_serves_where_an_event_loop_runs_already(model):
    """As in a notebook."""
    settings = Settings(port=0)

    async def cell(server, listening):
        run(server, listening)

    with listen(settings) as listening:
        server, port = server_of(model, settings), listening.getsockname()[1]
        thread = threading.Thread(target=lambda: asyncio.run(cell(server, listening)))
        thread.start()
        wait_ready(port)
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def test_eight_threads_ask_while_a_fit_runs(model, row):
    """1,600 predictions, among them some of many rows, beside fits in the same process: no error, the same bits."""
    from groundup.models import HistGradientBoostingClassifier

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 10)), rng.integers(0, 2, 20_000)
    stop, wrong, n_fits = threading.Event(), [], [0]

    def fit():
        while not stop.is_set():
            HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(X, y)
            n_fits[0] += 1

    def ask(port, expected):
        client = Client(port)
        for i in range(200):
            rows = row if i % 20 else [row] * 100
            reply = client.predict(rows)
            if reply.status != 200 or any(a["probabilities"] != expected for a in reply.json["answers"]):
                wrong.append(reply.body[:200])
        client.close()

    with serving(model) as client:
        expected = client.predict(row).json["answers"][0]["probabilities"]
        fitting = threading.Thread(target=fit)
        fitting.start()
        asking = [threading.Thread(target=ask, args=(client.port, expected)) for _ in range(8)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(120)
        stop.set()
        fitting.join(60)
    assert wrong == []
    assert n_fits[0] >= 1


def test_a_fresh_interpreter_without_the_server_loads_no_fastapi():
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, groundup.cli; groundup.cli.application(); print('fastapi' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "False"


def test_a_token_from_the_environment(saved, monkeypatch):
    monkeypatch.setenv("GROUNDUP_TOKEN", "short")
    said = CliRunner().invoke(application(), ["serve", str(saved)])
    assert "16 characters" in said.stderr


def test_requests_go_over_ordinary_clients_too(client, row):
    request = urllib.request.Request(
        f"http://127.0.0.1:{client.port}/predict", b"{}", {"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 422


def test_a_project_serves_from_python(saved, row):
    """As in a script: the address is told, the form stands beside the API, Ctrl-C ends it."""
    code = f"from groundup.workbench.use.serve import serve; serve({str(saved)!r}, port=0)"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    told = process.stderr.readline()
    assert told.startswith("Serving customers at http://127.0.0.1:")
    client = wait_ready(int(told.split("127.0.0.1:")[1].split(",")[0]))
    assert client.predict(row).status == 200
    assert b"<form" in client.get("/").body
    assert b'<a href="/">Form</a>' in client.get("/docs").body
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
