"""Search spaces: which values a parameter of a model may take, and how to change a setting a little.

A space maps names of constructor parameters to distributions. A distribution has bounds and a prior: uniform, uniform in
the logarithm, or a list of values. `perturb` draws a setting near another one, parameter after parameter in the order of
the space, so a setting depends on the generator alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0)
SHIFTS = (-0.2, -0.1, 0.0, 0.1, 0.2)


class LogUniform(NamedTuple):
    """A number between `low` and `high`, both positive, uniform in its logarithm; `perturb` multiplies it by a factor."""

    low: float
    high: float
    factors: tuple[float, ...] = FACTORS

    def perturb(self, value: float, rng: np.random.Generator) -> float:
        """Return a number near `value`, in three significant digits of the lower bound."""
        moved = round(value * float(rng.choice(self.factors)), 2 - math.floor(math.log10(self.low)))
        return float(np.clip(moved, self.low, self.high))


class Uniform(NamedTuple):
    """A number between `low` and `high`; `perturb` shifts it by a part of the range."""

    low: float
    high: float
    shifts: tuple[float, ...] = SHIFTS

    def perturb(self, value: float, rng: np.random.Generator) -> float:
        """Return a number near `value`."""
        moved = value + (self.high - self.low) * float(rng.choice(self.shifts))
        return float(np.clip(moved, self.low, self.high))


class Integer(NamedTuple):
    """A positive whole number between `low` and `high`, uniform in its logarithm; `perturb` multiplies it by a factor."""

    low: int
    high: int
    factors: tuple[float, ...] = FACTORS

    def perturb(self, value: int, rng: np.random.Generator) -> int:
        """Return a whole number near `value`."""
        return int(np.clip(round(value * float(rng.choice(self.factors))), self.low, self.high))


class Choice(NamedTuple):
    """One of `values`; `perturb` keeps the value as if it stood in the list `stay` more times."""

    values: tuple[Any, ...]
    stay: int = 2

    def perturb(self, value: Any, rng: np.random.Generator) -> Any:
        """Return `value` or another one of the list."""
        urn = [value] * self.stay + list(self.values)
        return urn[rng.integers(len(urn))]


Distribution = LogUniform | Uniform | Integer | Choice
SearchSpace = Mapping[str, Distribution]


def perturb(
    space: SearchSpace, setting: Mapping[str, Any], defaults: Mapping[str, Any], seed: int, n: int
) -> dict[str, Any]:
    """Return the n-th setting near another one; parameters outside the space stay as they are.

    Parameters
    ----------
    space : mapping of str to distribution
    setting : mapping of str to value
        The setting to change.
    defaults : mapping of str to value
        Values of the parameters that `setting` does not name.
    seed, n : int
        Equal numbers draw equal settings.
    """
    rng = np.random.default_rng([seed, n])
    moved = {name: prior.perturb(setting.get(name, defaults.get(name)), rng) for name, prior in space.items()}
    return {**setting, **moved}
