"""How Numba is used here: one decorator, one cache policy, two escape hatches to LLVM."""

from groundup.engine.kernels.policy import kernel
from groundup.engine.kernels.prefetch import prefetch

__all__ = ["kernel", "prefetch"]
