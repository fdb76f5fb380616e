"""What an audit found: plain data that is stored in the result, shown by every face, and printed by ``--json``."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from groundup.errors import CheckFailed

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
KINDS: tuple[Kind, ...] = (
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
)
_ORDER = {"block": 0, "warn": 1, "note": 2}


class Strict(BaseModel):
    """Frozen, closed models: what another version wrote is refused, not guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Finding(Strict):
    """One thing that the audit found.

    Attributes
    ----------
    kind : str
        copy, proxy, missingness, sum (the target given away); identifier, subject (who a row is about); duplicates,
        conflicts (equal rows); repeat (columns that say the same); time.
    level : str
        block: no learner is trained before it is settled; warn: said in the result's warnings; note: said here only.
    columns : tuple of str
        What it is about; empty where it is about rows.
    told : str
        One sentence: what was found, with its numbers.
    remedy : str
        What to do.
    score : float or None
        Share of the target explained, or share of the rows.
    rows : tuple of int
        The first rows it is about, counted from 1 as errors count them.
    accepted : bool
        You said that you know, and keep it.
    """

    kind: Kind
    level: Level
    columns: tuple[str, ...] = ()
    told: str
    remedy: str = ""
    score: float | None = None
    rows: tuple[int, ...] = ()
    accepted: bool = False

    @property
    def blocks(self) -> bool:
        """Whether it stops a build."""
        return self.level == "block" and not self.accepted

    @property
    def subject(self) -> str:
        """What it is about, in a few words: its columns, or the rows."""
        return ", ".join(self.columns) if self.columns else "rows"

    @property
    def name(self) -> str:
        """The name by which it is accepted: its first column, or its kind where it is about rows."""
        return self.columns[0] if self.columns else self.kind


class Score(Strict):
    """What one column says of the target alone: the share explained, and of two classes the area under the ROC curve."""

    column: str
    explained: float
    auc: float | None = None


class Audit(Strict):
    """What the audit looked at and what it found.

    Attributes
    ----------
    findings : tuple of Finding
        The gravest first.
    scores : tuple of Score
        Every feature by what it says of the target alone, on rows of train that it was not counted on; the strongest
        first. Empty where there is no target.
    n_rows, n_columns : int
        Rows of train that were scored, and features.
    """

    version: Literal[1] = 1
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
        """Whether a build may go on."""
        return not self.blocking

    @property
    def warnings(self) -> list[str]:
        """What a reader of the result must not overlook: findings that warn, and those that were accepted."""
        out = [f"you accepted this: {f.told}" for f in self.findings if f.accepted and f.level == "block"]
        return out + [f.told for f in self.findings if f.level == "warn" and not f.accepted]

    def to_object(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"ok": self.ok, **self.model_dump(mode="json")}

    def to_entry(self) -> list[dict[str, Any]]:
        """Return the findings as the journal has them: what, how grave, about which columns, accepted or not."""
        kept = {"kind", "level", "columns", "accepted"}
        return [f.model_dump(mode="json", include=kept) for f in self.findings]

    def check(self) -> None:
        """Raise `LeakFound` if a finding blocks."""
        if self.blocking:
            raise LeakFound(self)

    def __str__(self) -> str:
        if not self.findings:
            return f"No leak found in {self.n_columns} columns."
        return "\n".join(
            f"{'accepted' if f.accepted else f.level:8}  {f.kind}: {f.told}"
            + (f" {f.remedy}" if f.remedy else "")
            for f in self.findings
        )

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{n} {level}"
            for level in _ORDER
            if (n := sum(f.level == level and not f.accepted for f in self.findings))
        )
        return f"<Audit of {self.n_columns} columns: {counts or 'nothing found'}>\n{self}"


class LeakFound(CheckFailed):
    """The audit found what gives the target away, and nobody has accepted it: no learner is trained.

    Attributes
    ----------
    audit : Audit
    """

    def __init__(self, audit: Audit):
        self.audit = audit
        found = audit.blocking
        if len(found) == 1:
            problem = sentence(found[0].told)
        else:
            problem = f"{len(found)} findings stop the build: " + "; ".join(f.told for f in found) + "."
        super().__init__(problem, hint=ways_out(found))


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, the gravest first, of one level by score."""
    return tuple(sorted(findings, key=lambda f: (f.accepted, _ORDER[f.level], -(f.score or 0.0))))


def sentence(text: str) -> str:
    """Return `text` with a capital letter and a full stop."""
    return f"{text[0].upper()}{text[1:]}." if text else text


def ways_out(found: Iterable[Finding]) -> str:
    """Return how to leave the findings out, and how to keep them, on the command line and in Python."""
    found = list(found)
    columns = list(dict.fromkeys(name for f in found for name in f.columns))
    names = list(dict.fromkeys(f.name for f in found))
    out = []
    if columns:
        out.append(f"Leave out what is not known when you predict: {_option('ignore', columns)}.")
    out += list(dict.fromkeys(f.remedy for f in found if not f.columns and f.remedy))
    keep = "Keep it, if it is" if len(names) == 1 else "Keep them, if they are"
    out.append(f"{keep} right: {_option('accept', names)}.")
    return "\n  ".join(out)


def typed(value: str) -> str:
    r"""Return a value as it is typed in a shell; what cannot be seen is written out.

    >>> typed("age"), typed("Date Egg"), typed("a\x1b")
    ('age', "'Date Egg'", "$'a\\x1b'")
    """
    if value.isprintable():
        return shlex.quote(value)
    plain = value.encode("unicode_escape").decode().replace("'", "\\'")
    return f"$'{plain}'"


def _option(name: str, values: list[str]) -> str:
    words = " ".join(f"--{name} {typed(value)}" for value in values)
    return f"{words} (in Python {name}={values!r})"
