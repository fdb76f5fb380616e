"""Sets of small numbers as bits of a word, iterated from the lowest bit up.

The lowest set bit of a word, multiplied by a de Bruijn sequence, has a different number in its top six bits for each of
the 64 positions; a table maps it back. (LLVM recognises this form and emits one instruction where the processor has it.)

Source: Leiserson, Prokop and Randall, Using de Bruijn Sequences to Index a 1 in a Computer Word (1998).
"""

import numpy as np

from groundup.engine.kernels.policy import kernel

_SEQUENCE = np.uint64(0x03F79D71B4CB0A89)
_ONE, _TOP = np.uint64(1), np.uint64(58)


def _table() -> np.ndarray:
    """Return the position of the lowest bit for each number in the top six bits."""
    table = np.empty(64, np.int64)
    for position in range(64):
        table[((int(_SEQUENCE) << position) & (2**64 - 1)) >> 58] = position
    return table


_POSITIONS = _table()


@kernel
def lowest_bit(word):
    """Return the position, from 0 to 63, of the lowest bit set in a uint64 that is not 0."""
    return _POSITIONS[((word & (~word + _ONE)) * _SEQUENCE) >> _TOP]
