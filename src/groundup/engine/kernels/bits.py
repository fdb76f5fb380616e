"""Bits of a word: sets of small numbers that are walked from the lowest up.

The lowest set bit of a word, times a de Bruijn sequence, has in its top six bits a number of its own for each of the 64
places; a table turns it back. (LLVM knows this form, and makes one instruction of it where the processor has one.)

Source: Leiserson, Prokop and Randall, Using de Bruijn Sequences to Index a 1 in a Computer Word (1998).
"""

import numpy as np

from groundup.engine.kernels.policy import kernel

_SEQUENCE = np.uint64(0x03F79D71B4CB0A89)
_ONE, _TOP = np.uint64(1), np.uint64(58)


def _table() -> np.ndarray:
    table = np.empty(64, np.int64)
    for place in range(64):
        table[((int(_SEQUENCE) << place) & (2**64 - 1)) >> 58] = place
    return table


_PLACES = _table()


@kernel
def lowest_bit(word):
    """Return the place, from 0 to 63, of the lowest bit set in a uint64 that is not 0."""
    return _PLACES[((word & (~word + _ONE)) * _SEQUENCE) >> _TOP]
