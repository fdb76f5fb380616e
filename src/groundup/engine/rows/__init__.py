"""Rows: where they are stored, how they are cut into blocks, and which threads work on them."""

from groundup.engine.rows.blocks import INLINE_ROWS, Block, block_bounds, block_rows, runs
from groundup.engine.rows.merge import add_tree, merge_tree
from groundup.engine.rows.rows import Rows, Statistic
from groundup.engine.rows.source import Memmap, Memory, RowSource, aligned, plain
from groundup.engine.rows.sparse import Csr, CsrBlock, check_structure, dense
from groundup.engine.rows.threads import budget, one_blas_thread

__all__ = [
    "INLINE_ROWS",
    "Block",
    "Csr",
    "CsrBlock",
    "Memmap",
    "Memory",
    "RowSource",
    "Rows",
    "Statistic",
    "add_tree",
    "aligned",
    "block_bounds",
    "block_rows",
    "budget",
    "check_structure",
    "dense",
    "merge_tree",
    "one_blas_thread",
    "plain",
    "runs",
]
