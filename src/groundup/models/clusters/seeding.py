"""Initial centres of k-means: k rows that are far from each other (greedy k-means++), or any k rows.

k-means++ draws the first centre at random, and each next one with a probability proportional to its weight times its
squared distance D(x)^2 to the nearest centre so far. Greedy: a few candidates are drawn (2 + ln k), and the one with the
smallest *potential*, the weighted sum of D(x)^2, is chosen.

One pass over the rows for each centre: it updates D^2 (the column "closest") by the last centre, and sums the potential
of each new candidate, block by block. A row is then drawn in two steps: its block by the potentials of the blocks, and
the row within the block. Random numbers are drawn as in scikit-learn, and give the same rows (up to rounding).
Cost: 2 * rows * k * (3 + ln k) * n_features flops, as many as about (3 + ln k) steps of Lloyd's algorithm.

Source: D. Arthur, S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007, sections 2.2 and 5.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import Rows
from groundup.models.clusters.nearest import Codebook, gaps_chunk, new_columns, norms_chunk, transpose_chunk


@kernel
def _potentials(X, weight, closest, shift, scaled_centres, start, out):
    """Update `closest` by the first centre, and write the potential with each centre to `out`."""
    n, d = X.shape
    columns = new_columns(X)
    width = columns.shape[1]
    norm, gaps = np.empty(width, X.dtype), np.empty((len(scaled_centres), width), X.dtype)
    out[:] = 0.0
    for lo in range(0, n, width):
        m = min(width, n - lo)
        transpose_chunk(X, lo, m, shift, columns)
        norms_chunk(columns, d, norm)
        gaps_chunk(columns, scaled_centres, start, gaps)
        for i in range(m):
            closest[lo + i] = min(closest[lo + i], max(norm[i] + gaps[0, i], 0))
        for j in range(len(out)):
            potential = out[j]
            for i in range(m):
                potential += weight[lo + i] * min(closest[lo + i], max(norm[i] + gaps[j, i], 0))
            out[j] = potential


def _draw(rows: Rows, potentials: np.ndarray, nearer: Codebook, at: float) -> int:
    """Return the row where the running sum of the potentials reaches `at`; first update "closest" in its block."""
    ends = np.cumsum(potentials)
    b = min(int(np.searchsorted(ends, at)), len(ends) - 1)
    block = rows.block(b, b + 1)
    _potentials(block.X, block["weight"], block["closest"], *nearer, np.empty(1))
    running = np.cumsum(block["weight"] * block["closest"])
    within = int(np.searchsorted(running, at - (ends[b - 1] if b else 0.0)))
    return block.lo + min(within, len(running) - 1)


def plus_plus(rows: Rows, k: int, origin: np.ndarray, random) -> np.ndarray:
    """Return the row numbers of `k` centres by greedy k-means++.

    Parameters
    ----------
    rows : Rows
        With the column "weight"; the column "closest" is written.
    origin : ndarray of shape (n_features,)
        A point among the data: their mean.
    random : RandomState
    """
    n_trials = 2 + int(np.log(k))
    weight = rows["weight"]
    rows.add("closest", np.full(rows.n_rows, np.inf, rows.dtype))
    shift = Codebook.of(origin.astype(rows.dtype)[None]).shift
    chosen = [int(random.choice(rows.n_rows, p=weight / weight.sum()))]

    def summed(candidates):
        book = Codebook.of(np.concatenate([rows.place.load(i, i + 1) for i in candidates]), shift)
        out = np.empty((rows.n_blocks, len(candidates)))

        def step(run):
            for b in range(run.stop - run.first):
                part = slice(run.bounds[b], run.bounds[b + 1])
                values = run.X[part], run["weight"][part], run["closest"][part]
                _potentials(*values, *book, out[run.first + b])

        rows.advance(step)
        return out

    potentials = summed(chosen)[:, 0]
    for _ in range(1, k):
        nearer = Codebook.of(rows.place.load(chosen[-1], chosen[-1] + 1), shift)
        targets = random.uniform(size=n_trials) * potentials.sum()
        candidates = [_draw(rows, potentials, nearer, at) for at in targets]
        left = summed([chosen[-1], *candidates])[:, 1:]
        best = int(np.argmin(left.sum(axis=0)))
        chosen.append(candidates[best])
        potentials = left[:, best]
    return np.array(chosen)


def any_rows(rows: Rows, k: int, random) -> np.ndarray:
    """Return `k` different row numbers, drawn by weight."""
    weight = rows["weight"]
    return random.choice(rows.n_rows, size=k, replace=False, p=weight / weight.sum())
