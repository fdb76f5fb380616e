"""What a project has found, as its properties: result, leaderboard, scores, bundle, runs; and what is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundup.errors import GroundupError
from groundup.workbench.run.folder import Folder

if TYPE_CHECKING:
    import polars as pl

    from groundup.judge.explain import Importance
    from groundup.workbench.display import Report
    from groundup.workbench.result import Result
    from groundup.workbench.use.explain import Explained


class Findings:
    """The half of a Project that reads: see there."""

    source: Any
    target: str | None
    folder: Folder
    _result: Result | None
    _comparison: Any

    @property
    def result(self) -> Result:
        """The result of the run."""
        if self._result is None:
            raise GroundupError(
                "This project has no result yet.", hint="Call build(), or compare() and finalize()."
            )
        return self._result

    @property
    def leaderboard(self) -> pl.DataFrame:
        """One row per learner, the best first."""
        import polars as pl

        from groundup.workbench.steps.assemble import leaderboard

        if self._result is not None:
            rows = self._result.leaderboard
        elif self._comparison is not None:
            rows = leaderboard(self._comparison)
        else:
            raise GroundupError("Nothing has been compared yet.", hint="Call compare() first.")
        shown = (
            "learner",
            "setting",
            "mean",
            "spread",
            "fold_scores",
            "valid",
            "fit_s",
            "row_us",
            "bytes",
            "error",
        )
        return pl.DataFrame([{k: getattr(row, k) for k in shown} for row in rows], infer_schema_length=None)

    @property
    def report(self) -> Report:
        """The report of the result: in a notebook it shows itself; ``report.save("report.html")`` writes it."""
        from groundup.workbench.stored_reports import stored_report

        return stored_report(Path(self.result.bundle).parent)

    @property
    def metrics(self) -> dict[str, dict[str, float | None]]:
        """Part -> metric -> value."""
        return self.result.metrics

    @property
    def bundle(self) -> Path:
        """The saved model."""
        return Path(self.result.bundle)

    @property
    def warnings(self) -> list[str]:
        """What a reader must not overlook."""
        return self.result.warnings

    def predict(self, data, *, read: Mapping[str, Any] | None = None):
        """Return a frame of predictions for `data`, one row per row, by the saved model.

        Parameters
        ----------
        data : path, frame, mapping of columns, list of rows
        read : mapping, optional
            How a text file is to be read: delimiter, encoding, header; detected where not given.

        Raises
        ------
        CheckFailed
            If columns are missing.
        """
        from groundup.workbench.use.predict import predict

        return predict(self.bundle, data, read=read).frame

    def explain(self, data, *, label=None, read: Mapping[str, Any] | None = None) -> Explained:
        """Return why the saved model says what it says to each row: reasons in words, and every column's contribution.

        Parameters
        ----------
        data : path, frame, mapping of columns, list of rows; or one row, a mapping from column to value
        label : optional
            The class to speak for; that of two which is the positive one, or each row's likeliest of more, where None.
        read : mapping, optional
            As in `predict`.
        """
        from groundup.workbench.use.explain import explain

        return explain(self.bundle, data, label=label, read=read)

    def importance(self, by: str | None = None, *, part: str = "valid", repeats: int = 5) -> Importance:
        """Return how much worse the score is when each column is shuffled, with 95 % intervals.

        The chosen recipe is fitted on train for this, so that it was not taught the rows it is judged on.

        Parameters
        ----------
        by : str, optional
            A metric; the deciding one where None.
        part : {"valid", "train"}
            Where the rows are from. Test is opened once in a run, and not for this.
        repeats : int
            Shuffles of each column.
        """
        from groundup.workbench.use.explain import importance

        return importance(self, by, part=part, repeats=repeats)

    def serve(self, host: str = "127.0.0.1", port: int = 8000, token: str | None = None) -> None:
        """Serve the saved model until Ctrl-C: a form for people and an API for programs, at the address it prints.

        Parameters
        ----------
        host, port
            Where to listen; another host than this machine's needs a `token`, port 0 takes a free one.
        token : str, optional
            Asked of every request.
        """
        from groundup.workbench.use.serve import serve

        serve(self.bundle, host=host, port=port, token=token)

    def runs(self) -> pl.DataFrame:
        """Return one row per run in the project's folder, the latest first; see ``workbench.runs``."""
        import polars as pl

        from groundup.workbench.run.history import columns, runs_of

        return pl.DataFrame([run.to_row() for run in runs_of(self.folder.root)], schema=columns())

    def __repr__(self) -> str:
        name = self.source if isinstance(self.source, str) else type(self.source).__name__
        state = "built" if self._result else "compared" if self._comparison else "new"
        return f"<Project {str(name)!r}, target {self.target!r}: {state}>"

    def _repr_html_(self) -> str:
        from groundup.workbench.display.notebook import project_html
        from groundup.workbench.steps.assemble import leaderboard

        return project_html(self, [] if self._comparison is None else leaderboard(self._comparison))
