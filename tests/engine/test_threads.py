"""Threads: one budget, one pool, and no way to lose an exception, a Ctrl-C or a result."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from groundup.engine.rows import budget, one_blas_thread, threads
from groundup.errors import UsageError


@pytest.fixture
def plain_environment(monkeypatch):
    for name in ("GROUNDUP_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_budget_is_from_the_call_then_the_environment_then_the_cores(plain_environment):
    import joblib

    cores = joblib.cpu_count()
    assert budget() == cores
    plain_environment.setenv("OMP_NUM_THREADS", "3")
    assert budget() == 3
    plain_environment.setenv("OMP_NUM_THREADS", "5,2")  # OpenMP's nested form: the outer level counts
    assert budget() == 5
    plain_environment.setenv("GROUNDUP_NUM_THREADS", "7")
    assert budget() == 7
    assert budget(2) == 2
    assert budget(-1) == cores
    assert budget(-2) == max(1, cores - 1)
    assert budget(-1000) == 1
    plain_environment.setenv("GROUNDUP_NUM_THREADS", " ")
    assert budget() == 5


@pytest.mark.parametrize("text", ["0", "-1", "many", "2.5", "²"])
def test_an_invalid_budget_is_reported(plain_environment, text):
    plain_environment.setenv("GROUNDUP_NUM_THREADS", text)
    with pytest.raises(ValueError, match="GROUNDUP_NUM_THREADS"):
        budget()
    with pytest.raises(
        UsageError, match="is not a positive whole number of threads"
    ):  # told without a traceback
        budget()


def test_n_jobs_of_zero_has_no_meaning():
    with pytest.raises(ValueError, match="n_jobs == 0"):
        budget(0)


@pytest.mark.parametrize("n_threads", [1, 2, 4, 9])
def test_results_come_in_the_order_of_the_tasks(n_threads):
    def task(i):
        time.sleep(0.002 * (i % 3))
        return i * i

    assert threads.run(task, 20, n_threads) == [i * i for i in range(20)]
    assert threads.run(task, 0, n_threads) == []


def _gathering(n: int):
    """Return a task that ends only when `n` of its kind run at the same time, and the names of those threads."""
    together, names = threading.Barrier(n, timeout=10), []

    def task(i):
        together.wait()
        names.append(threading.current_thread().name)

    return task, names


def test_tasks_run_at_the_same_time_and_the_caller_works_too():
    task, names = _gathering(3)
    threads.run(task, 3, 3)
    assert len(set(names)) == 3
    assert threading.current_thread().name in names


def test_never_more_threads_than_requested():
    running, most, lock = 0, 0, threading.Lock()

    def task(i):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with lock:
            running -= 1

    threads.run(task, 4, 4)  # the pool has three workers from here on
    most = 0
    threads.run(task, 30, 2)
    assert most <= 2


def test_a_call_inside_the_pool_runs_inline():
    where = {}

    def inner(j):
        return threading.get_ident()

    def outer(i):
        time.sleep(0.01)
        where[threading.get_ident()] = set(threads.run(inner, 8, 4))

    threads.run(outer, 6, 3)
    inside = {ident: inner for ident, inner in where.items() if ident != threading.get_ident()}
    assert inside
    assert all(idents == {ident} for ident, idents in inside.items())


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("bad", [0, 7])
def test_the_first_exception_is_raised_and_stops_the_rest(error, bad):
    begun = []

    def task(i):
        begun.append(i)
        if i == bad:
            raise error("this one")
        time.sleep(0.005)

    with pytest.raises(error, match="this one"):
        threads.run(task, 1000, 3)
    assert len(begun) < 100
    n = len(begun)
    time.sleep(0.03)
    assert len(begun) == n  # nobody goes on working behind our back
    assert threads.run(lambda i: i, 5, 3) == list(range(5))


def test_ctrl_c_waits_for_what_is_running_and_no_longer():
    ended, begun = [], []

    def task(i):
        begun.append(i)
        if threading.current_thread() is threading.main_thread():
            signal.raise_signal(signal.SIGINT)
        time.sleep(0.1)
        ended.append(i)

    with pytest.raises(KeyboardInterrupt):
        threads.run(task, 1000, 2)
    assert len(begun) <= 3
    assert set(begun) - set(ended) <= {begun[0], begun[-1]}
    n = len(ended)
    time.sleep(0.15)
    assert len(ended) == n


@pytest.mark.parametrize("failing", ["the caller", "a worker", "nobody"])
def test_a_task_made_of_calls_ends_before_the_next_of_them(failing):
    """Growing a tree takes seconds, and is a hundred calls: whoever else has failed need not wait for its end."""
    caller, steps, both = (
        threading.main_thread(),
        [],
        threading.Barrier(2 if failing == "nobody" else 3, timeout=9),
    )

    def task(i):
        own = "the caller" if threading.current_thread() is caller else "a worker"
        if failing != "nobody":
            both.wait()
        if failing == "a worker" and i == 1:
            raise OSError("this one")
        if failing == own == "the caller":
            raise KeyboardInterrupt
        for _ in range(40):
            threads.run(lambda j: time.sleep(0.02), 1, 1)
        steps.append(i)
        return i

    if failing == "nobody":
        assert threads.run(task, 2, 2) == [0, 1]
        return
    begun = time.monotonic()
    if failing == "the caller":
        with pytest.raises(KeyboardInterrupt):
            threads.run(task, 3, 3)
        assert time.monotonic() - begun < 0.5
        assert not steps
    else:
        with pytest.raises(OSError, match="this one"):
            threads.run(task, 3, 3)


def test_ctrl_c_while_waiting_for_others():
    """The caller is done, or waits; the interrupt is kept until the worker has ended."""
    begun, ended = [], []

    def task(i):
        if threading.current_thread() is threading.main_thread():
            time.sleep(0.05)  # until a worker has the other task
            return
        begun.append(i)
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)
        ended.append(i)

    with pytest.raises(KeyboardInterrupt):
        threads.run(task, 2, 2)
    assert len(begun) == len(ended) == 1


def test_callers_of_different_widths_at_once():
    """The pool is replaced by a larger one while others hand work to it."""
    threads._forget_pool()
    wrong = []

    def call(width):
        for _ in range(60):
            said = threads.run(lambda i: i, 16, width)
            if said != list(range(16)):
                wrong.append(said)

    callers = [threading.Thread(target=call, args=(width,)) for width in (2, 3, 4, 5, 6, 7)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    assert not wrong
    assert not any(caller.is_alive() for caller in callers)


def _in_child(work) -> int:
    """Run `work` in a forked child; return its exit code (7: it raised; 9: it hung for 20 s)."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, lambda *_: os._exit(9))
        signal.alarm(20)
        try:
            os._exit(0 if work() else 7)
        except BaseException:  # noqa: BLE001 (a child must not go on with the parent's tests)
            os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_has_its_own_pool():
    threads.run(lambda i: i, 8, 4)

    def works_in_child():
        task, names = _gathering(3)
        threads.run(task, 3, 3)
        with one_blas_thread():
            return len(set(names)) == 3

    assert _in_child(works_in_child) == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_forked_while_the_locks_are_held_works():
    with threads._lock, threads._blas.lock:
        assert _in_child(lambda: threads.run(lambda i: i, 8, 4) == list(range(8))) == 0

    def child():
        with one_blas_thread():
            return True

    with threads._lock, threads._blas.lock:
        assert _in_child(child) == 0


