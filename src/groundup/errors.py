"""Errors that a user can act on: each names the file, row, column and value at fault, and the next step.

A :class:`GroundupError` is bad input, never a bug: the command line prints its one message without a traceback and
exits with ``exit_code``. Whatever is not a ``GroundupError`` is a bug of ours, and is shown as one.
"""

from __future__ import annotations


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
                ("file", self.file),
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


class UsageError(GroundupError):
    """The call itself is wrong: an unknown option, column or learner."""

    exit_code = 2


class CheckFailed(GroundupError):
    """A check the user asked for did not pass: a contract, a digest, a gate."""

    exit_code = 3


def nearest(name: str, names) -> str:
    """Return " Did you mean 'x'?" for the closest of `names`, or "" where none is close."""
    import difflib

    lowered = {str(n).lower(): str(n) for n in names}
    close = difflib.get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.6)
    return f" Did you mean {lowered[close[0]]!r}?" if close else ""


def shorten(value, width: int = 60) -> str:
    """Return `value` as repr, cut to `width` characters: cells can be a megabyte long."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."


def _rebuilt(cls, state):
    error = cls.__new__(cls)
    error.__dict__.update(state)
    Exception.__init__(error, str(error))
    return error
