"""The folder of a project: one sub-folder per run, named by a digest of the run's data and settings.

    telco-groundup/
      project.json              which run is in use, and every evaluation on the test set
      .lock                     held by the process that works on it
      runs/3f2a9c.../           one per combination of data, settings and version
        result.json             the result, written last: a run without it has not ended
        journal.jsonl           every step and decision; unfinished.jsonl of an interrupted run
        model.groundup          the bundle

A project's folder stands for the run in use (``groundup predict DIR``): the one that was built or requested last, unless
``groundup use`` has chosen a run, which then stays in use until another one is chosen.

Files are written to a temporary name and renamed, so a reader sees the old file or the new one, never a part.

A look is one evaluation on the test set. All looks at one table with one target are counted, whatever the seed and the
settings: another seed puts other rows into the test set, but after a few seeds most rows of the table have been in one.
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
from groundup.workbench.run.journal_format import write_error

BUNDLE = "model.groundup"
RESULT = "result.json"
CHECKPOINTS = "fits"
SUFFIX = "-groundup"


class Folder:
    """One project's folder.

    Parameters
    ----------
    root : Path
        Created by the first write.

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

    def run_folder(self, identity: dict[str, Any]) -> Path:
        """Return the folder of the run with this identity."""
        text = json.dumps(identity, sort_keys=True, default=str)
        return self.root / "runs" / hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    # ------------------------------------------------------------------ results

    def stored_result(
        self, identity: dict[str, Any], tell: Callable[[str], object] = lambda text: None
    ) -> Result | None:
        """Return the result of an ended run with this identity whose bundle is unchanged, or None.

        Parameters
        ----------
        identity : dict
        tell : callable, optional
            Called with a sentence that says why a stored result is not valid any more.

        Raises
        ------
        GroundupError
            If the stored result is damaged.
        """
        run = self.run_folder(identity)
        if not (run / RESULT).is_file():
            return None
        result = self.result_of(run)
        try:
            digest = hashlib.sha256((run / BUNDLE).read_bytes()).hexdigest()
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            problem = "is missing" if missing else f"cannot be read ({error.strerror or error})"
            tell(f"The bundle of the stored result {problem}, so the run is repeated.")
            return None
        if digest != result.digest:
            tell("The bundle has changed since its result was stored, so the run is repeated.")
            return None
        return result

    def result_of(self, run: Path) -> Result:
        """Return the result of an ended run, with the current number of looks at its test set.

        Raises
        ------
        GroundupError
            If the run has not ended, or the stored result is damaged.
        """
        if not (run / RESULT).is_file():
            raise GroundupError(
                "This run has not ended.",
                file=run,
                hint="Run the command that started it again to resume it.",
            )
        result = Result.from_json((run / RESULT).read_bytes(), run / RESULT)
        looks = max(self.count_test_looks(result.settings), result.test_looks)
        return result.model_copy(
            update={
                "stored": True,
                "bundle": str(run / BUNDLE),
                "project": str(self.root),
                "test_looks": looks,
                "warnings": [*result.warnings, *warn_of_test_looks(looks)],
            }
        )

    def save(self, identity: dict[str, Any], result: Result) -> str:
        """Store the result of an ended run and put it in use; return a message about that, see `put_in_use`."""
        _write(self.run_folder(identity) / RESULT, result.model_dump_json(indent=2))
        return self.put_in_use(identity)

    # ------------------------------------------------------------------ the run in use

    def current(self) -> tuple[Path, dict[str, Any]] | None:
        """Return the folder and the identity of the run in use, or None."""
        state = self._read_state()
        try:
            run = self.root / "runs" / Path(state["run"]).name
            return (run, dict(state["identity"])) if (run / RESULT).is_file() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def is_chosen(self) -> bool:
        """Whether the run in use was chosen by `use`, so that later runs do not replace it."""
        return self._read_state().get("chosen") is True and self.current() is not None

    def current_result(self) -> Result:
        """Return the result of the run in use.

        Raises
        ------
        GroundupError
            If there is none.
        """
        current = self.current()
        if current is None:
            raise GroundupError(
                "This folder holds no finished run.",
                file=self.root,
                hint="groundup build DATA --target COLUMN makes one; groundup runs lists those that were started.",
            )
        return self.result_of(current[0])

    def put_in_use(self, identity: dict[str, Any]) -> str:
        """Put an ended run in use unless another one was chosen; return a message about the change, "" for none."""
        run, current, root = self.run_folder(identity), self.current(), str(self.root)
        if current is None or current[0] == run:
            if self._read_state().get("run") != run.name:
                self._update_state(run=run.name, identity=identity, chosen=False)
            return ""
        old = f"{current[0].name[:6]} ({_describe_result(current[0])})"
        if self.is_chosen:
            return (
                f"The project keeps using run {old}, which was chosen with groundup use. To use this run instead: "
                f"groundup use {run.name[:6]} {quote(root)}"
            )
        self._update_state(run=run.name, identity=identity, chosen=False)
        return (
            f"The project now uses this run (groundup predict {quote(root)}) instead of {old}. "
            f"To go back: groundup use {current[0].name[:6]} {quote(root)}"
        )

    def is_in_use(self, identity: dict[str, Any]) -> bool:
        """Return whether the run with this identity is the one in use."""
        current = self.current()
        return current is not None and current[0] == self.run_folder(identity)

    def use(self, run: Path) -> None:
        """Choose the run in use; it stays in use when others are built."""
        self._update_state(run=run.name, identity=self.result_of(run).settings, chosen=True)

    def describe_changes(self, identity: dict[str, Any]) -> str:
        """Return a sentence that says how this run differs from the one in use, "" for no difference."""
        current = self.current()
        if current is None:
            return ""
        old = current[1]
        changed = sorted(k for k in {*old, *identity} if old.get(k) != identity.get(k))
        names = [{"data": "the data", "version": "groundup's version"}.get(k, k) for k in changed]
        return f"A new run: {', '.join(names)} changed since the last one." if names else ""

    # ------------------------------------------------------------------ looks at the test set

    def record_test_look(self, identity: dict[str, Any], attempt: str = "") -> int:
        """Record a look at the test set before it is taken; return the number of looks at these data and this target.

        A resumed run is the same `attempt`, so a look that it has taken before is not counted again.
        """
        one = {key: identity.get(key) for key in ("data", "target", "seed")}
        looks = self._test_looks()
        if not attempt or all(look.get("attempt") != attempt for look in looks):
            run = self.run_folder(identity).name
            self._update_state(looks=[*looks, {**one, "run": run, "attempt": attempt}])
        return self.count_test_looks(identity)

    def count_test_looks(self, identity: dict[str, Any]) -> int:
        """Return how often a model was evaluated on the test set of these data and this target."""
        keys = ("data", "target")
        return sum(all(look.get(k) == identity.get(k) for k in keys) for look in self._test_looks())

    def _test_looks(self) -> list[dict[str, Any]]:
        looks = self._read_state().get("looks")
        return [look for look in looks if isinstance(look, dict)] if isinstance(looks, list) else []

    # ------------------------------------------------------------------ files

    def remove_leftovers(self, run: Path) -> None:
        """Remove the files that killed processes have left: temporary ones, and checkpoints of an ended run."""
        if (run / RESULT).is_file() and not (run / UNFINISHED).is_file():
            shutil.rmtree(run / CHECKPOINTS, ignore_errors=True)
        for folder in (self.root, run, run / CHECKPOINTS):
            for path in folder.glob(".*.part"):
                with contextlib.suppress(OSError):
                    path.unlink()

    def _read_state(self) -> dict[str, Any]:
        """Return the content of project.json; {} if it does not exist or is damaged."""
        try:
            state = json.loads((self.root / "project.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _update_state(self, **facts: Any) -> None:
        state = {**self._read_state(), **facts}
        _write(self.root / "project.json", json.dumps(state, indent=2, default=str))


def warn_of_test_looks(n_looks: int) -> list[str]:
    """Return the warning about a test set that has been evaluated more than once."""
    if n_looks <= 1:
        return []
    text = (
        f"The test set of these data has been evaluated {n_looks} times in this project: a model that is chosen by its "
        "test score will do worse on new rows than that score."
    )
    return [text]


def _describe_result(run: Path) -> str:
    try:
        result = Result.from_json((run / RESULT).read_bytes(), run / RESULT)
    except (OSError, GroundupError):
        return "its result cannot be read"
    name = result.best.metric
    return f"{result.best.title}, test {name} {format_number(result.metrics['test'].get(name))}"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text.encode())
    except OSError as error:
        raise write_error(error, path) from None


def is_project(path: Path) -> bool:
    """Return whether `path` is a project's folder."""
    return (path / "project.json").is_file() or (path / "runs").is_dir()


def default_folder(name: str, digest: str = "") -> Path:
    """Return the default folder of a project: in the current folder, named after the table.

    A frame in memory has no name, so the name includes the `digest` of its cells.
    """
    name = f"{name}-{digest[:8]}" if digest else name
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-") or "table"
    return Path(f"{safe}{SUFFIX}")
