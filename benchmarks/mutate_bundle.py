"""Damage a bundle 2,000 times and load it: refused with a clear error, or unharmed; never a crash, never other answers.

    python benchmarks/mutate_bundle.py BUNDLE TABLE [--mutants 2000] [--seed 0] [--structured]

A mutant has bits flipped, bytes overwritten, a stretch cut out, doubled, zeroed or moved, its end cut off, or rubbish
added. Mutants are loaded in processes of their own, 50 each, so that one which kills the process is counted too. A mutant
that loads has to answer the table's rows with the same bits as the bundle.

With --structured the mutants of `tests/ship/structured_mutants.py` instead: a value or an array of another kind, and all
digests made to fit again. Who makes every digest anew may change what is predicted; there must be no crash and no other
error than ours.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import random
import sys
from pathlib import Path

import numpy as np

_EACH = 50


def mutant(data: bytes, seed: int) -> bytes:
    """Return `data` with one damage, drawn from `seed`."""
    draw = np.random.default_rng(seed)
    at, width = int(draw.integers(len(data))), int(2 ** draw.uniform(0, 12))
    piece = data[at : at + width]
    rubbish = draw.bytes(len(piece))
    kind = seed % 8
    if kind == 0:
        return data[:at] + bytes([data[at] ^ (1 << int(draw.integers(8)))]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + rubbish + data[at + len(piece) :]
    if kind == 2:
        return data[:at] + data[at + width :]
    if kind == 3:
        return data[:at] + piece + data[at:]
    if kind == 4:
        return data[:at] + bytes(len(piece)) + data[at + len(piece) :]
    if kind == 5:
        return data[:at]
    if kind == 6:
        return data[:at] + rubbish + data[at:]
    to = int(draw.integers(len(data)))
    rest = data[:at] + data[at + width :]
    return rest[:to] + piece + rest[to:]


def structured(data: bytes, seed: int) -> bytes:
    """Return a forged bundle; see `structured_mutants`."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ship"))
    from structured_mutants import structured_mutant

    from groundup.ship.bundle.container import unpack

    parts = {name: bytes(part) for name, part in unpack(data).items()}
    return structured_mutant(parts, random.Random(seed))


def judge(path: str, table: str, seeds: list[int], is_structured: bool, folder: str, out) -> None:
    """Put what became of each mutant into `out`."""
    import groundup as gu
    from groundup.errors import GroundupError

    data, rows = Path(path).read_bytes(), gu.read(table).frame.head(200)
    right = gu.load(path).predict(rows)
    for seed in seeds:
        changed = (structured if is_structured else mutant)(data, seed)
        file = Path(folder) / f"{seed}.groundup"
        file.write_bytes(changed)
        try:
            answer = gu.load(file).predict(rows)
            same = changed == data or answer.tolist() == right.tolist()
            other = "answers otherwise" if is_structured else f"ANSWERS OTHERWISE: seed {seed}"
            out.put("unharmed" if same else other)
        except GroundupError:
            out.put("refused")
        except BaseException as error:  # noqa: BLE001 (that is what is counted; a panic of Polars is no Exception)
            out.put(f"NO CLEAR ERROR: seed {seed}: {type(error).__name__}: {error}")
        file.unlink()


def main() -> None:
    """Judge all mutants, and print how many came to which end."""
    import tempfile

    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("bundle")
    options.add_argument("table")
    options.add_argument("--mutants", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--structured", action="store_true")
    asked = options.parse_args()
    ends: collections.Counter[str] = collections.Counter()
    start = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for first in range(asked.seed, asked.seed + asked.mutants, _EACH):
            seeds = list(range(first, min(first + _EACH, asked.seed + asked.mutants)))
            out = start.SimpleQueue()
            work = start.Process(
                target=judge, args=(asked.bundle, asked.table, seeds, asked.structured, folder, out)
            )
            work.start()
            work.join()
            found = 0
            while not out.empty():
                ends[out.get()] += 1
                found += 1
            if work.exitcode or found < len(seeds):
                ends[
                    f"CRASHED: of seeds {seeds[0]} to {seeds[-1]}, number {found}, exit {work.exitcode}"
                ] += 1
    for end, count in ends.most_common():
        print(f"{count:6} {end}")


if __name__ == "__main__":
    main()
