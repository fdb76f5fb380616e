"""The container has one valid form."""

import io
import zipfile

import pytest

from groundup.errors import CheckFailed
from groundup.ship.bundle.container import PARTS, pack, unpack

SAMPLE = {"manifest.json": b"{}", "model.json": b"", "arrays.safetensors": bytes(range(256))}


def test_round_trip_in_the_order_of_the_list():
    data = pack(dict(reversed(SAMPLE.items())))
    assert data == pack(SAMPLE)
    assert {name: bytes(part) for name, part in unpack(data).items()} == SAMPLE
    assert list(unpack(data)) == [name for name in PARTS if name in SAMPLE]


def test_any_unzip_opens_it():
    with zipfile.ZipFile(io.BytesIO(pack(SAMPLE))) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == SAMPLE


def test_every_bit_counts():
    data = pack(SAMPLE)
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with pytest.raises(CheckFailed):
                unpack(bytes(changed))


def test_every_length_counts():
    data = pack(SAMPLE)
    for end in range(len(data)):
        with pytest.raises(CheckFailed):
            unpack(data[:end])
    for more in (b"\0", data, b"PK\3\4"):
        with pytest.raises(CheckFailed):
            unpack(data + more)
        with pytest.raises(CheckFailed):
            unpack(more + data)


def test_other_writers_are_refused():
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", compression) as out:
            for name, part in SAMPLE.items():
                out.writestr(name, part)
        with pytest.raises(CheckFailed):
            unpack(made.getvalue())
