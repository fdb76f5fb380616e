"""Read the body that a form sends: its fields, or an uploaded file.

A body of a few megabytes may contain millions of empty fields, each of which costs time in Python. So the separators are
counted first, in C, and a body with more fields than its form is refused before it is split. Reading the rest takes time
proportional to its size: the caller does it in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from groundup.ship.serve.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


#: Limit of the average size of a field: unescaping costs time for every character.
MAX_FIELD_BYTES = 10_000


class FormData(NamedTuple):
    """Fields by name, and the name and the bytes of an uploaded file; None where there is none."""

    fields: dict[str, str]
    file: tuple[str, bytes] | None = None


def read_form(body: bytes, media_type: str, max_fields: int) -> FormData:
    """Return the fields and the file of a form's body.

    Parameters
    ----------
    body : bytes
    media_type : str
        The header Content-Type.
    max_fields : int

    Raises
    ------
    Problem
        too-many-fields, or form where it cannot be read.
    """
    kind, options = parse_options_header(media_type)
    if not body:
        return FormData({})
    if kind == b"application/x-www-form-urlencoded":
        _check(body.count(b"&") + 1, max_fields)
        if len(body) > max_fields * MAX_FIELD_BYTES:
            raise Problem(
                "too-large", f"At most {max_fields * MAX_FIELD_BYTES:,} bytes are allowed for this form."
            )
        pairs = parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True, errors="replace")
        return FormData(dict(pairs))
    if kind == b"multipart/form-data" and options.get(b"boundary"):
        boundary = options[b"boundary"]
        _check(body.count(b"--" + boundary) - 1, max_fields)
        return _parts(body, boundary)
    raise Problem("form", f"A form cannot be sent as {media_type[:80]!r}.")


def _check(n_fields: int, max_fields: int) -> None:
    if n_fields > max_fields:
        raise Problem(
            "too-many-fields", f"The form has {n_fields:,} fields; at most {max_fields:,} are allowed."
        )


def _parts(body: bytes, boundary: bytes) -> FormData:
    """Return the text fields and the last file of a multipart body."""
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Problem("form", f"The parts of the body cannot be separated: {error}.") from None
    return FormData(parts.fields, parts.file)


class _Parts:
    """Collects the parts that the parser finds."""

    def __init__(self):
        self.fields: dict[str, str] = {}
        self.file: tuple[str, bytes] | None = None
        self._header, self._value, self._disposition, self._data = b"", b"", b"", bytearray()

    def callbacks(self) -> MultipartCallbacks:
        """Return the callbacks for the parser."""
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
            self._disposition = self._value
        self._header = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def _on_end(self) -> None:
        options = parse_options_header(self._disposition)[1]
        name = options.get(b"name", b"").decode("utf-8", errors="replace")
        if b"filename" in options:
            self.file = options[b"filename"].decode("utf-8", errors="replace"), bytes(self._data)
        else:
            self.fields[name] = self._data.decode("utf-8", errors="replace")
        self._disposition, self._data = b"", bytearray()
