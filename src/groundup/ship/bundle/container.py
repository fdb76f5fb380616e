"""The container: a zip file of stored parts that any unzip opens, and that has exactly one valid form.

Nothing is compressed (which rules out decompression bombs) or extracted to a path, names come from a closed list, in its
order, and every time stamp is 1980-01-01. The same parts always give the same bytes; reading rebuilds the file from its
parts and compares, so no byte can be changed, added or hidden.
"""

from __future__ import annotations

import struct
import zlib

from groundup.errors import CheckFailed

PARTS = ("manifest.json", "model.json", "contract.json", "about.json", "replay.json", "arrays.safetensors")
# The zip format's 32-bit sizes end at 4 GiB; a gigabyte is reserved for the headers.
MAX_BYTES = 3 << 30

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_NEEDS, _MADE_BY = 20, 0x0314  # stored files of version 2.0, made on Unix
_DAY = 0x0021  # 1980-01-01
_MODE = 0o100644 << 16


def pack(parts: dict[str, bytes]) -> bytes:
    """Return the file that holds `parts` (names of PARTS -> bytes)."""
    files, directory, at = [], [], 0
    for name in (name for name in PARTS if name in parts):
        data, label = parts[name], name.encode()
        facts = (_NEEDS, 0, 0, 0, _DAY, zlib.crc32(data), len(data), len(data), len(label), 0)
        files += [_LOCAL.pack(b"PK\3\4", *facts), label, data]
        directory += [_CENTRAL.pack(b"PK\1\2", _MADE_BY, *facts, 0, 0, 0, _MODE, at), label]
        at += _LOCAL.size + len(label) + len(data)
    size = sum(map(len, directory))
    n = len(directory) // 2
    return b"".join([*files, *directory, _END.pack(b"PK\5\6", 0, 0, n, n, size, at, 0)])


def unpack(data: bytes) -> dict[str, memoryview]:
    """Return the parts of a file that `pack` wrote.

    Raises
    ------
    CheckFailed
        If a single byte is other than `pack` would write it.
    """
    parts: dict[str, memoryview] = {}
    at, view = 0, memoryview(data)
    while data[at : at + 4] == b"PK\3\4" and at + _LOCAL.size <= len(data):
        *_, size, label_size, _extra = _LOCAL.unpack_from(data, at)
        start = at + _LOCAL.size + label_size
        name = bytes(view[at + _LOCAL.size : start]).decode("ascii", "replace")
        if name not in PARTS or name in parts or start + size > len(data):
            raise CheckFailed(
                f"The bundle is damaged: its part {name[:40]!r} is unknown, there twice, or cut off."
            )
        parts[name] = view[start : start + size]
        at = start + size
    if not parts:
        raise CheckFailed("This is not a bundle: it does not begin with a part.")
    if pack(parts) != data:  # type: ignore[arg-type]
        raise CheckFailed("The bundle is damaged: its bytes are not those that were saved.")
    return parts
