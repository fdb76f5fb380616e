"""Options of a build that stand in a file: read, merged with those of the command line, and written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from groundup.errors import UsageError

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="TOML file with options.  (default: groundup.toml next to DATA)",
        metavar="FILE",
        rich_help_panel="Settings",
    ),
]
WriteConfig = Annotated[
    Path | None,
    typer.Option(
        "--write-config",
        help="Write the options of this command to a new TOML file, and build nothing.",
        metavar="FILE",
        rich_help_panel="Settings",
    ),
]


class Settings(NamedTuple):
    """The table, all options by their names in Python, and a note on those that come from a file, "" if none do."""

    data: str
    options: dict[str, Any]
    note: str


def with_settings(data: str | None, config: Path | None, stated: dict[str, Any]) -> Settings:
    """Return the options of the command line, and of a settings file those that it does not state.

    Raises
    ------
    UsageError
        If neither names the table, or the file has an invalid option.
    """
    from groundup.workbench.settings_file import find_settings, merge_settings, read_settings

    path = config or (None if data is None else find_settings(data))
    found = {} if path is None else read_settings(path)
    own = found.pop("data", None)
    if data is None and own is None:
        raise UsageError(
            "There is no table to read.",
            hint="groundup build DATA, or a line data = FILE in a --config file.",
        )
    if data is not None and own is not None and config is None and not _is_same(data, own):
        note = f"{path} is for {own}, so its options are not used; --config {path} uses them."
        return Settings(data, dict(stated), note)
    if config is None and ":" in str(found.get("metric") or ""):
        raise UsageError(
            f"{path} names a function as metric, {found['metric']}, and a file that is only found runs no code.",
            hint=f"Name it if you trust it: --config {path}",
        )
    known = {name: value for name, value in found.items() if name in stated}
    options = merge_settings(known, stated)
    used = [name.replace("_", "-") for name in known if options[name] is known[name]]
    note = f"Options from {path}: {', '.join(used)}." if used else ""
    return Settings(str(data or own), options, note)


def _is_same(one: str, other: str) -> bool:
    return Path(one).expanduser().absolute() == Path(other).expanduser().absolute()
