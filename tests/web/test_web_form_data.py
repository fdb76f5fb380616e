"""What forms send: read off the event loop, with few fields, and clear about what cannot be read."""

import threading
import time

import pytest
from served import serving

from groundup.ship.serve.problems import Problem
from groundup.web import form_data

URLENCODED = "application/x-www-form-urlencoded"


def parts(*given, boundary="limit"):
    """Return a body of several parts: (disposition, data) each."""
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {told}\r\n\r\n".encode() + data + b"\r\n"
        for told, data in given
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def test_fields_come_as_they_were_typed():
    found = form_data.read_form(b"c0=a+b%26&c1=&c2=Gr%C3%B6%C3%9Fe&c2=last", URLENCODED, 4)
    assert found == ({"c0": "a b&", "c1": "", "c2": "last"}, None)
    assert form_data.read_form(b"", "", 1) == ({}, None)


def test_a_file_comes_byte_by_byte():
    data = bytes(range(256)) * 5000 + b"\r\n--limi\r\n--"
    body, media = parts(('name="note"', "Größe".encode()), ('name="file"; filename="a b.csv"', data))
    assert form_data.read_form(body, media, 2) == ({"note": "Größe"}, ("a b.csv", data))


@pytest.mark.parametrize(
    ("body", "media", "kind"),
    [
        (b"&" * 100, URLENCODED, "too-many-fields"),
        (b"c0=1", "text/plain", "form"),
        (b"c0=1", "", "form"),
        (b"c0=1", "multipart/form-data", "form"),
        (b"no parts at all", "multipart/form-data; boundary=x", "form"),
        (parts(*[('name="a"', b"1")] * 30)[0], "multipart/form-data; boundary=limit", "too-many-fields"),
    ],
)
def test_what_is_no_form_is_told(body, media, kind):
    with pytest.raises(Problem) as caught:
        form_data.read_form(body, media, 20)
    assert caught.value.kind == kind


@pytest.mark.parametrize("path", ["/", "/batch"])
def test_too_many_fields_are_a_page_and_in_json_a_problem(client, path):
    headers = {"Content-Type": URLENCODED}
    page = client.post(path, content=b"&" * 1000, headers=headers)
    assert page.status_code == 413
    assert "The form has too many fields" in page.text
    twin = client.post("/form.json" if path == "/" else "/batch.json", content=b"&" * 1000, headers=headers)
    assert twin.headers["content-type"] == "application/problem+json"
    assert (twin.status_code, twin.json()["type"]) == (413, "/docs#too-many-fields")


def test_a_large_form_holds_up_nobody(model, bundle_file):
    """8 MB of empty fields, and 8 MB of one: others are answered meanwhile."""
    import httpx

    bodies = [b"&" * 8_000_000, b"c0=" + b"%41" * 2_600_000]  # seconds, if they were read
    with serving(model, bundle_file) as address:
        slowest = 0.0
        for body in bodies:
            thread = threading.Thread(
                target=httpx.post,
                args=(address,),
                kwargs={"content": body, "headers": {"Content-Type": URLENCODED}, "timeout": 60},
            )
            thread.start()
            while thread.is_alive():
                began = time.perf_counter()
                assert httpx.get(f"{address}/healthz", timeout=60).status_code == 200
                slowest = max(slowest, time.perf_counter() - began)
            thread.join()
    assert slowest < 1.0
