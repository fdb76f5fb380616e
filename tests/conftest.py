"""What all tests share: where the real data is, and a closing line that says which tests could not run, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

#: Real data sets, kept beside the repository and not in it.
REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

_not_run: dict[str, int] = {}


def pytest_collection_modifyitems(config, items):
    """Leave out what this machine cannot run; `pytest_terminal_summary` says so."""
    if REAL_DATA.is_dir():
        return
    kept = [item for item in items if item.get_closest_marker("data") is None]
    left_out = [item for item in items if item.get_closest_marker("data") is not None]
    if left_out:
        wanted = config.getoption("-m")
        if "not data" not in wanted:
            _not_run[
                f"need the real data sets in {REAL_DATA.parent.name}/{REAL_DATA.name} beside the repository"
            ] = len(left_out)
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def pytest_terminal_summary(terminalreporter):
    """Say what was not run and how to get it."""
    for reason, number in _not_run.items():
        terminalreporter.write_line(f"{number} tests were not run: they {reason}", yellow=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of the real data sets."""
    return REAL_DATA
