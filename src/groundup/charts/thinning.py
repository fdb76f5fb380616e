"""A curve of a million points drawn with a few hundred: points whose loss would be visible are kept.

Douglas & Peucker (1973), best first: beginning with the ends, the segment whose worst point lies farthest off is
split at that point, until `limit` points stand. Distances are vertical, in units of the curve's height; a step curve
has vertical parts, so the axes are rotated by 45 degrees first. Cost: O(n) for each level of splitting, about O(n log
limit) in all.
"""

from __future__ import annotations

import heapq

import numpy as np

_SIZEABLE = 20_000


def kept_points(x: np.ndarray, y: np.ndarray, limit: int = 300) -> np.ndarray:
    """Return the sorted indices of at most `limit` points that draw the curve (x, y), its ends among them."""
    n = len(x)
    if n <= limit:
        return np.arange(n)
    index = np.unique(np.linspace(0, n - 1, min(n, _SIZEABLE)).round().astype(np.int64))
    u, v = _unit(x[index]), _unit(y[index])
    across, up = u + v, v - u
    kept = {0, len(index) - 1}
    heap: list[tuple[float, int, int, int]] = []
    _push(heap, across, up, 0, len(index) - 1)
    while heap and len(kept) < limit:
        distance, middle, left, right = heapq.heappop(heap)
        if distance > -1e-9:
            break
        kept.add(middle)
        _push(heap, across, up, left, middle)
        _push(heap, across, up, middle, right)
    return index[np.sort(np.fromiter(kept, dtype=np.int64))]


def _unit(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros(len(values))


def _push(heap: list, x: np.ndarray, y: np.ndarray, left: int, right: int) -> None:
    """Put the segment's worst point on the heap: distance from the chord, its index, the segment's ends."""
    if right - left < 2:
        return
    dx, dy = x[right] - x[left], y[right] - y[left]
    length = float(np.hypot(dx, dy))
    inner = slice(left + 1, right)
    if length > 0:
        off = np.abs(dy * (x[inner] - x[left]) - dx * (y[inner] - y[left])) / length
    else:
        off = np.hypot(x[inner] - x[left], y[inner] - y[left])
    worst = int(off.argmax())
    heapq.heappush(heap, (-float(off[worst]), left + 1 + worst, left, right))
