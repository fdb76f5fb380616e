"""What all tests share: where the real data is, and a closing line that says which tests could not run, and why."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

#: Real data sets, kept beside the repository and not in it.
REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

#: The browser that shows pages; Debian's, because a test run fetches none.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: It stays on this machine, and asks nobody for anything of its own.
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_not_run: dict[str, int] = {}


def pytest_configure(config):
    """Let the programs that tests start hear Ctrl-C, which a shell's background job and all its children ignore.

    And start no side processes that compile: short runs would end each before it has compiled anything.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("GROUNDUP_WARMING", "off")


def pytest_collection_modifyitems(config, items):
    """Leave out what this machine cannot run; `pytest_terminal_summary` says so."""
    if not REAL_DATA.is_dir():
        folder = f"{REAL_DATA.parent.name}/{REAL_DATA.name}"
        _leave_out(config, items, "data", f"need the real data sets in {folder} beside the repository")
    if shutil.which("curl") is None:
        _leave_out(config, items, "curl", "need curl (Debian: apt-get install curl)")
    if CHROMIUM is None:
        _leave_out(config, items, "web", "need Chromium to show pages (Debian: apt-get install chromium)")


def _leave_out(config, items, marker: str, reason: str) -> None:
    left_out = [item for item in items if item.get_closest_marker(marker) is not None]
    if left_out:
        if f"not {marker}" not in config.getoption("-m"):
            _not_run[reason] = len(left_out)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.get_closest_marker(marker) is None]


def pytest_terminal_summary(terminalreporter):
    """Say what was not run and how to get it."""
    for reason, number in _not_run.items():
        terminalreporter.write_line(f"{number} tests were not run: they {reason}", yellow=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of the real data sets."""
    return REAL_DATA


@pytest.fixture(scope="session", autouse=True)
def pictures():
    """Draw each chart once in a process: a picture follows from its specification, and is half of a small build."""
    import vl_convert

    draw, drawn = vl_convert.vegalite_to_svg, {}

    def draw_once(spec, **options):
        key = json.dumps([spec, options], sort_keys=True)
        if key not in drawn:
            drawn[key] = draw(spec, **options)
        return drawn[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vl_convert, "vegalite_to_svg", draw_once)
        yield


@pytest.fixture(scope="session")
def without_report():
    """Return a context in which builds make no report: it is most of a small run, and of no interest to many tests."""
    from groundup.workbench import project
    from groundup.workbench.record import Examination
    from groundup.workbench.steps import examine

    @contextlib.contextmanager
    def context():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(examine, "examine", lambda *a: Examination())
            patch.setattr(examine, "examine_segments", lambda *a: Examination())
            patch.setattr(project, "write_report", lambda *a: "")
            yield

    return context


@pytest.fixture
def no_report(without_report):
    """Leave reports out for one test. Fixtures of a wider scope are made before, with theirs."""
    with without_report():
        yield


@pytest.fixture(scope="session")
def browser():
    """Return a headless Chromium; tests that use it are marked ``web``."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield started
        started.close()
