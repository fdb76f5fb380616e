"""The thread budget and the thread pool of a process.

Kernels release the GIL, so plain Python threads run them in parallel. All fits and predictions of a process share one
pool: a search over a cross-validation over a forest never starts more threads than the budget, because a call made inside
the pool runs inline, in the calling thread. The caller works too and never waits for a task that has not started, so a
busy pool cannot cause a deadlock.

Results do not depend on scheduling: any thread may run any task, so tasks write to separate memory or return values that
are merged by task number.

BLAS is limited to one thread (`one_blas_thread`) during fit and predict: its threads would compete with ours, and its
sums would depend on their number.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from threadpoolctl import OpenBLASController, ThreadpoolController

from groundup.errors import UsageError

_inside = threading.local()
_lock = threading.Lock()
_executor: ThreadPoolExecutor | None = None
_workers = 0


class BadBudget(UsageError, ValueError):
    """An environment variable for the number of threads is not a positive whole number."""


def budget(n_jobs: int | None = None) -> int:
    """Return how many threads a call may use: `n_jobs`, the environment, or every core this process may run on.

    Parameters
    ----------
    n_jobs : int, optional
        As in joblib: -1 is all cores, -2 all but one. None uses ``GROUNDUP_NUM_THREADS``, then ``OMP_NUM_THREADS``,
        then the number of cores (that the container may use).

    Raises
    ------
    ValueError
        If `n_jobs` is 0.
    BadBudget
        If an environment variable is not a positive whole number; both a UsageError and a ValueError.
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
    """Return the number of cores that this process may use."""
    import joblib  # 0.1 s that an explicit number of threads saves

    return joblib.cpu_count()


def run(task, n_tasks: int, n_threads: int) -> list:
    """Call ``task(i)`` for every i below `n_tasks`, on at most `n_threads` threads; return the results by i.

    The first exception cancels the tasks not yet started and is raised once the running ones have ended; a running task
    ends before its next nested call. Ctrl-C does the same.
    """
    n_threads = min(n_threads, n_tasks)
    outer = getattr(_inside, "failed", None)  # the event of the call that this pool thread works for
    if n_threads <= 1 or outer is not None:
        return [_run_unless(outer, task, i) for i in range(n_tasks)]
    results: list = [None] * n_tasks
    numbers = itertools.count()
    stop, failed = threading.Event(), threading.Event()

    def work():
        try:
            while not stop.is_set() and (i := next(numbers)) < n_tasks:
                results[i] = task(i)
        except BaseException:
            stop.set()
            failed.set()
            raise

    def work_in_pool():
        _inside.failed = failed
        try:
            work()
        except _Cancelled:  # the original exception is raised elsewhere
            pass
        finally:
            _inside.failed = None

    futures: list[Future] = []
    try:
        _submit(work_in_pool, n_threads - 1, futures)
        work()
    finally:
        interrupted = None
        while True:  # even if Ctrl-C arrives here: kernels must not write to arrays that the caller has back
            try:
                stop.set()  # every task has started, or this thread has failed
                started = [f for f in futures if not f.cancel()]
                for f in started:
                    f.exception()
                break
            except KeyboardInterrupt as e:
                interrupted = e
                failed.set()
        if interrupted is not None:
            raise interrupted
    for f in started:
        f.result()
    return results


class _Cancelled(BaseException):
    """Another thread of the same call has failed."""


def _run_unless(failed: threading.Event | None, task, i: int):
    """Return ``task(i)``, or raise if another thread of the call has failed."""
    if failed is not None and failed.is_set():
        raise _Cancelled
    return task(i)


def _submit(work, n_workers: int, futures: list[Future]) -> None:
    """Submit `work` to `n_workers` threads of the process's pool, which is replaced by a larger one if necessary.

    The lock keeps threads from submitting to a pool that has just been replaced. While the interpreter shuts down, no
    thread can be started and the caller works alone.
    """
    global _executor, _workers  # noqa: PLW0603 (the pool is one for the process)
    with _lock:
        if _executor is None or _workers < n_workers:
            if _executor is not None:
                _executor.shutdown(wait=False)  # it still completes its tasks
            _executor = ThreadPoolExecutor(n_workers, thread_name_prefix="groundup")
            _workers = n_workers
        with contextlib.suppress(RuntimeError):
            futures.extend(_executor.submit(work) for _ in range(n_workers))


def _forget_pool() -> None:
    """Reset the state of a forked child: it has none of its parent's threads, and may have inherited a locked lock.

    BLAS gets its threads back, since the fits that limit it run in the parent only.
    """
    global _executor, _workers, _lock, _inside, _blas
    _executor, _workers, _lock, _inside = None, 0, threading.Lock(), threading.local()
    limits, _blas = _blas.limits, _Blas()
    if limits is not None:
        _Blas.take_over()
        limits.restore_original_limits()


class _Blas:
    """Counts the users of single-threaded BLAS: the first sets the limit, the last restores the previous one."""

    def __init__(self):
        self.lock, self.users = threading.Lock(), 0
        self.limits: Any = None
        self.controller: Any = None

    def enter(self):
        with self.lock:
            if self.users == 0:
                if self.controller is None:
                    import scipy.linalg  # noqa: F401 (the controller finds loaded libraries only; 0.2 s)

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
        """Let this thread set limits: since 3.8, threadpoolctl accepts them only from the first thread that did."""
        if hasattr(OpenBLASController, "clear_controlling_thread"):
            OpenBLASController.clear_controlling_thread(force=True)


_blas = _Blas()


@contextlib.contextmanager
def one_blas_thread():
    """Limit BLAS to one thread inside the block, for the whole process; blocks may nest and overlap."""
    blas = _blas
    blas.enter()
    try:
        yield
    finally:
        blas.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
