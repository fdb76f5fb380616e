"""The options of reading a table, as a project takes and stores them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundup.errors import UsageError, nearest

READ_OPTIONS = ("delimiter", "encoding", "header", "types")


def check_read_options(read: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the given options of reading in a fixed order, without those that are None."""
    for name in read or {}:
        if name not in READ_OPTIONS:
            raise UsageError(
                f"There is no read option {name!r}.{nearest(name, READ_OPTIONS)}",
                hint=f"The options are: {', '.join(READ_OPTIONS)}.",
            )
    options = {k: v for k in READ_OPTIONS if (v := (read or {}).get(k)) is not None}
    if isinstance(options.get("types"), Mapping):
        options["types"] = dict(sorted(options["types"].items()))
    return options
