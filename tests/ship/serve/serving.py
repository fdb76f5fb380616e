"""A server in a thread of the test's process, and a client that reads JSON."""

import http.client
import json
import threading
import time
from contextlib import contextmanager

from groundup.ship.serve import Settings
from groundup.ship.serve.running import listen, server_of


class Reply:
    """One answer: status, headers (lower case), body, and the body's JSON."""

    def __init__(self, response):
        self.status, self.body = response.status, response.read()
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Asks one server over one connection, kept alive; opens it again when the server has closed it."""

    def __init__(self, port):
        self.port, self._kept = port, None

    def ask(self, method, path, body=None, headers=None):
        for last in (False, True):
            if self._kept is None:
                self._kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                self._kept.request(method, path, body, headers or {})
                reply = Reply(self._kept.getresponse())
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.close()
                if last:
                    raise
                continue
            if reply.headers.get("connection") == "close":
                self.close()
            return reply
        return None

    def get(self, path, **headers):
        return self.ask("GET", path, headers=headers)

    def predict(self, rows, explain=None, **headers):
        value = rows if explain is None else {"rows": rows, "explain": explain}
        return self.raw(json.dumps(value, allow_nan=False).encode(), **headers)

    def raw(self, body, **headers):
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.ask("POST", "/predict", body, sent)

    def close(self):
        if self._kept is not None:
            self._kept.close()
            self._kept = None


@contextmanager
def serving(model, *, wait=True, extra_routers=(), **settings):
    """Serve `model` on a free port; yields a Client whose `app` is the application."""
    told = Settings(**{"port": 0, **settings})
    with listen(told) as listening:
        server = server_of(model, told, extra_routers)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        client = Client(listening.getsockname()[1])
        client.app, client.server = server.config.app, server
        try:
            deadline = time.monotonic() + 60
            while wait and client.get("/readyz").status != 200:
                assert time.monotonic() < deadline, "the server was not ready in 60 s"
                time.sleep(0.02)
            yield client
        finally:
            client.close()
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()
