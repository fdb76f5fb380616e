"""The guide "Build your own": its pieces are the file of the example, and all commands are run as a reader would."""

import doctest
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "your_own_learner.md"
EXAMPLE = ROOT / "examples" / "own_learner"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def _blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


PIECES = [b for b in _blocks(GUIDE, "python") if not b.startswith((">>>", "import pytest"))]
SESSION = "".join(b for b in _blocks(GUIDE, "python") if b.startswith(">>>"))
(TEST_FILE,) = (b for b in _blocks(GUIDE, "python") if b.startswith("import pytest"))


@pytest.fixture
def installed(tmp_path) -> Path:
    """Return a folder with the guide's file and its entry point, as pip would leave them."""
    site = tmp_path / "site"
    info = site / "bell_curves-0.1.0.dist-info"
    info.mkdir(parents=True)
    (site / "bell_curves.py").write_text("\n\n".join(PIECES))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    info.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {where}" for name, where in points.items())]
    info.joinpath("entry_points.txt").write_text("\n".join(lines))
    return site


def _environment(site: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(site), "COLUMNS": "100", "NO_COLOR": "1"}


def test_the_pieces_are_the_file():
    shown = [line for piece in PIECES for line in piece.splitlines() if line]
    written = [line for line in (EXAMPLE / "bell_curves.py").read_text().splitlines() if line]
    assert shown == written


def test_the_file_is_short():
    code = [
        x for x in (EXAMPLE / "bell_curves.py").read_text().splitlines() if x.strip() and x.strip()[0] != '"'
    ]
    assert len(code) <= 85


def test_the_session_prints_what_is_shown(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.delitem(sys.modules, "bell_curves", raising=False)
    test = doctest.DocTestParser().get_doctest(SESSION, {"__name__": "__main__"}, GUIDE.name, str(GUIDE), 0)
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    report: list[str] = []
    runner.run(test, out=report.append)
    monkeypatch.delitem(sys.modules, "bell_curves", raising=False)
    assert runner.failures == 0, "".join(report)
    assert runner.tries > 20


def test_the_test_file_passes(installed, tmp_path):
    (tmp_path / "test_bell_curves.py").write_text(TEST_FILE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "bits", "test_bell_curves.py"],
        cwd=tmp_path,
        env=_environment(installed),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"\d passed, 8\d deselected", done.stdout), done.stdout[-300:]


def _commands(document: Path) -> list[tuple[str, str]]:
    """Return each command of a document and what it shows as its output."""
    parts = [p for block in _blocks(document, "sh") for p in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(p.partition("\n")[0], p.partition("\n")[2].strip()) for p in parts]


@pytest.mark.parametrize(
    "document", [GUIDE, pytest.param(EXAMPLE / "README.md", marks=pytest.mark.slow)], ids=lambda p: p.name
)
def test_the_commands_print_what_is_shown(document, installed, tmp_path):
    commands = _commands(document)
    assert len(commands) >= 3
    for command, shown in commands:
        if command.startswith("pip "):
            continue  # `installed` did it, and nothing is fetched from inside a test
        done = subprocess.run(
            shlex.split(command),
            cwd=tmp_path,
            env=_environment(installed),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        if shown:
            agrees = doctest.OutputChecker().check_output(shown, done.stdout.strip(), FLAGS)
            assert agrees, f"`{command}` printed\n{done.stdout}"


def test_each_page_that_is_named_is_there():
    for name in re.findall(r"`((?:models|engine)/[\w/]+\.py)`", GUIDE.read_text()):
        assert (ROOT / "src" / "groundup" / name).is_file(), name
