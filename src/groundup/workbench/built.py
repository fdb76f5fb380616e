"""What a project offers once it has a result, and what needs no more than the result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groundup.workbench.display.report import Report
from groundup.workbench.result import Result
from groundup.workbench.stored_reports import stored_report
from groundup.workbench.use.explain import Explained, explain
from groundup.workbench.use.native_frames import is_native, with_answers
from groundup.workbench.use.predict import predict
from groundup.workbench.use.serve import serve


class Built:
    """The part of a project that follows from its result."""

    @property
    def result(self) -> Result:
        """The result of the run."""
        raise NotImplementedError

    @property
    def report(self) -> Report:
        """The report of the result: a notebook displays it; ``report.save("report.html")`` writes it."""
        return stored_report(Path(self.result.bundle).parent)

    @property
    def metrics(self) -> dict[str, dict[str, float | None]]:
        """Part -> metric -> value."""
        return self.result.metrics

    @property
    def bundle(self) -> Path:
        """The file of the saved model."""
        return Path(self.result.bundle)

    @property
    def warnings(self) -> list[str]:
        """The warnings of the result."""
        return self.result.warnings

    def predict(self, data, *, read: Mapping[str, Any] | None = None) -> Any:
        """Return the predictions of the saved model for `data`, one row per row.

        Parameters
        ----------
        data : path, frame, mapping of columns, list of rows
        read : mapping, optional
            How to read a text file: delimiter, encoding, header; detected if not given.

        Returns
        -------
        frame
            Of pandas (with its index) or PyArrow if `data` is one, otherwise of Polars: the columns of `data`, then those
            of the predictions.

        Raises
        ------
        CheckFailed
            If columns are missing.
        """
        if is_native(data):
            return with_answers(data, predict(self.bundle, data, read=read, keep=False).frame)
        return predict(self.bundle, data, read=read).frame

    def explain(self, data, *, label=None, read: Mapping[str, Any] | None = None) -> Explained:
        """Return why the saved model predicts what it does for each row: reasons in words and contributions of columns.

        Parameters
        ----------
        data : path, frame, mapping of columns, list of rows; or one row, a mapping from column to value
        label : optional
            The class to explain; if None, the positive one of two, or each row's most likely one of several.
        read : mapping, optional
            As in `predict`.
        """
        return explain(self.bundle, data, label=label, read=read)

    def serve(self, host: str = "127.0.0.1", port: int = 8000, token: str | None = None) -> None:
        """Serve the saved model until Ctrl-C: a form and an API, at the address that is printed.

        Parameters
        ----------
        host, port
            The address to listen on; a host other than this machine's needs a `token`, port 0 selects a free one.
        token : str, optional
            Required from every request.
        """
        serve(self.bundle, host=host, port=port, token=token)
