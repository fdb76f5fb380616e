"""The findings of an audit: plain data that is stored in the result, displayed, and printed by ``--json``."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from groundup.errors import CheckFailed
from groundup.text.numbers import as_sentence

Kind = Literal[
    "copy",
    "proxy",
    "missingness",
    "sum",
    "identifier",
    "subject",
    "duplicates",
    "conflicts",
    "repeat",
    "time",
]
Level = Literal["block", "warn", "note"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_ORDER = {"block": 0, "warn": 1, "note": 2}


class Strict(BaseModel):
    """Frozen models without unknown fields: data of another version is refused, not guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Finding(Strict):
    """One finding of the audit.

    Attributes
    ----------
    kind : str
        copy, proxy, missingness, sum (the target is revealed); identifier, subject (who a row is about); duplicates,
        conflicts (equal rows); repeat (columns that repeat each other); time.
    level : str
        block: no model is trained before it is resolved; warn: listed in the result's warnings; note: shown here only.
    columns : tuple of str
        The columns concerned; empty for a finding about rows.
    message : str
        The finding in one sentence, with its numbers.
    remedy : str
        What to do, in one sentence; "" for nothing.
    score : float or None
        Share of the target explained, or share of the rows.
    rows : tuple of int
        The first rows concerned, counted from 1 as in errors.
    accepted : bool
        Whether the user accepts it.
    """

    kind: Kind
    level: Level
    columns: tuple[str, ...] = ()
    message: str
    remedy: str = ""
    score: float | None = None
    rows: tuple[int, ...] = ()
    accepted: bool = False

    @property
    def blocks(self) -> bool:
        """Whether it stops a build."""
        return self.level == "block" and not self.accepted

    @property
    def sentence(self) -> str:
        """The message as a sentence of its own; in a table of findings it stands without a full stop."""
        return as_sentence(f"{self.message[:1].upper()}{self.message[1:]}")

    @property
    def subject(self) -> str:
        """The columns concerned, or "rows"."""
        return ", ".join(self.columns) if self.columns else "rows"

    @property
    def name(self) -> str:
        """The name by which it is accepted: its first column, or its kind for a finding about rows."""
        return self.columns[0] if self.columns else self.kind


class Score(Strict):
    """The share of the target that one column explains alone and, for two classes, its ROC AUC."""

    column: str
    explained: float
    auc: float | None = None


class Audit(Strict):
    """The findings of an audit, and how much of the target each column explains.

    Attributes
    ----------
    findings : tuple of Finding
        The most serious first.
    scores : tuple of Score
        The share of the target that every feature explains alone, out of fold on the training set; the largest first.
        Empty without a target.
    n_rows, n_columns : int
        The number of training rows that were used, and of features.
    """

    version: Literal[2] = 2
    target: str | None = None
    n_rows: int = 0
    n_columns: int = 0
    findings: tuple[Finding, ...] = ()
    scores: tuple[Score, ...] = ()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop a build."""
        return tuple(f for f in self.findings if f.blocks)

    @property
    def ok(self) -> bool:
        """Whether a build may continue."""
        return not self.blocking

    @property
    def warnings(self) -> list[str]:
        """The warnings of the result: accepted findings that would block, and findings that warn."""
        out = [f"Accepted finding: {f.sentence}" for f in self.findings if f.accepted and f.level == "block"]
        return out + [f.sentence for f in self.findings if f.level == "warn" and not f.accepted]

    def to_object(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"ok": self.ok, **self.model_dump(mode="json")}

    def to_entry(self) -> list[dict[str, Any]]:
        """Return the findings as the journal stores them: kind, level, columns, accepted."""
        fields = {"kind", "level", "columns", "accepted"}
        return [f.model_dump(mode="json", include=fields) for f in self.findings]

    def check(self) -> None:
        """Raise `LeakFound` if a finding blocks."""
        if self.blocking:
            raise LeakFound(self)

    def __str__(self) -> str:
        if not self.findings:
            return f"No leak found in {self.n_columns} columns."
        return "\n".join(
            f"{'accepted' if f.accepted else f.level:8}  {f.kind}: {f.message}"
            + (f" {f.remedy}" if f.remedy else "")
            for f in self.findings
        )

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{n} {level}"
            for level in _ORDER
            if (n := sum(f.level == level and not f.accepted for f in self.findings))
        )
        return f"<Audit of {self.n_columns} columns: {counts or 'no findings'}>\n{self}"


class LeakFound(CheckFailed):
    """The audit has a blocking finding that was not accepted: no model is trained.

    Attributes
    ----------
    audit : Audit
    """

    def __init__(self, audit: Audit):
        self.audit = audit
        found = audit.blocking
        if len(found) == 1:
            problem = found[0].sentence
        else:
            problem = f"{len(found)} findings stop the build: " + "; ".join(f.message for f in found) + "."
        super().__init__(problem, hint=suggest_options(found))


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, the most serious first, within a level by score."""
    return tuple(sorted(findings, key=lambda f: (f.accepted, _ORDER[f.level], -(f.score or 0.0))))


def suggest_options(found: Iterable[Finding]) -> str:
    """Return the options that leave the columns of findings out, and those that accept them: command line and Python."""
    found = list(found)
    columns = list(dict.fromkeys(name for f in found for name in f.columns))
    names = list(dict.fromkeys(f.name for f in found))
    out = []
    if columns:
        out.append(
            f"Leave out the columns that are not known when you predict: {_format_option('ignore', columns)}."
        )
    out += list(dict.fromkeys(f.remedy for f in found if not f.columns and f.remedy))
    accept = (
        "Accept the finding if it is no leak"
        if len(names) == 1
        else "Accept the findings if they are no leaks"
    )
    out.append(f"{accept}: {_format_option('accept', names)}.")
    return "\n  ".join(out)


def quote_for_shell(value: str) -> str:
    r"""Return a value quoted for a shell, with non-printable characters as escapes.

    >>> quote_for_shell("age"), quote_for_shell("Date Egg"), quote_for_shell("a\x1b")
    ('age', "'Date Egg'", "$'a\\x1b'")
    """
    if value.isprintable():
        return shlex.quote(value)
    escaped = value.encode("unicode_escape").decode().replace("'", "\\'")
    return f"$'{escaped}'"


def _format_option(name: str, values: list[str]) -> str:
    words = " ".join(f"--{name} {quote_for_shell(value)}" for value in values)
    return f"{words} (in Python {name}={values!r})"
