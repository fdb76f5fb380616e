"""The pictures of an examination as blocks, if there are any of that name."""

from __future__ import annotations

from groundup.workbench.display.model import Picture
from groundup.workbench.examination import Examination


def pictured(found: Examination, *names: str) -> list[Picture]:
    """Return those pictures that there are."""
    return [
        Picture(name=name.replace("_", "-"), chart=found.pictures[name])
        for name in names
        if name in found.pictures
    ]
