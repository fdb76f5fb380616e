"""The data contract: the kind, role and range of each column, inferred once and checked on all later rows."""

from groundup.tables.contract.column import Column, Level
from groundup.tables.contract.contract import Contract
from groundup.tables.contract.problems import Conformed, Problem

__all__ = ["Column", "Conformed", "Contract", "Level", "Problem"]
