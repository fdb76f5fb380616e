"""The face: light imports, help, versions, exit codes, warmup, doctor, silence, interrupts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from groundup.cli.talk import verb
from groundup.errors import CheckFailed, GroundupError, UsageError

HEAVY = ("numba", "sklearn", "polars", "scipy")


def python(*words, **more):
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=120, check=False, **more
    )


@pytest.mark.parametrize("code", ["import groundup", "import groundup.cli; groundup.cli.application()"])
def test_light_imports(code):
    told = python("-c", f"{code}\nimport sys\nprint([m for m in {HEAVY} if m in sys.modules])")
    assert told.stdout.strip() == "[]", told.stderr


@pytest.mark.parametrize("words", [(), ("build",), ("predict",), ("show",), ("warmup",), ("doctor",)])
def test_help_is_light_and_has_an_example(words):
    code = (
        f"import sys; sys.argv = ['groundup', *{words!r}, '--help']\nfrom groundup.cli import main\n"
        f"try:\n    main()\nexcept SystemExit as e:\n    print(e.code, [m for m in {HEAVY} if m in sys.modules])"
    )
    told = python("-c", code)
    assert told.stdout.strip().endswith("0 []"), told.stdout
    assert "groundup " in told.stdout


def test_version_and_module():
    told = python("-m", "groundup", "--version")
    assert told.returncode == 0
    assert told.stdout.startswith("groundup 0")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GroundupError("no"), 1),
        (UsageError("no"), 2),
        (CheckFailed("no"), 3),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("x"), 1),
        (MemoryError(), 1),
        (PermissionError(13, "Permission denied", "f"), 1),
    ],
)
def test_exit_codes(error, code, capsys):
    @verb
    def command(debug: bool = False):
        raise error

    with pytest.raises(typer.Exit) as found:
        command()
    assert found.value.exit_code == code
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    assert ("bug" in told.err) == isinstance(error, ZeroDivisionError)
    with pytest.raises(type(error)):
        command(debug=True)


def test_doctor(groundup, monkeypatch):
    said = groundup("doctor", "--json")
    found = said.json
    assert said.code == (0 if found["ok"] else 3)
    assert {"Versions", "Threads", "Kernel cache", "Tiles", "Numba", "Memory", "Disk", "Learners"} <= {
        f["what"] for f in found["findings"]
    }
    assert "Versions" in groundup("doctor").out
    monkeypatch.setenv("GROUNDUP_NUM_THREADS", "many")
    said = groundup("doctor")
    assert said.code == 3
    assert "GROUNDUP_NUM_THREADS='many'" in said.out


def test_warmup(groundup):
    found = groundup("warmup", "--task", "regression", "--json").json
    assert {w["learner"] for w in found["learners"]} == {
        "LinearRegression",
        "Ridge",
        "HistGradientBoostingRegressor",
    }
    assert all(w["error"] == "" for w in found["learners"])
    assert groundup("warmup", "--task", "regresion").code == 2


def test_interrupt_says_so_and_leaves_nothing_half_written(tmp_path, table):
    command = [
        sys.executable,
        "-m",
        "groundup",
        "build",
        str(table),
        "--target",
        "left",
        "--project",
        str(tmp_path / "p"),
    ]
    env = {**os.environ, "GROUNDUP_WARMING": "off"}
    run = subprocess.Popen(
        [*command, "--budget", "60s"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )
    deadline = time.monotonic() + 60
    while (
        not list(Path(tmp_path).rglob("journal.jsonl")) and time.monotonic() < deadline and run.poll() is None
    ):
        time.sleep(0.05)
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "Interrupted" in err
    assert "Traceback" not in err
    assert not list(Path(tmp_path).rglob("result.json"))


def test_a_closed_pipe_is_no_error(project, table):
    read, write = os.pipe()
    os.close(read)
    told = subprocess.run(
        [sys.executable, "-m", "groundup", "predict", str(project), str(table)],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(write)
    assert told.returncode == 0, told.stderr
    assert "Traceback" not in told.stderr
