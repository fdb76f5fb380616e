"""How a user wants the rows split: by time, by group, by a column, by files of their own, and in which sizes.

`SplitPlan.of` checks what needs no data. The other methods are called in this order: `with_files` reads the files,
`roles` gives the columns with a role, `split` splits the rows, `described` returns those that the contract may see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from groundup.errors import UsageError, nearest
from groundup.tables import Contract, Split, Table
from groundup.tables.split_column import read_split_column
from groundup.tables.splitting import SHARES, split
from groundup.tables.table import Note
from groundup.workbench.folding import SplitterFolds
from groundup.workbench.part_files import assignment_of, check_classes, training_rows, with_part_files

#: The parts of a plan, as they are named in Python and in a run's settings.
STATED = ("time", "group", "split_column", "valid", "test", "valid_size", "test_size")
#: The time "column" of rows that stand in the order of time.
ROW_ORDER = "row-order"


@dataclass(frozen=True)
class SplitPlan:
    """How the rows are split.

    Attributes
    ----------
    time, group : str or None
        The column that orders the rows, or ``ROW_ORDER``; the column whose equal values stay together.
    split_column : str or None
        The column that says which set a row is in.
    valid, test : path, frame or None
        Rows of these sets that are not in the training file.
    valid_size, test_size : float, int or None
        Shares, or numbers of rows; 15% where None.
    folding : SplitterFolds or None
        Makes the folds of the training set in place of the rule.
    """

    time: str | None = None
    group: str | None = None
    split_column: str | None = None
    valid: Any = None
    test: Any = None
    valid_size: float | None = None
    test_size: float | None = None
    folding: SplitterFolds | None = None

    @classmethod
    def of(
        cls,
        time: str | None = None,
        group: str | None = None,
        split_column: str | None = None,
        valid: Any = None,
        test: Any = None,
        valid_size: float | str | None = None,
        test_size: float | str | None = None,
        splitter: Any = None,
    ) -> SplitPlan:
        """Return the plan that a user states; see ``Project``.

        Raises
        ------
        UsageError
            If a size cannot be read, or two options say how the same set is made.
        """
        sizes = {"valid": _read_size(valid_size, "valid_size"), "test": _read_size(test_size, "test_size")}
        for part, source in (("valid", valid), ("test", test)):
            if source is not None and sizes[part] is not None:
                raise UsageError(
                    f"The {part} set has its own rows, so it cannot have a size as well.",
                    hint=f"Give {part} or {part}_size, not both.",
                )
            if source is not None and split_column is not None:
                raise UsageError(
                    f"The {part} set has its own rows, so the column {split_column!r} cannot say which rows it has.",
                    hint=f"Give {part} or split_column, not both.",
                )
        folding = None if splitter is None else SplitterFolds(splitter)
        return cls(time, group, split_column, valid, test, sizes["valid"], sizes["test"], folding)

    def options(self) -> list[tuple[str, Any]]:
        """Return the parts that are stated, by name."""
        return [(name, value) for name in STATED if (value := getattr(self, name)) is not None]

    def to_json(self, table: Table) -> dict[str, Any]:
        """Return the plan as JSON values; of rows of their own the digest of their cells."""
        digests = {file.part: file.digest for file in table.part_files}
        stated = {name: getattr(self, name) for name in STATED if name not in ("valid", "test")}
        folding = None if self.folding is None else self.folding.written.to_json()
        return {**stated, "valid": digests.get("valid"), "test": digests.get("test"), "split": folding}

    def with_files(
        self, table: Table, target: str | None, ignore: list[str], read: Mapping[str, Any]
    ) -> Table:
        """Return the table with the rows of the files below its own."""
        sources = {"valid": self.valid, "test": self.test}
        if not any(source is not None for source in sources.values()):
            return table
        return with_part_files(table, sources, target=target, not_needed=ignore, read=read)

    def by_row_order(self, table: Table) -> bool:
        """Return whether the order of the rows is their order in time."""
        named = str(self.time).lower().replace("_", "-").replace(" ", "-")
        return named == ROW_ORDER and self.time not in table.columns

    def roles(self, table: Table) -> dict[str, str | None]:
        """Return the time and the group column, as a contract takes them."""
        return {"time": None if self.by_row_order(table) else self.time, "group": self.group}

    def not_features(self, table: Table) -> list[str]:
        """Return the column that only says which set a row is in."""
        if self.split_column is None:
            return []
        if self.split_column not in table.columns:
            near = nearest(self.split_column, table.columns)
            raise UsageError(f"There is no split column {self.split_column!r}.{near}")
        if self.split_column in (self.time, self.group):
            raise UsageError(
                f"The split column {self.split_column!r} cannot be the time or group column too."
            )
        return [self.split_column]

    def split(self, table: Table, contract: Contract, seed: int) -> Split:
        """Split the rows; `contract` needs the columns with a role only.

        Raises
        ------
        UsageError
            If a size is given for a set whose rows the split column names, or no row would be left for training.
        """
        check_classes(table, contract)
        assigned = assignment_of(table)
        if names := self.not_features(table):
            assigned = read_split_column(table.frame[names[0]])
            for part in assigned.origins:
                if getattr(self, f"{part}_size") is not None:
                    raise UsageError(
                        f"The column {names[0]!r} has rows of the {part} set, so it cannot have a size as well.",
                        hint=f"Leave out {part}_size.",
                    )
        sizes = (self.valid_size, self.test_size)
        rest = [share if size is None else size for share, size in zip(SHARES[1:], sizes, strict=True)]
        is_default = all(size is None for size in sizes)
        shares = SHARES if is_default else (None, *rest)
        order = self.by_row_order(table)
        parts = split(
            table, contract, seed, shares, assigned=assigned, by_row_order=order, folding=self.folding
        )
        if self.folding is None:
            return parts
        note = Note("split", f"the folds of the training set are those of {self.folding.written.code}")
        return replace(parts, notes=(*parts.notes, note))

    def described(self, table: Table) -> Table:
        """Return the rows that a contract may describe: a test file's are never among them."""
        return training_rows(table)


def _read_size(given: float | str | None, name: str) -> float | int | None:
    """Return a share or a number of rows."""
    if given is None:
        return None
    text = str(given).strip()
    try:
        value = float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        value = 0.0
    is_count = value >= 1 and value == int(value) and not text.endswith("%")
    if isinstance(given, bool) or not (0 < value < 1 or is_count):
        hint = "Give a share like 0.2 or 20%, or a whole number of rows."
        if 1 < value < 100 and not is_count and not text.endswith("%"):
            hint = f"For {value:g}%, give {value / 100:g}."
        raise UsageError(f"{name} is {given!r}, which is neither a share nor a number of rows.", hint=hint)
    return int(value) if is_count else value
