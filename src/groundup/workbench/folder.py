"""The folder of a project: one sub-folder per run, named by what the run depends on.

    telco-groundup/
      project.json              which run is the latest
      runs/3f2a9c.../           one per data, settings and version
        result.json             the result, written last: a run without it has not ended
        journal.jsonl           everything that was done and decided
        model.groundup          the bundle

Files are written beside their place and renamed into it, so a reader sees the old one or the new one, never a half.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from groundup.errors import GroundupError
from groundup.workbench.result import Result

BUNDLE = "model.groundup"
SUFFIX = "-groundup"


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` so that a crash leaves the old file or the new one.

    Raises
    ------
    GroundupError
        If the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise GroundupError(
            f"The project cannot be written: {error.strerror}.",
            file=path,
            hint="Choose another folder with --project.",
        ) from None


class Folder:
    """One project's folder.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path):
        self.root = Path(root)

    def run(self, identity: dict[str, Any]) -> Path:
        """Return the folder of the run that depends on `identity`."""
        text = json.dumps(identity, sort_keys=True, default=str)
        return self.root / "runs" / hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    def stored(self, identity: dict[str, Any]) -> Result | None:
        """Return the result of an ended run with this identity whose bundle is still there, or None."""
        run = self.run(identity)
        path = run / "result.json"
        if not path.is_file() or not (run / BUNDLE).exists():
            return None
        result = Result.from_json(path.read_bytes(), path)
        return result.model_copy(
            update={"stored": True, "bundle": str(run / BUNDLE), "project": str(self.root)}
        )

    def latest(self) -> tuple[Path, dict[str, Any]] | None:
        """Return the folder and the identity of the last ended run, or None."""
        path = self.root / "project.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            run = self.root / "runs" / Path(found["run"]).name
            return (run, dict(found["identity"])) if (run / "result.json").is_file() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def latest_result(self) -> Result:
        """Return the result of the last ended run.

        Raises
        ------
        GroundupError
            If there is none.
        """
        found = self.latest()
        if found is None:
            raise GroundupError(
                "This folder holds no finished run.",
                file=self.root,
                hint="groundup build DATA --target COLUMN makes one.",
            )
        run = found[0]
        result = Result.from_json((run / "result.json").read_bytes(), run / "result.json")
        return result.model_copy(
            update={"stored": True, "bundle": str(run / BUNDLE), "project": str(self.root)}
        )

    def save(self, identity: dict[str, Any], result: Result) -> None:
        """Store the result of a run that has ended, and make it the latest."""
        run = self.run(identity)
        write_atomically(run / "result.json", result.model_dump_json(indent=2))
        write_atomically(
            self.root / "project.json",
            json.dumps({"run": run.name, "identity": identity}, indent=2, default=str),
        )

    def news(self, identity: dict[str, Any]) -> str:
        """Say how this run differs from the last one, "" where there was none or nothing differs."""
        found = self.latest()
        if found is None:
            return ""
        old = found[1]
        changed = sorted(k for k in {*old, *identity} if old.get(k) != identity.get(k))
        names = [
            "the data" if k == "data" else "groundup's version" if k == "version" else k for k in changed
        ]
        return f"A new run: {', '.join(names)} changed since the last one." if names else ""


def is_project(path: Path) -> bool:
    """Tell whether `path` is a project's folder."""
    return (path / "project.json").is_file() or (path / "runs").is_dir()


def default_root(name: str) -> Path:
    """Return the folder of a project that names none: beside the work, named after the table."""
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-") or "table"
    return Path(f"{safe}{SUFFIX}")
