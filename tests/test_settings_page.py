"""The page of settings names every environment variable that the code reads, and no other."""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path

from groundup.ship.serve import Settings

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs" / "extensions"))

import settings_reference  # noqa: E402 (found by the line above)


def test_every_environment_variable_is_on_the_page():
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r"\bGROUNDUP_[A-Z_]+\b", source)) == set(settings_reference.VARIABLES)
    page = settings_reference.text()
    assert all(f"| `{name}` |" in page for name in settings_reference.VARIABLES)


def test_every_setting_of_a_server_is_on_the_page():
    page = settings_reference.text()
    assert all(f"| `{field.name}` |" in page for field in dataclasses.fields(Settings))
