"""Errors that a user can act on: each names the file, row, column and value at fault, and the next step.

A :class:`GroundupError` is bad input, never a bug: the command line prints its one message without a traceback and
exits with ``exit_code``. Whatever is not a ``GroundupError`` is a bug of ours, and is shown as one.
"""

from __future__ import annotations

import os


class GroundupError(Exception):
    """Bad input, told in one message.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence, with the names of the things at fault.
    hint : str, optional
        The next step: what the reader can do about it.
    file, row, column, value : optional
        Where: shown in this order where given. Rows count from 1, the header not counted.
    """

    exit_code = 1

    def __init__(self, problem: str, *, hint: str = "", file=None, row=None, column=None, value=None):
        self.problem, self.hint = problem, hint
        self.file, self.row, self.column, self.value = file, row, column, value
        super().__init__(str(self))

    def __str__(self) -> str:
        places = [
            f"{name} {shown}"
            for name, shown in (
                ("folder" if _is_folder(self.file) else "file", self.file),
                ("row", self.row),
                ("column", None if self.column is None else repr(self.column)),
                ("value", None if self.value is None else shorten(self.value)),
            )
            if shown is not None
        ]
        where = f" ({', '.join(places)})" if places else ""
        hint = f"\n  {self.hint}" if self.hint else ""
        return f"{self.problem}{where}{hint}"

    def __reduce__(self):
        return _rebuilt, (type(self), self.__dict__.copy())


def _is_folder(path) -> bool:
    return isinstance(path, (str, os.PathLike)) and os.path.isdir(path)  # noqa: PTH112 (which raises on odd names)


class UsageError(GroundupError):
    """The call itself is wrong: an unknown option, column or learner."""

    exit_code = 2


class DependentColumns(UserWarning):
    """Columns that make up one another: a model that tells the share of each has chosen one of many answers."""


class CheckFailed(GroundupError):
    """A check the user asked for did not pass: a contract, a digest, a gate."""

    exit_code = 3


def nearest(name: str, names) -> str:
    """Return " Did you mean 'x'?" for the one of `names` that may have been meant, or "" where none is near."""
    near = nearest_of(name, names)
    return "" if near is None else f" Did you mean {near!r}?"


def nearest_of(name: str, names) -> str | None:
    """Return the one of `names` that may have been meant by `name`, None where none is near.

    Near is what a slip of the pen makes: letters left out, put in, changed or swapped, one for every four letters; case
    and the sign between words do not count. So a word of three letters is suggested for itself only: "yep" is no "Yes".
    """
    wanted = _plain(name)
    found = [
        (_slips(wanted, _plain(other), max(len(wanted), len(other)) // 4), other) for other in map(str, names)
    ]
    near = min(((slips, i) for i, (slips, _) in enumerate(found) if slips is not None), default=None)
    return None if near is None else found[near[1]][1]


def _plain(name) -> str:
    return str(name).lower().replace("-", "_").replace(" ", "_")


def _slips(a: str, b: str, most: int) -> int | None:
    """Return how many slips lead from `a` to `b` (optimal string alignment distance), None if more than `most`."""
    if a == b:
        return 0
    if abs(len(a) - len(b)) > most:
        return None
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        last, before, row = before, row, [i]
        for j, other in enumerate(b, start=1):
            slips = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and other == a[i - 2]:
                slips = min(slips, last[j - 2] + 1)
            row.append(slips)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None


def shorten(value, width: int = 60) -> str:
    """Return `value` as repr, cut to `width` characters: cells can be a megabyte long."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."


def _rebuilt(cls, state):
    error = cls.__new__(cls)
    error.__dict__.update(state)
    Exception.__init__(error, str(error))
    return error
