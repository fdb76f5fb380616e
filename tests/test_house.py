"""The house rules that no other tool checks: sizes, names, silence, and what an import may cost."""

import ast
import importlib
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "groundup"
SOURCES = sorted(SRC.rglob("*.py"))
WRITTEN = sorted(
    path
    for folder in ("src", "tests", "docs", "examples", "benchmarks")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".md", ".toml", ".html", ".css", ".js"} and "__pycache__" not in path.parts
) + [p for p in ROOT.glob("*") if p.suffix in {".md", ".toml", ".txt"} or p.name == "Makefile"]

MAX_LINES, MEDIAN_LINES, LONG_FUNCTION, LONG_SHARE = 700, 200, 50, 0.05
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc"}
HEAVY = {"numba", "sklearn", "polars", "pandas", "scipy", "numpy"}


def _trees():
    return {path: ast.parse(path.read_text()) for path in SOURCES}


def _where(path: Path, node=None) -> str:
    return path.relative_to(ROOT).as_posix() + (f":{node.lineno}" if node is not None else "")


def test_no_file_is_long():
    lengths = {_where(p): len(p.read_text().splitlines()) for p in SOURCES}
    assert {p: n for p, n in lengths.items() if n > MAX_LINES} == {}
    assert statistics.median(n for n in lengths.values() if n > 1) <= MEDIAN_LINES


def test_functions_are_short():
    lengths = {
        f"{_where(path, node)} {node.name}": node.end_lineno - node.lineno + 1
        for path, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    long = {name: n for name, n in lengths.items() if n >= LONG_FUNCTION}
    assert len(long) <= LONG_SHARE * len(lengths), long


def test_modules_are_called_by_what_they_hold():
    names = {_where(p) for p in SOURCES if {p.stem, *p.relative_to(SRC).parts[:-1]} & FORBIDDEN_NAMES}
    assert names == set()


def test_every_module_begins_with_what_it_is():
    assert [_where(p) for p, tree in _trees().items() if not ast.get_docstring(tree)] == []


def _imported(tree) -> set[str]:
    """Return the dotted names that a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_only_one_room_knows_scikit_learns_base_classes():
    # import-linter proves the rest of the layers, but sees other packages only as a whole.
    knows = {
        _where(path)
        for path, tree in _trees().items()
        if any(re.match(r"sklearn\.(base|utils|callback)\b", name) for name in _imported(tree))
    }
    allowed = {p for p in knows if "/models/estimator/" in p} | {"src/groundup/testing/reference.py"}
    assert knows == allowed


def test_only_the_command_line_prints():
    found = [
        _where(path, node)
        for path, tree in _trees().items()
        if "cli" not in path.relative_to(SRC).parts
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_nothing_is_left_to_be_done():
    word = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    assert [
        f"{_where(path)}: {line.strip()[:80]}"
        for path in WRITTEN
        for line in path.read_text().splitlines()
        if word.search(line)
    ] == []


def test_no_file_knows_the_machine_it_was_written_on():
    machine = re.compile(
        r"(?<![\w.])/(work|opt/v|root|home/(?!user\b)\w+|Users/\w+)/\S|https?://(?!127\.0\.0\.1|localhost)[\w.-]+:\d{4}"
    )
    assert [
        f"{_where(path)}: {line.strip()[:80]}"
        for path in WRITTEN
        for line in path.read_text().splitlines()
        if machine.search(line)
    ] == []


def test_no_test_is_skipped():
    skipping = re.compile(r"pytest\.(skip|mark\.skip|mark\.skipif|mark\.xfail|importorskip)\b|unittest\.skip")
    tests = [p for p in (ROOT / "tests").rglob("*.py") if p != Path(__file__).resolve()]
    assert [_where(p) for p in tests if skipping.search(p.read_text())] == []


def test_tests_have_names_of_their_own():
    names = [p.name for p in (ROOT / "tests").rglob("test_*.py")]
    assert sorted({n for n in names if names.count(n) > 1}) == []


def _faces() -> list[str]:
    return sorted(
        ".".join(("groundup", *p.parent.relative_to(SRC).parts))
        for p in SOURCES
        if p.name == "__init__.py" and "__all__" in p.read_text()
    )


@pytest.mark.parametrize("name", _faces())
def test_a_face_shows_what_it_says(name):
    module = importlib.import_module(name)
    for public in module.__all__:
        assert getattr(module, public) is not None, public
    for hidden in set(getattr(module, "_LAZY", {})) - set(module.__all__):
        raise AssertionError(f"{hidden} is loaded on demand, but not in __all__")
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # noqa: B018 (asking is the test)


def _seconds(*command: str) -> float:
    """Return the best of five runs, in seconds of processor time: what else the machine does is not at fault."""
    environment = {**os.environ, "COLUMNS": "100"}
    taken = []
    for _ in range(5):
        before = os.times()
        subprocess.run(command, check=True, capture_output=True, env=environment)
        after = os.times()
        taken.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return min(taken)


def test_import_costs_next_to_nothing():
    bare = _seconds(sys.executable, "-c", "pass")
    assert _seconds(sys.executable, "-c", "import groundup") - bare <= 0.3
    assert _seconds(sys.executable, "-m", "groundup", "--help") - bare <= 0.5


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["--version"], ["build", "--help"], ["predict", "--help"]]
)
def test_what_is_heavy_is_loaded_on_first_use(arguments):
    code = "import sys, groundup\n"
    if arguments:
        code += (
            "from groundup.cli import main\n"
            f"sys.argv = ['groundup', *{arguments!r}]\n"
            "try:\n    main()\nexcept SystemExit as e:\n    assert not e.code, e.code\n"
        )
    code += "print('\\n' + ' '.join(sorted({m.partition('.')[0] for m in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "groundup" in loaded
    assert loaded & HEAVY == set()
