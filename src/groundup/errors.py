"""Errors that a user can act on: each names the file, row, column and value at fault, and the next step.

A :class:`GroundupError` reports bad input, never a bug: the command line prints its message without a traceback and
exits with ``exit_code``. Any other exception is a bug in groundup and keeps its traceback.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager


class GroundupError(Exception):
    """Bad input, reported in one message.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence that names what is at fault.
    hint : str, optional
        The next step, as a full sentence.
    file, row, column, value : optional
        Location of the problem, printed in this order. Rows count from 1, the header not counted.
    """

    exit_code = 1

    def __init__(self, problem: str, *, hint: str = "", file=None, row=None, column=None, value=None):
        self.problem, self.hint = problem, hint
        self.file, self.row, self.column, self.value = file, row, column, value
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [
            f"{name} {text}"
            for name, text in (
                ("folder" if _is_folder(self.file) else "file", self.file),
                ("row", self.row),
                ("column", None if self.column is None else repr(self.column)),
                ("value", None if self.value is None else shorten(self.value)),
            )
            if text is not None
        ]
        where = f" ({', '.join(parts)})" if parts else ""
        hint = f"\n  {self.hint}" if self.hint else ""
        return f"{self.problem}{where}{hint}"

    def __reduce__(self):
        return _rebuild, (type(self), self.__dict__.copy())


def _is_folder(path) -> bool:
    """Return whether `path` is an existing folder."""
    return isinstance(path, (str, os.PathLike)) and os.path.isdir(path)  # noqa: PTH112 (which raises on odd names)


class UsageError(GroundupError):
    """The call itself is wrong: an unknown option, column or model."""

    exit_code = 2


class DependentColumns(UserWarning):
    """Columns are linearly dependent: the coefficients reported are one of many equally good solutions."""


class CheckFailed(GroundupError):
    """A check that the user requested failed: a contract, a digest, a gate."""

    exit_code = 3


def is_panic(error: BaseException) -> bool:
    """Return whether `error` is a panic of Polars: a failure inside its Rust code, which is not an ``Exception``."""
    return type(error).__name__ == "PanicException"


@contextmanager
def panics_as_errors(problem: str, *, file=None, kind: type[GroundupError] = GroundupError) -> Iterator[None]:
    """Raise a panic of Polars, which would end a program or a thread, as an error of ours.

    Parameters
    ----------
    problem : str
        What cannot be done, without a full stop: "The file cannot be read".
    file : optional
        The file concerned.
    kind : class, optional
        Of the error.
    """
    try:
        yield
    except BaseException as error:
        if not is_panic(error):
            raise
        first = str(error).partition("\n")[0][:200]
        raise kind(
            f"{problem}: Polars fails on one of its values ({first}).",
            file=file,
            hint="Convert the columns of unusual types to numbers or text, or leave them out.",
        ) from None


def nearest(name: str, names) -> str:
    """Return " Did you mean 'x'?" for the most similar of `names`, "" where none is similar enough."""
    match = nearest_of(name, names)
    return "" if match is None else f" Did you mean {match!r}?"


def nearest_of(name: str, names) -> str | None:
    """Return the most similar of `names` to `name`, None where none is similar enough.

    Similar means a typing error: `difflib`'s ratio is at least 0.75, case and the separators of words ignored. Words of
    up to three letters must be equal, so "Yes" is no suggestion for "yep", nor "not" for "no".
    """
    wanted = _fold(name)
    candidates = {_fold(other): other for other in reversed([str(other) for other in names])}
    if wanted in candidates:
        return candidates[wanted]
    matches = difflib.get_close_matches(
        wanted, [other for other in candidates if max(len(other), len(wanted)) > 3], n=1, cutoff=0.75
    )
    return candidates[matches[0]] if matches else None


def _fold(name) -> str:
    """Return `name` in small letters, with one separator between words."""
    return str(name).lower().replace("-", "_").replace(" ", "_")


def shorten(value, width: int = 60) -> str:
    """Return the repr of `value`, cut to `width` characters, since a cell can be a megabyte long."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."


def _rebuild(cls, state):
    """Restore a pickled error."""
    error = cls.__new__(cls)
    error.__dict__.update(state)
    Exception.__init__(error, str(error))
    return error
