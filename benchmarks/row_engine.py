"""The row engine's choices, measured on boosting: the figures of docs/design/0001-row-engine.md.

    python benchmarks/row_engine.py [--rows 1000000] [--trees 30] [--rounds 3] [--threads 2]

Each variant changes one choice of the product and fits the same data; rounds are interleaved. Shown are, of the least
disturbed round, the wall time, the processor time of all threads and the time that threads were ready but had no core
(a disturbed machine: run it again), and a digest of the trees: equal digests are equal bits.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import threading
import time
from _queue import SimpleQueue
from pathlib import Path
from unittest.mock import patch

import numpy as np

from groundup.engine.rows import Memory, Rows, blocks, rows, threads
from groundup.models.trees import boosting, growing
from groundup.models.trees.gradients import Loss

FEATURES = 28


def make(n_rows: int):
    """Return a table in the manner of HIGGS: 28 float32 columns, a target of products and waves, noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, FEATURES)).astype(np.float32)
    X[:, 14:] = np.exp(X[:, 14:] / 2)
    z = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + X[:, 3] * (X[:, 15] > 1) - np.abs(X[:, 4]) + 0.5 * X[:, 16]
    return X, (z + rng.logistic(size=n_rows) > 0).astype(np.float64)


class Queues:
    """Another pool: one queue a thread for work, one for the ends; no futures."""

    def __init__(self, n_threads: int):
        self.work = [SimpleQueue() for _ in range(n_threads - 1)]
        self.ends = SimpleQueue()
        for queue in self.work:
            threading.Thread(target=self._serve, args=(queue,), daemon=True).start()

    def _serve(self, queue):
        while True:
            queue.get()()
            self.ends.put(None)

    def run(self, task, n_tasks, n_threads):
        """`threads.run` without its promises about errors and nesting."""
        n_threads = min(n_threads, n_tasks)
        if n_threads <= 1:
            return [task(i) for i in range(n_tasks)]
        results, numbers = [None] * n_tasks, itertools.count()

        def work():
            while (i := next(numbers)) < n_tasks:
                results[i] = task(i)

        for queue in self.work[: n_threads - 1]:
            queue.put(work)
        work()
        for _ in range(n_threads - 1):
            self.ends.get()
        return results


def fresh_threads(task, n_tasks, n_threads):
    """No pool at all: threads are started for each call."""
    if min(n_tasks, n_threads) <= 1:
        return [task(i) for i in range(n_tasks)]
    return Queues(n_threads).run(task, n_tasks, n_threads)


def variants(n_threads: int):
    """Return name -> list of patches."""
    block = lambda n: patch.object(blocks, "block_rows", lambda _: n)  # noqa: E731
    queues = Queues(n_threads)
    return {
        "the product": [],
        "one value a block, merged in a tree": [patch.object(growing.HistogramPass, "exact", False)],
        "1 node a round": [patch.object(growing, "AHEAD", 1)],
        "2 nodes a round": [patch.object(growing, "AHEAD", 2)],
        "8 nodes a round": [patch.object(growing, "AHEAD", 8)],
        "blocks of 4,096 rows": [block(4096)],
        "blocks of 16,384 rows": [block(16_384)],
        "blocks of 65,536 rows": [block(65_536)],
        "queues in place of futures": [patch.object(threads, "run", queues.run)],
        "threads started for each call": [patch.object(threads, "run", fresh_threads)],
        "gradient and hessian in two words": [patch.object(boosting, "is_wide", lambda *_: True)],
        "one thread": [patch.object(rows, "INLINE_ROWS", 10**12)],
    }


def waited() -> float:
    """Return the seconds that this process's threads were ready to run without a core."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[1])
    return total / 1e9


def fit(X, y, n_trees: int, n_threads: int):
    """Return (wall, processor and waited seconds of the trees alone, digest of the trees)."""
    table = Rows(Memory(X), {"y": y}, n_threads)
    plan = growing.Plan(31, None, 20, 0.0, FEATURES, 0)
    booster = boosting.Booster(table, np.zeros(0), Loss("logistic"), plan, 0.1, 255)
    start = time.perf_counter(), time.process_time(), waited()
    trees = boosting.BoostedTrees.joined([booster.iterate() for _ in range(n_trees)])
    end = time.perf_counter(), time.process_time(), waited()
    digest = hashlib.blake2b(b"".join(np.ascontiguousarray(a).tobytes() for a in trees[:5]), digest_size=4)
    return *(b - a for a, b in zip(start, end, strict=True)), digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("rows", 1_000_000), ("trees", 30), ("rounds", 3), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    X, y = make(args.rows)
    fit(X, y, 2, args.threads)
    seen: dict[str, list] = {}
    for _ in range(args.rounds):
        for name, patches in variants(args.threads).items():
            with contextlib.ExitStack() as stack:
                for each in patches:
                    stack.enter_context(each)
                seen.setdefault(name, []).append(fit(X, y, args.trees, args.threads))
    best = {name: [min(run[i] for run in runs) for i in range(3)] for name, runs in seen.items()}
    base, base_cpu, _ = best["the product"]
    print(
        f"{args.rows} x {FEATURES}, {args.trees} trees of 31 leaves, {args.threads} threads, {args.rounds} rounds"
    )
    print("| variant | wall s | x | processor s | x | waited s | splits |")
    print("|---|---|---|---|---|---|---|")
    for name, runs in seen.items():
        wall, cpu, wait = best[name]
        digests = "/".join(sorted({run[3] for run in runs}))
        print(
            f"| {name} | {wall:.2f} | {wall / base:.2f} | {cpu:.2f} | {cpu / base_cpu:.2f} | {wait:.2f} | {digests} |"
        )


if __name__ == "__main__":
    main()
