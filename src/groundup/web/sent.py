"""What a form sends: its fields, or the file that was chosen in it.

Some megabytes hold millions of empty fields, and each costs its own work in Python. So the signs between fields are
counted first, in C, and what has more of them than its form has fields is refused before anything is cut. The rest is
read at once, which takes as long as the body is large: the caller does it in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from groundup.ship.serve.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


#: Of one typed field, on the average of a form: what is escaped costs its own work, letter by letter.
MAX_FIELD_BYTES = 10_000


class Sent(NamedTuple):
    """What came in: fields by their names, and the name and the bytes of a file; None where there is none."""

    fields: dict[str, str]
    file: tuple[str, bytes] | None = None


def read(body: bytes, media_type: str, most: int) -> Sent:
    """Return what a form sent.

    Parameters
    ----------
    body : bytes
    media_type : str
        The header Content-Type.
    most : int
        Fields that are taken.

    Raises
    ------
    Problem
        too-many-fields, or form where it cannot be read.
    """
    kind, options = parse_options_header(media_type)
    if not body:
        return Sent({})
    if kind == b"application/x-www-form-urlencoded":
        _check(body.count(b"&") + 1, most)
        if len(body) > most * MAX_FIELD_BYTES:
            raise Problem("too-large", f"At most {most * MAX_FIELD_BYTES:,} bytes are taken of this form.")
        pairs = parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True, errors="replace")
        return Sent(dict(pairs))
    if kind == b"multipart/form-data" and options.get(b"boundary"):
        boundary = options[b"boundary"]
        _check(body.count(b"--" + boundary) - 1, most)
        return _parts(body, boundary)
    raise Problem("form", f"No form is sent as {media_type[:80]!r}.")


def _check(n_fields: int, most: int) -> None:
    if n_fields > most:
        raise Problem("too-many-fields", f"{n_fields:,} fields came in, and at most {most:,} are taken.")


def _parts(body: bytes, boundary: bytes) -> Sent:
    """Return the parts of a body of several: text, and the last file."""
    reading = _Reading()
    try:
        parser = MultipartParser(boundary, reading.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Problem("form", f"Its parts cannot be told apart: {error}.") from None
    return Sent(reading.fields, reading.file)


class _Reading:
    """Takes over, part by part, what the parser finds."""

    def __init__(self):
        self.fields: dict[str, str] = {}
        self.file: tuple[str, bytes] | None = None
        self._header, self._value, self._told, self._data = b"", b"", b"", bytearray()

    def callbacks(self) -> MultipartCallbacks:
        """Return what the parser is to call."""
        return {
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header_end,
            "on_part_data": self._on_data,
            "on_part_end": self._on_end,
        }

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._told = self._value
        self._header = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def _on_end(self) -> None:
        options = parse_options_header(self._told)[1]
        name = options.get(b"name", b"").decode("utf-8", errors="replace")
        if b"filename" in options:
            self.file = options[b"filename"].decode("utf-8", errors="replace"), bytes(self._data)
        else:
            self.fields[name] = self._data.decode("utf-8", errors="replace")
        self._told, self._data = b"", bytearray()
