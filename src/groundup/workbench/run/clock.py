"""The limits of a run: a time budget, a number of fits, or both.

The clock never decides what is done next, only whether the next step of a fixed order may start. A run that is limited
by fits is therefore the same on every machine; a run that is limited by time differs only in how far it gets.
"""

from __future__ import annotations

import re
import time

from groundup.errors import UsageError

_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_LONGEST_S = 30 * 24 * 3600.0


def parse_budget(budget: str | float | None) -> float | None:
    """Return a budget in seconds: ``60``, ``"60s"``, ``"2m"``, ``"1.5h"``, ``"1h30m"``; None is no limit.

    Raises
    ------
    UsageError
        If it has another form, or is not positive.
    """
    if budget is None:
        return None
    if isinstance(budget, str):
        text = budget.strip().lower().replace(" ", "")
        parts = re.findall(r"(\d+\.?\d*|\.\d+)([a-z]*)", text)
        if (
            not parts
            or "".join(a + b for a, b in parts) != text
            or any(unit not in _UNITS for _, unit in parts)
        ):
            raise UsageError(f"{budget!r} is not a duration.", hint="Write it as 60s, 2m or 1h30m.")
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    else:
        seconds = float(budget)
    if not 0 < seconds <= _LONGEST_S:
        raise UsageError(
            f"A time budget must be positive and at most 30 days, not {budget!r}.",
            hint="Write it as 60s, 2m or 1h30m.",
        )
    return seconds


class Clock:
    """Count the seconds and the fits of one run.

    Parameters
    ----------
    budget_s : float, optional
        Seconds from the start of the run to its end, the final fits included.
    max_fits : int, optional
        Fits of the comparison (one model on one fold is one fit; the baseline and the final fits are not counted).
    started : float, optional
        ``time.monotonic()`` of the start; now if None. For an interrupted run it is moved back by the time already used.
    """

    def __init__(
        self, budget_s: float | None = None, max_fits: int | None = None, started: float | None = None
    ):
        if max_fits is not None and max_fits < 1:
            raise UsageError(f"max_fits must be at least 1, not {max_fits}.")
        self.budget_s, self.max_fits = budget_s, max_fits
        self.started = time.monotonic() if started is None else started
        self.n_fits = 0
        self.reserve_s = 0.0
        self._paused: float | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start of the run, without its pauses."""
        return (time.monotonic() if self._paused is None else self._paused) - self.started

    def pause(self) -> None:
        """Stop counting: the time between two calls is not part of the run."""
        if self._paused is None:
            self._paused = time.monotonic()

    def resume(self) -> None:
        """End a pause."""
        if self._paused is not None:
            self.started += time.monotonic() - self._paused
            self._paused = None

    @property
    def left_s(self) -> float:
        """Seconds left for the comparison: what the budget leaves after the reserve for the final fits."""
        return float("inf") if self.budget_s is None else self.budget_s - self.elapsed_s - self.reserve_s

    def refusal(self, n_fits: int, estimate_s: float = 0.0) -> str:
        """Return the reason not to start a step of that many fits and seconds: "time", "fits", or "" if it may start."""
        if self.max_fits is not None and self.n_fits + n_fits > self.max_fits:
            return "fits"
        return "time" if self.left_s <= estimate_s else ""
