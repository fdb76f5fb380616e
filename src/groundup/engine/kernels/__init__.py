"""How Numba is used: one decorator, one cache policy, and two modules written in LLVM's instructions."""

from groundup.engine.kernels.policy import kernel
from groundup.engine.kernels.prefetch import prefetch, prefetch_l2

__all__ = ["kernel", "prefetch", "prefetch_l2"]