def _blas_threads() -> list[int]:
    return [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"]


@pytest.fixture
def two_blas_threads():
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.mark.usefixtures("two_blas_threads")
def test_blas_has_one_thread_inside_and_all_of_them_afterwards():
    assert set(_blas_threads()) == {2}
    with one_blas_thread():
        assert set(_blas_threads()) == {1}
        with one_blas_thread():
            assert set(_blas_threads()) == {1}
        assert set(_blas_threads()) == {1}
    assert set(_blas_threads()) == {2}
    with contextlib.suppress(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert set(_blas_threads()) == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_blas_stays_on_one_thread_until_the_last_user_leaves():
    inside, seen = threading.Barrier(4, timeout=10), []

    def use(i):
        with one_blas_thread():
            inside.wait()
            time.sleep(0.01 * i)
            seen.extend(_blas_threads())

    users = [threading.Thread(target=use, args=(i,)) for i in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert set(seen) == {1}
    assert set(_blas_threads()) == {2}


@pytest.mark.usefixtures("two_blas_threads")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_forked_during_a_fit_has_blas_threads_again():
    def child():
        before = set(_blas_threads())
        with one_blas_thread():
            inside = set(_blas_threads())
        return (before, inside, set(_blas_threads())) == ({2}, {1}, {2})

    with one_blas_thread():
        assert _in_child(child) == 0
        assert set(_blas_threads()) == {1}
    assert set(_blas_threads()) == {2}


def test_a_library_that_is_loaded_late_is_limited_too():
    """SciPy brings its own BLAS: the first limit must see it, whoever imports it first."""
    code = """
from groundup.engine.rows import one_blas_thread
import numpy as np
with one_blas_thread():
    pass
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits
with threadpool_limits(2, user_api="blas"), one_blas_thread():
    print({lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{1}"


def test_work_at_the_end_of_the_interpreter_is_done_by_the_caller():
    code = """
import threading, time
from groundup.engine.rows import threads
threads.run(lambda i: i, 4, 4)
def late():
    time.sleep(0.3)  # the main thread has ended: no thread can be begun any more
    print(threads.run(lambda i: i, 4, 4))
threading.Thread(target=late).start()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[0, 1, 2, 3]", done.stderr


def test_sums_by_kernels_on_threads_are_right():
    values = np.arange(100_000.0)
    parts = threads.run(lambda i: values[i * 1000 : (i + 1) * 1000].sum(), 100, 4)
    assert sum(parts) == values.sum()
