"""What a document shows is what happens: every command and every example of README and guide is run here.

In a document, a block marked ``console`` holds commands after ``$`` and what they print; a block marked ``pycon`` is a
Python session. Durations (and with them the rules of a table) and the names and times of runs differ from run to run:
any of them stands for all; ``...`` stands for anything. Blocks of one document share one folder and one Python session,
in the order in which they are read. A command that ends in ``&`` is a server: it runs until the end of the document.
"""

from __future__ import annotations

import doctest
import importlib
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "docs" / "getting_started.md",
    *sorted((ROOT / "docs" / "guide").glob("*.md")),
]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

_RUN = (
    r"^ +\*? +[0-9a-f]{6} +\d\d-\d\d \d\d:\d\d|(?<=instead of )[0-9a-f]{6}\b|(?<=groundup use )[0-9a-f]{6}\b"
)
_VARIES = re.compile(rf"\d+(\.\d+)? (us|ms|s|min)\b|\b[0-9a-f]{{12}}\b|─+|{_RUN}", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(document: Path) -> list[tuple[str, str, int]]:
    """Return (language, text, line) of every fenced block."""
    text = document.read_text()
    return [(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in _FENCE.finditer(text)]


def settled(text: str) -> str:
    """Return `text` with every duration and run name alike, and without blanks around it."""
    return _VARIES.sub("T", text).strip()


def commands(text: str) -> list[tuple[str, str]]:
    """Return (command, expected output) of a console block; a trailing backslash continues a command."""
    found: list[tuple[str, str]] = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.split("\n")
        n = 1
        while lines[n - 1].endswith("\\"):
            n += 1
        found.append(("\n".join(lines[:n]), "\n".join(lines[n:])))
    return found


def start_server(command: str, folder: Path, env: dict[str, str], servers: ExitStack) -> str:
    """Run a server in `folder` until `servers` ends; return what it prints once it listens."""
    log = folder / "server.txt"
    with log.open("w") as out:
        process = subprocess.Popen(command.split(), cwd=folder, env=env, stdout=out, stderr=out)
    servers.callback(process.wait, 30)
    servers.callback(process.terminate)
    for _ in range(3000):  # as long as a command may take
        if "Stop: Ctrl-C" in log.read_text() or process.poll() is not None:
            break
        time.sleep(0.1)
    return log.read_text()


def run_console(text: str, folder: Path, where: str, servers: ExitStack) -> None:
    """Run each command in `folder`; compare what it prints, standard output then standard error, if any is shown."""
    env = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "GROUNDUP_QUIET": "1"}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    for command, expected in commands(text):
        if command.startswith(("make", "git", "sudo", "apt-get", "pip")):
            continue  # the gate runs make; nothing is installed from inside a test
        if command.endswith(" &"):
            printed = start_server(command.removesuffix(" &"), folder, env, servers)
        else:
            done = subprocess.run(
                command,
                shell=True,
                cwd=folder,
                env=env,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            printed = done.stdout
            assert done.returncode == 0, f"{where}: `{command}` failed:\n{printed}{done.stderr}"
        if expected.strip():
            checker = doctest.OutputChecker()
            agrees = checker.check_output(settled(expected), settled(printed), FLAGS)
            assert agrees, f"{where}: `{command}` printed\n{printed}\nbut the document shows\n{expected}"


def _marked(document: Path):
    """Return the document as a parameter, marked if one of its commands is curl."""
    marks = [pytest.mark.curl] if "$ curl" in document.read_text() else []
    return pytest.param(document, marks=marks, id=document.name)


@pytest.mark.parametrize("document", [_marked(path) for path in DOCUMENTS])
def test_what_it_shows_is_what_happens(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    session: dict = {"__name__": "__main__"}
    with ExitStack() as servers:
        for language, text, line in blocks(document):
            where = f"{document.name}:{line}"
            if language == "console":
                run_console(text, tmp_path, where, servers)
            elif language == "pycon":
                test = doctest.DocTestParser().get_doctest(text, session, where, str(document), line)
                runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
                report: list[str] = []
                runner.run(test, out=report.append, clear_globs=False)
                assert runner.failures == 0, "".join(report)
                session = test.globs


SOURCES = ROOT / "src"
EXAMPLES = [
    ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((SOURCES / "groundup").rglob("*.py"))
    if ">>> " in path.read_text()
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_of_docstrings_print_what_they_show(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
