"""The decorator that compiles every loop of this project.

``@kernel`` is ``njit(nogil=True, error_model="numpy")`` with a cache that cannot go stale (see `cache`). The rules:

- *Choose in Python, loop in Numba*: a kernel takes arrays, numbers and named tuples; never functions, closures or jit
  classes, whose code Numba cannot keep between processes.
- *Serial*: `engine.rows.threads` provides the threads. ``parallel=True`` loads slowly even from the cache, and its
  ``workqueue`` layer aborts a process that enters it from two threads, as a server does.
- *Bounds and finiteness are checked by the caller*, in Python: kernels have no bounds checks.
- ``@kernel(fast=True)`` adds the flags {nnan, ninf, nsz}: they keep every bit as long as no NaN or infinity
  occurs. Reassociation is never allowed: under full ``fastmath`` equal input gave different bits from fit to fit.

With ``NUMBA_DISABLE_JIT=1`` a kernel is the plain Python function.
"""

from __future__ import annotations

from numba import config, njit

from groundup.engine.kernels.cache import enable_cache

#: Flags that allow neither reordering nor contraction, so results keep their bits.
VALUE_PRESERVING = frozenset({"nnan", "ninf", "nsz"})

#: Every imported kernel by its full name, for the tests. (`groundup warmup` makes real fits and predictions instead,
#: which compile exactly what a build calls.)
registry: dict[str, object] = {}


def kernel(function=None, *, fast: bool = False, inline: bool = False, borrows: bool = False):
    """Compile a function of arrays and numbers, and cache the machine code on disk.

    Parameters
    ----------
    function : callable
        The loop. Private, with its output arrays as last arguments (``out_...``).
    fast : bool
        Assume that no float inside is NaN or infinite (and that -0.0 equals 0.0).
    inline : bool
        Inline the body into each caller, so that the caller's constants can unroll its loops.
    borrows : bool
        The kernel neither allocates nor returns arrays, so reference counting is compiled out (a quarter of the code of
        a large kernel). Compilation fails if it does allocate.

    Returns
    -------
    Dispatcher
        The function, compiled or loaded at its first call; `function` itself with the JIT off.
    """
    if function is None:
        return lambda f: kernel(f, fast=fast, inline=inline, borrows=borrows)
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        registry[f"{function.__module__}.{function.__qualname__}"] = function
        return function
    dispatcher = njit(  # pyright: ignore[reportCallIssue]  (one option is not in its hints)
        nogil=True,
        error_model="numpy",
        fastmath=set(VALUE_PRESERVING) if fast else False,
        inline="always" if inline else "never",
        _nrt=not borrows,  # explicit, because the default is inherited from the first caller
    )(function)
    enable_cache(dispatcher)
    registry[f"{function.__module__}.{function.__qualname__}"] = dispatcher
    return dispatcher
