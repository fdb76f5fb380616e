"""The folder of a project: one sub-folder per run, named by what the run depends on.

    telco-groundup/
      project.json              which run is in use, and every look at test
      .lock                     held by the process that works on it
      runs/3f2a9c.../           one per data, settings and version
        result.json             the result, written last: a run without it has not ended
        journal.jsonl           everything that was done and decided; unfinished.jsonl of a run that was interrupted
        model.groundup          the bundle

The run in use is the one that a project's folder stands for (``groundup predict DIR``): the one that was built or asked
for last, unless ``groundup use`` has chosen one, which stays until another is chosen.

Files are written beside their place and renamed into it, so a reader sees the old one or the new one, never a half.

A look is one opening of test. All looks at one table with one target are counted, whatever the seed and the settings:
other seeds deal other rows to test, but most rows of a table have then been looked at sooner than one thinks.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import Any

from groundup.errors import GroundupError, UsageError
from groundup.ship.bundle.atomic import write_atomic
from groundup.text.numbers import format_number
from groundup.workbench.result import Result
from groundup.workbench.run.journal import UNFINISHED
from groundup.workbench.run.journal_format import unwritable

BUNDLE = "model.groundup"
RESULT = "result.json"
FITS = "fits"
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
        path = run / RESULT
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
        return self.result_of(run)

    def latest(self) -> tuple[Path, dict[str, Any]] | None:
        """Return the folder and the identity of the run in use, or None."""
        found = self._state()
        try:
            run = self.root / "runs" / Path(found["run"]).name
            return (run, dict(found["identity"])) if (run / RESULT).is_file() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def is_chosen(self) -> bool:
        """Tell whether the run in use was chosen by `use`, so that later ones do not take its place."""
        return self._state().get("chosen") is True and self.latest() is not None

    def latest_result(self) -> Result:
        """Return the result of the run in use.

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
                hint="groundup build DATA --target COLUMN makes one; groundup runs lists those that were begun.",
            )
        return self.result_of(found[0])

    def result_of(self, run: Path) -> Result:
        """Return the result of an ended run, with today's number of looks at its test part.

        Raises
        ------
        GroundupError
            If the run has not ended, or the stored result is damaged.
        """
        if not (run / RESULT).is_file():
            raise GroundupError(
                "This run has not ended.", file=run, hint="The command that began it goes on with it."
            )
        result = Result.from_json((run / RESULT).read_bytes(), run / RESULT)
        looks = max(self.n_looks(result.settings), result.test_looks)
        return result.model_copy(
            update={
                "stored": True,
                "bundle": str(run / BUNDLE),
                "project": str(self.root),
                "test_looks": looks,
                "warnings": [*result.warnings, *told_looks(looks)],
            }
        )

    def save(self, identity: dict[str, Any], result: Result) -> str:
        """Store the result of a run that has ended, and put it to use; return what is to be told of that: see `take`."""
        _write(self.run(identity) / RESULT, result.model_dump_json(indent=2))
        return self.take(identity)

    def take(self, identity: dict[str, Any]) -> str:
        """Put an ended run to use, unless one was chosen; return in words how that changes what was, "" for no change."""
        run, found, root = self.run(identity), self.latest(), str(self.root)
        if found is None or found[0] == run:
            if self._state().get("run") != run.name:
                self._change(run=run.name, identity=identity, chosen=False)
            return ""
        old = f"{found[0].name[:6]} ({_in_brief(found[0])})"
        if self.is_chosen:
            return (
                f"The project goes on using run {old}, which was chosen. To use this one: "
                f"groundup use {run.name[:6]} {quote(root)}"
            )
        self._change(run=run.name, identity=identity, chosen=False)
        return (
            f"The project uses this run from now on (groundup predict {quote(root)}), and no longer {old}. "
            f"To go back: groundup use {found[0].name[:6]} {quote(root)}"
        )

    def would_take(self, identity: dict[str, Any]) -> bool:
        """Tell whether `take` would have something to do or to say."""
        found = self.latest()
        return found is None or found[0] != self.run(identity)

    def use(self, run: Path) -> None:
        """Choose the run that the folder stands for; it stays so when others are built."""
        self._change(run=run.name, identity=self.result_of(run).settings, chosen=True)

    def look(self, identity: dict[str, Any], attempt: str = "") -> int:
        """Count a look at test, before it is opened; return how many there are of these data and this target now.

        A run that was interrupted after it had looked, and goes on, is the same `attempt` and looks no second time.
        """
        one = {key: identity.get(key) for key in ("data", "target", "seed")}
        looks = self._looks()
        if not attempt or all(look.get("attempt") != attempt for look in looks):
            self._change(looks=[*looks, {**one, "run": self.run(identity).name, "attempt": attempt}])
        return self.n_looks(identity)

    def n_looks(self, identity: dict[str, Any]) -> int:
        """Return how often test of these data and this target was opened."""
        return sum(
            all(look.get(key) == identity.get(key) for key in ("data", "target")) for look in self._looks()
        )

    def sweep(self, run: Path) -> None:
        """Remove what killed writers have left of a run: temporary files, and fits where it has ended."""
        if (run / RESULT).is_file() and not (run / UNFINISHED).is_file():
            shutil.rmtree(run / FITS, ignore_errors=True)
        for place in (self.root, run, run / FITS):
            for path in place.glob(".*.part"):
                with contextlib.suppress(OSError):
                    path.unlink()

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


def told_looks(n_looks: int) -> list[str]:
    """Return the warning that a test part deserves which was opened so often."""
    if n_looks <= 1:
        return []
    told = (
        f"test of these data has been opened {n_looks} times in this project: a model that is picked by its score on "
        "test will do worse than that score on new rows"
    )
    return [told]


def _in_brief(run: Path) -> str:
    """Return what a run found, in a few words; a result that cannot be read stops nobody who is done with it."""
    try:
        result = Result.from_json((run / RESULT).read_bytes(), run / RESULT)
    except (OSError, GroundupError):
        return "its result cannot be read"
    name = result.best.metric
    return f"{result.best.title}, {name} {format_number(result.metrics['test'].get(name))} on test"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text.encode())
    except OSError as error:
        raise unwritable(error, path) from None


def is_project(path: Path) -> bool:
    """Tell whether `path` is a project's folder."""
    return (path / "project.json").is_file() or (path / "runs").is_dir()


def default_root(name: str, digest: str = "") -> Path:
    """Return the folder of a project that names none: beside the work, named after the table.

    A frame in memory has no name of its own: its folder is named by the `digest` of its cells too.
    """
    name = f"{name}-{digest[:8]}" if digest else name
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-") or "table"
    return Path(f"{safe}{SUFFIX}")
