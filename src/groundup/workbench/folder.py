"""The folder of a project: one sub-folder per run, named by what the run depends on.

    telco-groundup/
      project.json              which run is the latest, and every look at test
      runs/3f2a9c.../           one per data, settings and version
        result.json             the result, written last: a run without it has not ended
        journal.jsonl           everything that was done and decided
        model.groundup          the bundle

Files are written beside their place and renamed into it, so a reader sees the old one or the new one, never a half.

A look is one opening of test. All looks at one table with one target are counted, whatever the seed and the settings:
other seeds deal other rows to test, but most rows of a table have then been looked at sooner than one thinks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from groundup.errors import GroundupError, UsageError
from groundup.ship.bundle.atomic import write_atomic
from groundup.workbench.result import Result

BUNDLE = "model.groundup"
SUFFIX = "-groundup"


class Folder:
    """One project's folder.

    Parameters
    ----------
    root : Path
        Made when something is written.

    Raises
    ------
    UsageError
        If it is a file.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        if self.root.exists() and not self.root.is_dir():
            raise UsageError(
                "A project is a folder, and this is a file.",
                file=self.root,
                hint="Choose another folder with --project.",
            )

    def run(self, identity: dict[str, Any]) -> Path:
        """Return the folder of the run that depends on `identity`."""
        text = json.dumps(identity, sort_keys=True, default=str)
        return self.root / "runs" / hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    def stored(
        self, identity: dict[str, Any], tell: Callable[[str], object] = lambda why: None
    ) -> Result | None:
        """Return the result of an ended run with this identity whose bundle is still the one it wrote, or None.

        Parameters
        ----------
        identity : dict
        tell : callable, optional
            Told in words why a result that is stored does not hold.

        Raises
        ------
        GroundupError
            If the stored result is damaged.
        """
        run = self.run(identity)
        path = run / "result.json"
        if not path.is_file():
            return None
        result = Result.from_json(path.read_bytes(), path)
        try:
            found = hashlib.sha256((run / BUNDLE).read_bytes()).hexdigest()
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            why = "is gone" if missing else f"cannot be read ({error.strerror or error})"
            tell(f"The bundle of the stored result {why}: the run is made anew.")
            return None
        if found != result.digest:
            tell("The bundle is not the one that the stored result tells of: the run is made anew.")
            return None
        return result.model_copy(
            update={"stored": True, "bundle": str(run / BUNDLE), "project": str(self.root)}
        )

    def latest(self) -> tuple[Path, dict[str, Any]] | None:
        """Return the folder and the identity of the last ended run, or None."""
        found = self._state()
        try:
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
        _write(run / "result.json", result.model_dump_json(indent=2))
        self._change(run=run.name, identity=identity)

    def look(self, identity: dict[str, Any]) -> int:
        """Count a look at test, before it is opened; return how many there are of these data and this target now."""
        one = {key: identity.get(key) for key in ("data", "target", "seed")}
        looks = [*self._looks(), {**one, "run": self.run(identity).name}]
        self._change(looks=looks)
        return sum(all(look.get(key) == one[key] for key in ("data", "target")) for look in looks)

    def _looks(self) -> list[dict[str, Any]]:
        found = self._state().get("looks")
        return [look for look in found if isinstance(look, dict)] if isinstance(found, list) else []

    def _state(self) -> dict[str, Any]:
        """Return what project.json says; nothing where it is not there, or damaged."""
        try:
            found = json.loads((self.root / "project.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _change(self, **facts: Any) -> None:
        _write(self.root / "project.json", json.dumps({**self._state(), **facts}, indent=2, default=str))

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


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text.encode())
    except OSError as error:
        raise GroundupError(
            f"The project cannot be written: {error.strerror or error}.",
            file=path,
            hint="Choose another folder with --project.",
        ) from None


def is_project(path: Path) -> bool:
    """Tell whether `path` is a project's folder."""
    return (path / "project.json").is_file() or (path / "runs").is_dir()


def default_root(name: str) -> Path:
    """Return the folder of a project that names none: beside the work, named after the table."""
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-") or "table"
    return Path(f"{safe}{SUFFIX}")
