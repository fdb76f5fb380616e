"""2,000 random payloads: never HTTP 500, and every answer is JSON that says what it is."""

import json
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FIELDS = ["months", "spent", "plan", "online", "since"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**320)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.text(st.characters(categories=["Cs", "Cc", "Lo"]), max_size=5)
    | st.sampled_from(
        ["1e999", "-inf", "NaN", "", " 12,5 ", "0x1F", "1_000", "٣", "2021-02-30", "9999-12-31T23:59:60"]
    )
    | st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "2021-01-01T00:00:00Z", "plus", "basic", "true", "1e-400"]
    )
    | st.datetimes().map(lambda d: d.isoformat())
)
CELLS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries(dict.fromkeys(FIELDS, CELLS), optional={"leaves": CELLS, "extra": CELLS})
LOOSE = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), CELLS, max_size=7)
ANY_ROW = ROWS | LOOSE | CELLS
EXPLAINED = st.fixed_dictionaries({"rows": ROWS | st.lists(ANY_ROW, max_size=5), "explain": st.just(True)})
VALUES = EXPLAINED | (
    ANY_ROW | st.lists(ANY_ROW, max_size=40) | st.fixed_dictionaries({"rows": CELLS | ROWS, "explain": CELLS})
)
TEXTS = VALUES.map(lambda value: json.dumps(value).encode())
LONG = st.integers(4000, 6000).map(lambda n: b'[{"months": ' + b"9" * n + b"}]")
DEEP = st.integers(1, 3000).map(lambda n: b'{"months":' * n + b"1" + b"}" * n)


@st.composite
def spoilt(draw):
    """JSON with some bytes changed."""
    text = bytearray(draw(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(text) - 1, 0)))
        text[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(text)


BODIES = TEXTS | st.binary(max_size=300) | spoilt() | LONG | DEEP
MEDIA = st.sampled_from(["application/json"] * 12 + ["text/plain", "", "application/json; charset=utf-16"])


@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES, media=MEDIA)
def test_no_payload_makes_an_error_of_the_server(client, body, media):
    reply = client.raw(body, Content_Type=media)
    assert reply.status in (200, 400, 413, 415, 422), (reply.status, body)
    said = json.loads(reply.body, parse_constant=_refuse)
    reply.body.decode("utf-8")
    if reply.status == 200:
        for place, answer in enumerate(said["answers"], start=1):
            assert answer["row"] == place
            errors = [note for note in answer["notes"] if note["severity"] == "error"]
            assert (answer["status"] == "refused") == bool(errors) == (answer["prediction"] is None)
            if answer["prediction"] is not None:
                assert math.isclose(sum(answer["probabilities"].values()), 1.0)
    else:
        assert said["status"] == reply.status
        assert said["type"].startswith("/docs#")


def _refuse(word):
    raise AssertionError(f"{word} in an answer")
