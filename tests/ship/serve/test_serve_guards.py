"""The guards: sizes, times, names and tokens, at the level of ASGI and over the wire."""

import asyncio
import base64
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import Client, serving

from groundup.errors import UsageError
from groundup.ship.serve.guards import Guards
from groundup.ship.serve.settings import Settings

TOKEN = "0123456789abcdef-secret"


class Echo:
    """An application that counts its calls and answers with the body's length."""

    def __init__(self):
        self.n_calls = 0

    async def __call__(self, scope, receive, send):
        self.n_calls += 1
        body = (await receive()).get("body", b"")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(len(body)).encode()})


def run(coroutine):
    """Run to the end in a thread of its own: the browser of other tests keeps a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def ask(parts, headers=(), *, pause=0.0, method="POST", path="/predict", app=None, **settings):
    """Send a body in parts to guards around an Echo; return (status, body, Echo)."""
    echo = app or Echo()
    guards = Guards(echo, Settings(**settings), "m", "v")
    sent, left = [], list(parts)

    async def receive():
        await asyncio.sleep(pause)
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(b"host", b"localhost"), *headers],
    }
    run(guards(scope, receive, send))
    if not sent:
        return None, b"", echo
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]), echo


CHUNKED = (b"transfer-encoding", b"chunked")
JSON = (b"content-type", b"application/json")


def test_a_stated_length_over_the_limit_is_refused_unread():
    status, body, echo = ask([b"x" * 11], [(b"content-length", b"11")], max_body_bytes=10)
    assert (status, json.loads(body)["type"], echo.n_calls) == (413, "/docs#too-large", 0)
    assert ask([b"x" * 10], [(b"content-length", b"10")], max_body_bytes=10)[:2] == (200, b"10")
    assert ask([b""], [(b"content-length", b"9" * 4000)])[0] == 413
    assert ask([b""], [(b"content-length", b"-1")])[0] == 400


def test_a_stream_is_cut_at_the_limit():
    status, _, echo = ask([b"x" * 4] * 1000, [CHUNKED], max_body_bytes=10)
    assert (status, echo.n_calls) == (413, 0)
    assert ask([b"x" * 4, b"y" * 4], [CHUNKED], max_body_bytes=10)[:2] == (200, b"8")


def test_a_length_that_lies_is_cut_too():
    assert ask([b"x" * 50], [(b"content-length", b"5")], max_body_bytes=10)[0] == 413


def test_a_body_that_does_not_come():
    status, body, echo = ask([b"x"] * 100, [CHUNKED], pause=0.02, body_timeout_s=0.1)
    assert (status, echo.n_calls) == (408, 0)
    assert "0.1 s" in json.loads(body)["detail"]


def test_a_caller_who_leaves_is_not_answered():
    assert ask([], [CHUNKED])[0] is None


def test_depth_and_rows_are_refused_before_parsing():
    deep = b"[" * 5 + b"]" * 5
    assert ask([deep], [CHUNKED, JSON], max_depth=4)[0] == 400
    assert ask([deep], [CHUNKED, JSON], max_depth=5)[0] == 200
    assert ask([b"[{},{},{},{},{}]"], [CHUNKED, JSON], max_rows=3)[0] == 413
    assert ask([b'{"rows":[{},{},{}]}'], [CHUNKED, JSON], max_rows=3)[0] == 200


def test_more_bodies_than_places_are_told_to_come_again():
    guards = Guards(Echo(), Settings(max_in_flight=2), "m", "v")
    told = []

    async def one():
        gone = asyncio.Event()

        async def receive():
            await asyncio.sleep(0.05)
            gone.set()
            return {"type": "http.request", "body": b"1", "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                told.append((message["status"], dict(message["headers"]).get(b"retry-after")))

        headers = [(b"host", b"localhost"), (b"content-length", b"1")]
        await guards({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive, send)

    async def three():
        await asyncio.gather(one(), one(), one())

    run(three())
    assert sorted(told, key=str) == sorted([(200, None), (200, None), (503, b"1")], key=str)
    assert guards.n_bodies == 0


def test_an_error_of_the_application_is_a_problem_and_logged(caplog):
    async def broken(scope, receive, send):
        raise ZeroDivisionError

    status, body, _ = ask([b"x"], [CHUNKED], app=broken)
    assert (status, json.loads(body)["type"]) == (500, "/docs#internal")
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:1", 200),
        ("127.9.9.9", 200),
        ("[::1]:8000", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:8000", 403),
        ("10.0.0.1", 403),
        ("0.0.0.0", 403),
        ("", 403),
    ],
)
def test_only_names_of_this_machine(client, host, status):
    assert client.get("/healthz", Host=host).status == status


def test_pages_of_other_sites_may_not_ask(client, row):
    own = f"http://127.0.0.1:{client.port}"
    assert client.predict(row, Origin=own).status == 200
    for other in ("http://evil.example", "null", "http://127.0.0.1:1", f"{own}.evil.example"):
        assert client.predict(row, Origin=other).status == 403, other


def test_a_token_is_asked_of_all_but_the_probes(model, row):
    with serving(model, token=TOKEN) as client:
        assert client.get("/healthz").status == 200
        for path in ("/", "/docs", "/docs.css", "/model", "/schema", "/openapi.json", "/nothing"):
            assert client.get(path).status == 401, path
        refused = client.predict(row)
        assert refused.status == 401
        assert refused.json["type"] == "/docs#unauthorized"
        assert refused.headers["www-authenticate"].startswith("Bearer")
        basic = base64.b64encode(f"me:{TOKEN}".encode()).decode()
        for good in (f"Bearer {TOKEN}", f"bearer  {TOKEN}", f"Basic {basic}"):
            assert client.predict(row, Authorization=good).status == 200, good
        short = base64.b64encode(b"me").decode()
        for bad in (f"Bearer {TOKEN}x", "Bearer", "", TOKEN, "Basic ???", f"Basic {short}", "Bearer \xff"):
            assert client.predict(row, Authorization=bad).status == 401, bad


def test_with_a_token_any_name_will_do(model):
    settings = Settings(host="0.0.0.0", token=TOKEN)
    guards = Guards(Echo(), settings, "m", "v")
    assert not settings.is_loopback
    guards._check(
        {"method": "GET", "path": "/x"},
        {b"host": b"models.example", b"authorization": b"Bearer " + TOKEN.encode()},
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "0.0.0.0"},
        {"host": "::"},
        {"host": "192.168.1.5"},
        {"host": "example.org"},
        {"token": "short"},
        {"token": "geheim-größe-0123456789"},
        {"port": -1},
        {"port": 65536},
        {"max_rows": 0},
    ],
)
def test_settings_that_are_refused(settings):
    with pytest.raises(UsageError) as caught:
        Settings(**settings)
    assert caught.value.hint or "above 0" in str(caught.value)


def test_oversize_is_refused_fast_over_the_wire(model, row):
    with serving(model, max_body_bytes=100_000) as client:
        with socket.create_connection(("127.0.0.1", client.port), timeout=10) as wire:
            began = time.perf_counter()
            wire.sendall(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: 1000000000\r\n\r\n["
            )
            assert wire.recv(64).startswith(b"HTTP/1.1 413")
            assert time.perf_counter() - began < 0.1
        with socket.create_connection(("127.0.0.1", client.port), timeout=10) as wire:
            wire.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(3):
                wire.sendall(b"c350\r\n" + b"x" * 50_000 + b"\r\n")
            assert wire.recv(64).startswith(b"HTTP/1.1 413")
        assert client.predict(row).status == 200
        assert Client(client.port).raw(b"[" * 50_000).json["type"] == "/docs#too-deep"


@pytest.mark.parametrize(
    "wire",
    [
        b"GARBAGE\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1",
    ],
)
def test_what_is_no_http_does_no_harm(client, wire):
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
        connection.sendall(wire)
        connection.shutdown(socket.SHUT_WR)
        said = connection.recv(4096)
    assert not said or said.split()[1].startswith(b"4")
    assert client.get("/healthz").status == 200


def test_a_panic_of_polars_is_an_answer_like_any_other_failure():
    """A panic is no Exception: it must end neither the request without an answer nor the server."""
    import polars as pl
    from starlette.testclient import TestClient

    async def panics(scope, receive, send):
        pl.Series([2 * 10**9], dtype=pl.Int32).cast(pl.Date).to_list()

    guarded = Guards(panics, settings=Settings(), name="m", version="1")
    answer = TestClient(guarded, base_url="http://127.0.0.1").get("/")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/docs#internal"
