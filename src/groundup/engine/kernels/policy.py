"""The one decorator under which every loop of this project is compiled.

``@kernel`` is ``njit(nogil=True, error_model="numpy")`` with a cache that cannot go stale (see `cache`). It is used so:

- *Choose in Python, loop in Numba*: a kernel takes arrays, numbers and named tuples; never functions, closures or jit
  classes, whose code Numba cannot keep between processes.
- *Serial*: threads are `engine.rows.threads`' work. ``parallel=True`` loads slowly even from the cache, and its
  ``workqueue`` layer aborts a process that enters it from two threads, as a server does.
- *Bounds and finiteness are checked at the door*, in Python: there are no bounds checks inside.
- ``@kernel(fast=True)`` adds the flags {nnan, ninf, nsz}: they keep every value's bits as long as no NaN or infinity
  comes in. Reassociation is never allowed: under full ``fastmath`` equal input gave other bits from fit to fit.

With ``NUMBA_DISABLE_JIT=1`` a kernel is the plain Python function.
"""

from __future__ import annotations

from numba import config, njit

from groundup.engine.kernels.cache import enable_cache

#: Flags that allow neither reordering nor contraction, so that the bits stay.
VALUE_PRESERVING = frozenset({"nnan", "ninf", "nsz"})

#: Every kernel that has been imported, by its full name: the tests walk it. (`groundup warmup` does not: it makes real
#: fits and predictions, so that what is compiled is what a build will call.)
registry: dict[str, object] = {}


def kernel(function=None, *, fast: bool = False, inline: bool = False, borrows: bool = False):
    """Compile a function of arrays and numbers, and keep the machine code for the next process.

    Parameters
    ----------
    function : callable
        The loop. Private, with its output arrays as last arguments (``out_...``).
    fast : bool
        Assume that no float inside is NaN or infinite (and that -0.0 equals 0.0).
    inline : bool
        Paste the body into each caller, so that constants of the caller can unroll its loops.
    borrows : bool
        The kernel makes no array, and returns none: all that it touches is the caller's, so references need not be
        counted (in a large kernel that is a quarter of the code to be compiled). One that does is refused when compiled.

    Returns
    -------
    Dispatcher
        The compiled function (compiled at its first call, or loaded), or `function` itself with the JIT off.
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
        _nrt=not borrows,  # said for each kernel: left out, it would be its first caller's
    )(function)
    enable_cache(dispatcher)
    registry[f"{function.__module__}.{function.__qualname__}"] = dispatcher
    return dispatcher
