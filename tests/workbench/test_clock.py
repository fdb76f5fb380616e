"""Budgets: how they are written, and how they end a comparison."""

import time

import pytest

from groundup.errors import UsageError
from groundup.workbench.run.clock import Clock, parse_budget


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("60s", 60),
        ("60", 60),
        (45, 45),
        ("2m", 120),
        ("1.5h", 5400),
        ("1h30m", 5400),
        (" 2 min ", 120),
        (None, None),
    ],
)
def test_budgets(written, seconds):
    assert parse_budget(written) == seconds


@pytest.mark.parametrize("written", ["", "abc", "-5s", "0", "5 parsecs", "s", "1e9h", 0, -1, float("nan")])
def test_invalid_budgets(written):
    with pytest.raises(UsageError):
        parse_budget(written)


def test_limits_of_fits_and_time():
    clock = Clock(None, 3)
    assert clock.refusal(3) == ""
    clock.n_fits = 1
    assert clock.refusal(3) == "fits"
    clock = Clock(10.0, started=time.monotonic() - 8)
    assert clock.refusal(1, 1.0) == ""
    assert clock.refusal(1, 3.0) == "time"
    clock.reserve_s = 2.5
    assert clock.refusal(1) == "time"
    with pytest.raises(UsageError):
        Clock(None, 0)


def test_a_pause_does_not_count(monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    clock = Clock(10.0, started=92.0)
    clock.pause()
    now = 150.0
    clock.pause()
    assert clock.elapsed_s == 8.0
    clock.resume()
    clock.resume()
    assert clock.elapsed_s == 8.0
    now = 151.0
    assert clock.elapsed_s == 9.0
