"""What an examination found beyond the result: drawn curves, intervals, worst rows, what the model relies on.

It is stored beside the result, so that a report can be made again without a model or a row at hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from groundup.errors import GroundupError
from groundup.ship.bundle.atomic import write_atomic
from groundup.workbench.result import Plain
from groundup.workbench.run.journal_format import write_error

NAME = "examination.json"


class Importance(Plain):
    """One column: how much of the deciding score is lost when it is shuffled on valid, with its 95 % interval."""

    column: str
    mean: float
    low: float
    high: float


class Wrong(Plain):
    """One row of valid that the model got wrong most: its number in the table (from 1), truth, answer, and by how much.

    `by` is the probability that the model gave to the truth, or the distance in the target's unit. `cells` holds some of
    the row's cells, as text.
    """

    row: int
    truth: Any
    said: Any
    by: float
    cells: dict[str, str | None] = Field(default_factory=dict)


class Examination(Plain):
    """What was found.

    intervals: part -> metric -> (low, high), 95 %. pictures: name -> chart, as ``Chart.to_object`` writes it; what it is
    of stands in its title. lacks: what could not be examined, and why.
    """

    version: Literal[1] = 1
    intervals: dict[str, dict[str, tuple[float, float]]] = Field(default_factory=dict)
    pictures: dict[str, dict[str, Any]] = Field(default_factory=dict)
    importance: list[Importance] = Field(default_factory=list)
    wrong: list[Wrong] = Field(default_factory=list)
    versions: dict[str, str] = Field(default_factory=dict)
    lacks: list[str] = Field(default_factory=list)

    def write(self, run: Path) -> None:
        """Store it in a run's folder.

        Raises
        ------
        ProjectError
            If it cannot be written.
        """
        try:
            write_atomic(run / NAME, self.model_dump_json().encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise write_error(error, run) from None

    @classmethod
    def read(cls, path: Path) -> Examination | None:
        """Return a stored examination, None where there is none.

        Raises
        ------
        GroundupError
            If it is damaged, or of another version.
        """
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise GroundupError(
                f"The stored examination is damaged, or of another version: {error.errors()[0]['msg']}.",
                hint="Build again with --fresh.",
                file=path,
            ) from None
