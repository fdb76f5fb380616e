"""The one thread budget, and the one pool of threads that spends it.

Kernels release the GIL, so plain Python threads run them side by side. All fits and predictions of a process share one
pool: a search over a cross-validation over a forest never starts more threads than the budget, because a call made
inside the pool runs inline, in the thread that made it. The caller works too, and never waits for work that has not
been begun: a busy pool makes it slower, not stuck.

Nothing here may change a result: which thread does a task is left to chance, so tasks write to places of their own, or
return values that are merged by task number.

BLAS is held to one thread (`one_blas_thread`) while a fit or a predict runs: its own threads would fight with ours, and
its sums would depend on their number.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from groundup.errors import UsageError

_inside = threading.local()
_lock = threading.Lock()
_executor: ThreadPoolExecutor | None = None
_workers = 0


class BadBudget(UsageError, ValueError):
    """An environment variable that should say how many threads to use says something else."""


def budget(n_jobs: int | None = None) -> int:
    """Return how many threads a call may use: `n_jobs`, the environment, or every core this process may run on.

    Parameters
    ----------
    n_jobs : int, optional
        As in joblib: -1 is all cores, -2 all but one. None asks ``GROUNDUP_NUM_THREADS``, then ``OMP_NUM_THREADS``,
        then the cores (and the container's share of them).

    Raises
    ------
    ValueError
        If `n_jobs` is 0.
    BadBudget
        If an environment variable is not a positive whole number: a UsageError, and a ValueError too.
    """
    if n_jobs is not None:
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 has no meaning: use None for the default, -1 for all cores")
        return n_jobs if n_jobs > 0 else max(1, _cores() + 1 + n_jobs)
    for name in ("GROUNDUP_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(name, "").split(",")[0].strip()
        if text:
            if not text.isdecimal() or int(text) < 1:
                raise BadBudget(f"{name}={text!r} is not a positive whole number of threads")
            return int(text)
    return _cores()


def _cores() -> int:
    import joblib

    return joblib.cpu_count()


def run(task, n_tasks: int, n_threads: int) -> list:
    """Call ``task(i)`` for every i below `n_tasks`, on at most `n_threads` threads; return the results by i.

    The first exception stops the tasks not yet begun, and is raised once the others have ended: those that are made of
    calls of their own end before the next of these. Ctrl-C does the same.
    """
    n_threads = min(n_threads, n_tasks)
    outer = getattr(_inside, "broken", None)  # of the call that this thread of the pool works for
    if n_threads <= 1 or outer is not None:
        return [_unless(outer, task, i) for i in range(n_tasks)]
    results: list = [None] * n_tasks
    numbers = itertools.count()
    stop, broken = threading.Event(), threading.Event()

    def work():
        try:
            while not stop.is_set() and (i := next(numbers)) < n_tasks:
                results[i] = task(i)
        except BaseException:
            stop.set()
            broken.set()
            raise

    def work_inside():
        _inside.broken = broken
        try:
            work()
        except _BrokenOff:  # what broke it is raised elsewhere
            pass
        finally:
            _inside.broken = None

    futures: list[Future] = []
    try:
        _submit(work_inside, n_threads - 1, futures)
        work()
    finally:
        interrupted = None
        while (
            True
        ):  # also when Ctrl-C arrives meanwhile: kernels must not write into arrays that are given back
            try:
                stop.set()  # every task has been begun, or this thread has failed
                begun = [f for f in futures if not f.cancel()]
                for f in begun:
                    f.exception()
                break
            except KeyboardInterrupt as e:
                interrupted = e
                broken.set()
        if interrupted is not None:
            raise interrupted
    for f in begun:
        f.result()
    return results


class _BrokenOff(BaseException):
    """Another thread of the call that this one is part of has failed."""


def _unless(broken: threading.Event | None, task, i: int):
    if broken is not None and broken.is_set():
        raise _BrokenOff
    return task(i)


def _submit(work, n_workers: int, futures: list[Future]) -> None:
    """Hand `work` to `n_workers` threads of the process's pool, which is replaced by a larger one where too small.

    Under the lock, so that nobody hands work to a pool that another thread has just replaced. While the interpreter shuts
    down no thread can be had, and the caller works alone.
    """
    global _executor, _workers  # noqa: PLW0603 (the pool is one for the process)
    with _lock:
        if _executor is None or _workers < n_workers:
            if _executor is not None:
                _executor.shutdown(wait=False)  # what it was given before, it still does
            _executor = ThreadPoolExecutor(n_workers, thread_name_prefix="groundup")
            _workers = n_workers
        with contextlib.suppress(RuntimeError):
            futures.extend(_executor.submit(work) for _ in range(n_workers))


def _forget_pool() -> None:
    """A forked child has none of its parent's threads, and perhaps a held lock; the parent's fits are not the child's.

    So BLAS gets its threads back: whoever holds it to one, in the parent, does not leave in the child.
    """
    global _executor, _workers, _lock, _inside, _blas
    _executor, _workers, _lock, _inside = None, 0, threading.Lock(), threading.local()
    limits, _blas = _blas.limits, _Blas()
    if limits is not None:
        _Blas.take_over()
        limits.restore_original_limits()


class _Blas:
    """Counts who wants BLAS on one thread; the first one limits it, the last one gives back what was set before."""

    def __init__(self):
        self.lock, self.users = threading.Lock(), 0
        self.limits: Any = None
        self.controller: Any = None

    def enter(self):
        with self.lock:
            if self.users == 0:
                if self.controller is None:
                    import scipy.linalg  # noqa: F401 (the controller sees only the libraries that are loaded by now)
                    from threadpoolctl import ThreadpoolController

                    self.controller = ThreadpoolController()
                self.take_over()
                self.limits = self.controller.limit(limits=1, user_api="blas")
            self.users += 1

    def leave(self):
        with self.lock:
            self.users -= 1
            if self.users == 0:
                self.take_over()
                self.limits.restore_original_limits()
                self.limits = None

    @staticmethod
    def take_over():
        """Make this thread's limits count: since 3.8, threadpoolctl heeds the first thread that set any, and no other."""
        from threadpoolctl import OpenBLASController

        if hasattr(OpenBLASController, "clear_controlling_thread"):
            OpenBLASController.clear_controlling_thread(force=True)


_blas = _Blas()


@contextlib.contextmanager
def one_blas_thread():
    """Hold BLAS to one thread inside the block, in all threads of the process; blocks may nest and overlap."""
    blas = _blas
    blas.enter()
    try:
        yield
    finally:
        blas.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
