"""The lowest bit of a word, against Python's own integers."""

import numpy as np

from groundup.engine.kernels.bits import lowest_bit


def test_the_lowest_bit_is_returned_at_every_position():
    rng = np.random.default_rng(0)
    for place in range(64):
        for word in (1 << place, ((int(rng.integers(2**62)) << place) | (1 << place)) & (2**64 - 1)):
            assert lowest_bit(np.uint64(word)) == place
