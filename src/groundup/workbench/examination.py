"""Read and write the examination of a run, which is stored beside its result."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from groundup.errors import GroundupError
from groundup.ship.bundle.atomic import write_atomic
from groundup.workbench.record import Examination
from groundup.workbench.run.journal_format import write_error

NAME = "examination.json"


def write_examination(examination: Examination, run: Path) -> None:
    """Store an examination in a run's folder.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    try:
        write_atomic(run / NAME, examination.model_dump_json().encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise write_error(error, run) from None


def read_examination(run: Path) -> Examination | None:
    """Return the examination in a run's folder, None if there is none.

    Raises
    ------
    GroundupError
        If it is damaged, or from another version.
    """
    path = run / NAME
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return Examination.model_validate_json(text)
    except ValidationError as error:
        raise GroundupError(
            f"The stored examination is damaged, or from another version: {error.errors()[0]['msg']}.",
            hint="Build again with --fresh.",
            file=path,
        ) from None
