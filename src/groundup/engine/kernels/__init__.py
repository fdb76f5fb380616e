"""How Numba is used here: one decorator, one cache policy, two escape hatches to LLVM."""

from groundup.engine.kernels.policy import kernel
from groundup.engine.kernels.prefetch import prefetch, prefetch_l2

__all__ = ["kernel", "prefetch", "prefetch_l2"]
