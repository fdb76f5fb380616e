"""The data contract: what each column means, inferred once and checked ever after."""

from groundup.tables.contract.column import Column, Level
from groundup.tables.contract.contract import Contract
from groundup.tables.contract.problems import Conformed, Problem

__all__ = ["Column", "Conformed", "Contract", "Level", "Problem"]
