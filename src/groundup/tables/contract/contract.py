"""The data contract: the columns that a model was trained on, and therefore expects.

It is inferred once, at training; the request model, the table check, the form and the drift baseline are made from it. It
is stored as JSON with a version number; newer versions are refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field, ValidationError, model_validator

from groundup.errors import CheckFailed, GroundupError, UsageError, nearest, panics_as_errors
from groundup.tables.contract.column import Column, Level, Strict, Value, label_named
from groundup.tables.contract.conform import conform, conform_row, target_values
from groundup.tables.contract.infer import Roles, infer_fields, infer_roles
from groundup.tables.contract.problems import Conformed, ConformedRow
from groundup.tables.contract.rendering import render_html, render_text
from groundup.tables.sources.frames import as_frame, as_table
from groundup.tables.sources.names import find_name
from groundup.tables.sources.simple_types import DURATIONS
from groundup.tables.table import Note, Table
from groundup.text.numbers import pluralize

VERSION = 2


class Contract(Strict):
    """The kind, role and range of every column of a table, and the target.

    Attributes
    ----------
    version : int
    name : str
        Of the training table.
    source_digest : str
        ``Table.digest`` of the training table.
    n_rows : int
        Training rows: of a project, those of the training and validation sets; else all with a target value.
    n_target_missing : int
        Rows excluded because they have no target value.
    task : str
        binary, multiclass, regression or clustering.
    target, time, group, weight : str or None
        Names of the columns with these roles.
    columns : tuple of Column
        In the table's order.
    labels : tuple of Level
        The classes with their counts, in their own type and natural order.
    spellings : dict
        Folded spelling -> label, where training had several spellings of one (``tables.contract.spellings``).
    positive : bool, int, float, str or None
        The positive class of two, which precision and recall are about; None for the last one.
    example : dict
        A typical case that no row need equal (medians, most frequent levels): features only, as JSON values.
    notes : tuple of Note
        Every decision taken during inference.
    """

    version: Literal[1, 2] = VERSION
    name: str
    source_digest: str
    n_rows: int = Field(ge=1)
    n_target_missing: int = Field(default=0, ge=0)
    task: Literal["binary", "multiclass", "regression", "clustering"]
    target: str | None = None
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    columns: tuple[Column, ...]
    labels: tuple[Level, ...] = ()
    spellings: dict[str, str] = Field(default_factory=dict, exclude_if=lambda found: not found)
    positive: Value | None = None
    example: dict[str, Value | None] = Field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @classmethod
    def infer(
        cls,
        table: Table | pl.DataFrame,
        target: str | None = None,
        task: str | None = None,
        time: str | None = None,
        group: str | None = None,
        *,
        weight: str | None = None,
        positive: Value | None = None,
        kinds: Mapping[str, str] | None = None,
        ignore: Sequence[str] = (),
        units: Mapping[str, str] | None = None,
        rows: np.ndarray | None = None,
    ) -> Contract:
        """Infer the contract of `table`.

        Parameters
        ----------
        table : Table or frame
        target : str, optional
            The column to predict; clustering where None.
        task : str, optional
            binary, multiclass, classification, regression or clustering; inferred from the target where None.
        time, group : str, optional
            The column that orders the rows; the column whose equal values must stay together.
        weight : str, optional
            The column that says how much a row counts in fits and scores: numbers of at least 0.
        positive : optional
            The positive class of two, in its own type or as text; the last one where None.
        kinds : mapping, optional
            Column -> kind, to override the inferred one: ``{"zip": "category"}``.
        ignore : sequence of str
            Columns not to use.
        units : mapping, optional
            Column -> unit, shown in the form and the report; of durations it is s.
        rows : array of int, optional
            Numbers (from 0) of the training rows, as in ``Split.development``. The task, the labels and the kinds
            come from all rows of `table`, everything else from these: ranges, levels, counts, missing shares. All rows
            where None.

        Column names may be given as in the file, with blanks around them.

        Raises
        ------
        GroundupError
            Unknown names, an unsuitable target, or no usable feature.
        """
        read = as_table(table)
        names = dict.fromkeys(read.columns)
        seconds = {str(note.column): "s" for note in read.notes if note.kind == DURATIONS}
        return cls(
            **infer_fields(
                read,
                task,
                _roles(read, target, time, group, weight),
                positive=positive,
                kinds={find_name(name, names): kind for name, kind in (kinds or {}).items()},
                ignore=[find_name(name, names) for name in ignore],
                units=seconds | {find_name(name, names): unit for name, unit in (units or {}).items()},
                rows=rows,
            )
        )

    @classmethod
    def infer_roles(
        cls,
        table: Table | pl.DataFrame,
        target: str | None = None,
        task: str | None = None,
        time: str | None = None,
        group: str | None = None,
    ) -> Contract:
        """Infer a contract of the target, time and group columns alone: what a split needs before features are described.

        Parameters and errors are those of `infer`.
        """
        read = as_table(table)
        return cls(**infer_roles(read, task, _roles(read, target, time, group, None)))

    @model_validator(mode="after")
    def _check(self):
        names = [c.name for c in self.columns]
        if len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        for role in ("target", "time", "group", "weight"):
            named = [c.name for c in self.columns if c.role == role]
            if named != ([] if (name := getattr(self, role)) is None else [name]):
                raise ValueError(
                    f"the contract's {role} is {getattr(self, role)!r}, but the columns with this role are {named}"
                )
        expected = {"binary": self.n_labels == 2, "multiclass": self.n_labels > 2}.get(
            self.task, self.n_labels == 0
        )
        if not expected or (self.target is None) != (self.task == "clustering"):
            raise ValueError(
                f"a {self.task} task cannot have {self.n_labels} labels and the target {self.target!r}"
            )
        if self.positive is not None and (
            self.task != "binary" or self.positive not in [level.value for level in self.labels]
        ):
            raise ValueError(f"the positive class {self.positive!r} is none of two labels")
        return self

    @property
    def n_labels(self) -> int:
        """Number of classes; 0 for regression and clustering."""
        return len(self.labels)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the feature columns, in order."""
        return tuple(c.name for c in self.columns if c.role == "feature")

    @cached_property
    def feature_columns(self) -> tuple[Column, ...]:
        """The feature columns, in order."""
        return tuple(c for c in self.columns if c.role == "feature")

    @cached_property
    def ignored(self) -> dict[str, str]:
        """Ignored column -> reason."""
        return {c.name: c.reason for c in self.columns if c.role == "ignored"}

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Every column by its name."""
        return {c.name: c for c in self.columns}

    @cached_property
    def classes(self) -> np.ndarray:
        """The labels as one array in their own type, sorted as ``np.unique`` sorts them."""
        return np.array([label.value for label in self.labels])

    @cached_property
    def positive_class(self):
        """The positive class of two, in its own type; None for other tasks."""
        if self.task != "binary":
            return None
        return self.labels[-1].value if self.positive is None else self.positive

    def label(self, name, what: str = "class"):
        """Return the class that `name` names, in its own type; `what` is what the error calls it.

        Raises
        ------
        UsageError
            If there is none; with the nearest label.
        """
        return label_named(name, [level.value for level in self.labels], self.target, what)

    def weights(self, table) -> np.ndarray | None:
        """Return the weight of every row of the training table; None without a weight column.

        A row without a target value, which takes part in nothing, may have none: it gets 0.
        """
        if self.weight is None:
            return None
        series = as_frame(table)[self.weight].cast(pl.Float64)
        return series.fill_nan(0.0).fill_null(0.0).to_numpy()

    def column(self, name: str) -> Column:
        """Return the column `name`, or raise an error with a similar name."""
        if name not in self.by_name:
            raise UsageError(f"The contract has no column {name!r}.{nearest(name, self.by_name)}")
        return self.by_name[name]

    def conform(self, frame) -> Conformed:
        """Convert `frame` (a Table, Polars, pandas or Arrow frame, a mapping or a list of rows) to this contract's form.

        Columns are matched by name, in any order; unknown ones are ignored and listed in ``extra``. All rows are kept, in
        order; cells that do not fit are listed as problems. ``tables.contract.problems`` lists their kinds.

        Raises
        ------
        CheckFailed
            If columns are missing; the message names all of them.
        """
        with panics_as_errors("The rows cannot be checked"):
            return conform(as_frame(frame), self)

    def conform_row(self, row: Mapping[str, object]) -> ConformedRow:
        """Convert one row, given as a mapping, to this contract's form: ``conform`` without Polars."""
        return conform_row(row, self)

    def target_values(self, frame, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the target of `frame` as one array: labels in their own type, or float64.

        Parameters
        ----------
        frame : Table or frame
        rows : array of int, optional
            Row numbers (from 0) to use, as in ``Split``; all rows where None.

        Raises
        ------
        GroundupError
            If a row has no target value, or one unknown to the contract; with row, column and value.
        """
        return target_values(as_frame(frame), self, rows)

    def __str__(self) -> str:
        return render_text(self)

    def __repr__(self) -> str:
        target = "" if self.target is None else f" of {self.target!r}"
        features = pluralize(len(self.features), "feature")
        return f"<Contract {self.name!r}: {self.task}{target}, {features}, {pluralize(self.n_rows, 'row')}>"

    def to_json(self) -> str:
        """Return the contract as JSON, indented; ``Contract.from_json`` gives an equal one."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str | bytes) -> Contract:
        """Read a contract from JSON.

        Raises
        ------
        GroundupError
            If the text is not JSON, not a contract, or of a newer version.
        """
        try:
            version = json.loads(text).get("version")
        except (ValueError, AttributeError, RecursionError) as error:
            raise GroundupError(f"This is not a contract: {error}.") from None
        if isinstance(version, int) and version > VERSION:
            raise CheckFailed(
                f"The contract has version {version}; this version of groundup reads versions up to {VERSION}.",
                hint="Upgrade groundup to read it.",
            )
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise GroundupError(f"The contract is damaged at {where or 'its top'}: {first['msg']}.") from None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the contract, which a bundle stores and checks."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def _repr_html_(self) -> str:
        return render_html(self)


def _roles(table: Table, *names: str | None) -> Roles:
    """Return the columns that the names of target, time and group mean."""
    return Roles(*(find_name(name, dict.fromkeys(table.columns)) for name in names))
