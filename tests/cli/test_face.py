"""The face: light imports, help, versions, exit codes, warmup, doctor, silence, interrupts."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from rich.console import Console

from groundup.cli.console import shows_progress, verb
from groundup.cli.progress import Progress
from groundup.errors import CheckFailed, GroundupError, UsageError
from groundup.workbench.display import data_sections, sections, terminal
from groundup.workbench.record import Examination, Parts
from groundup.workbench.run.events import Failed, FitDone, StepStarted
from groundup.workbench.run.folder import Folder
from groundup.workbench.steps.learners import learners_of

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


def test_a_panic_of_polars_is_reported_as_a_bug(capsys):
    import polars as pl

    @verb
    def command(debug: bool = False):
        raise pl.exceptions.PanicException("out-of-range date")

    with pytest.raises(typer.Exit) as found:
        command()
    assert found.value.exit_code == 1
    assert "bug: PanicException: out-of-range date" in capsys.readouterr().err


def test_errors_as_objects(capsys):
    @verb
    def command(as_json: bool = False, debug: bool = False):
        raise GroundupError("no", hint="try", file=Path("f.csv"), row=3, column="a", value=float("nan"))

    with pytest.raises(typer.Exit):
        command(as_json=True)
    told = capsys.readouterr()
    assert json.loads(told.out)["error"] == {
        "problem": "no",
        "hint": "try",
        "file": "f.csv",
        "row": 3,
        "column": "a",
        "value": "nan",
        "code": 1,
    }
    assert told.err.startswith("error: no (file f.csv, row 3")


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (MemoryError(), 1), (KeyError("x"), 1)]
)
def test_every_end_is_an_object(error, code, capsys):
    @verb
    def command(as_json: bool = False, debug: bool = False):
        raise error

    with pytest.raises(typer.Exit):
        command(as_json=True)
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_no_letter_stops_a_terminal_that_cannot_take_it(project, encoding):
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    for words in (
        ("show", str(project)),
        ("--help",),
        ("show", str(project), "--json"),
        ("show", "caf\u00e9-\u4e2d"),
    ):
        told = subprocess.run(
            [sys.executable, "-m", "groundup", *words], capture_output=True, timeout=120, check=False, env=env
        )
        assert b"Traceback" not in told.stderr, told.stderr
        assert b"bug" not in told.stderr
        assert told.returncode == (2 if words[-1].startswith("caf") else 0), told.stderr
        if words[-1] == "--json":
            assert json.loads(told.stdout.decode("ascii"))["task"] == "binary"


def test_no_color_takes_colours_only(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("GROUNDUP_QUIET", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert shows_progress(quiet=False)
    assert not shows_progress(quiet=True)
    monkeypatch.setenv("TERM", "dumb")
    assert not shows_progress(quiet=False)


def test_labels_with_brackets_are_shown_as_they_are(monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("GROUNDUP_QUIET", raising=False)
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(quiet=False) as progress:
        progress(Failed("model[/]", "no [bold]reason[/]"))
        progress(StepStarted("odd[/]", "what [/] is"))
        progress(FitDone("model[/]", 1, 5, 0.5, 0.1, 3.0))
        progress.note("a [/] remark")
    told = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert "model[/] failed: no [bold]reason[/]" in told
    assert "a [/] remark" in told


def printed(*shown, width=120):
    console = Console(file=io.StringIO(), width=width)
    terminal.write(console, shown)
    return console.file.getvalue()


def test_looks_at_test_are_shown_beside_the_scores(project):
    result = Folder(project).current_result()
    for n_looks, text in ((1, "The test set was opened once"), (3, "The test set was opened 3 times")):
        shown = sections.scores(result.model_copy(update={"test_looks": n_looks}), Examination())
        assert text in printed(shown)


def test_rows_of_fewer_folds_show_the_mean_that_ranks_them(project):
    result = Folder(project).current_result()
    first, second = (
        result.leaderboard[0].model_copy(
            update={"title": t, "mean": m, "ranked_by": r, "fold_scores": f, "spread": 0.1}
        )
        for t, m, r, f in (("full", 3.0, None, [2.0, 2.0, 3.0, 4.0, 4.0]), ("short", 2.9, 3.9, [2.9, 2.9]))
    )
    best = result.best.model_copy(update={"metric": "rmse", "greater_is_better": False})
    board = sections.leaderboard(result.model_copy(update={"leaderboard": [first, second], "best": best}))
    told = printed(board)
    assert "3.900 (2 folds)" in told
    assert "2.900" not in told
    assert "(n folds): scored on n folds only" in told
    whole = result.model_copy(update={"leaderboard": [first], "best": best})
    assert "folds)" not in printed(sections.leaderboard(whole))


def test_notes_are_told_once(project):
    result = Folder(project).current_result()
    contract = sections.contract_of(result)
    ignored = [str(note) for note in contract.notes if note.kind == "ignored"]
    assert ignored
    told = printed(
        data_sections.data(contract, result.data, [*ignored, "column 'x: ignored: y': kept"], Examination())
    )
    assert "x: ignored: y" in told
    assert told.count("customer_id") == 1


def test_doctor(groundup, monkeypatch):
    said = groundup("doctor", "--json")
    found = said.json
    assert said.code == (0 if found["ok"] else 3)
    assert {"Versions", "Threads", "Kernel cache", "Tiles", "Numba", "Memory", "Disk", "Models"} <= {
        check["name"] for check in found["checks"]
    }
    assert "Versions" in groundup("doctor").out
    monkeypatch.setenv("GROUNDUP_NUM_THREADS", "many")
    said = groundup("doctor")
    assert said.code == 3
    assert "GROUNDUP_NUM_THREADS='many'" in said.out


def test_warmup(groundup):
    found = groundup("warmup", "--task", "regression", "--json").json
    assert [w["learner"] for w in found["learners"]] == [e.name for e in learners_of("regression").entries]
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
        not list(Path(tmp_path).rglob("unfinished.jsonl"))
        and time.monotonic() < deadline
        and run.poll() is None
    ):
        time.sleep(0.05)
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "Interrupted" in err
    assert "Traceback" not in err
    assert not list(Path(tmp_path).rglob("result.json"))


def test_an_interrupt_that_falls_into_a_callback_comes_again():
    code = """
import ctypes, time
from groundup.cli.console import repeat_lost_interrupts
repeat_lost_interrupts()
@ctypes.CFUNCTYPE(None)
def callback():
    raise KeyboardInterrupt
try:
    callback()
    time.sleep(30)
    print("lost")
except KeyboardInterrupt:
    print("came")
"""
    begun = time.monotonic()
    told = python("-c", code)
    assert (told.stdout, told.stderr) == ("came\n", "")
    assert time.monotonic() - begun < 25


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


def test_the_help_names_the_samples_and_no_value_behind_a_flag(groundup):
    from groundup.cli.reading import SAMPLES
    from groundup.tables.sources.samples import samples

    assert tuple(sample.name for sample in samples()) == SAMPLES
    for verb_name in ("build", "predict"):
        told = groundup(verb_name, "--help").out
        assert all(name in told for name in SAMPLES)
        assert "<bool>" not in told


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_cut_in_a_narrow_terminal(project, width):
    result = Folder(project).current_result()
    labels = ["a rather long label", "b", "another long one", "c"]
    matrix = {"labels": labels, "counts": [[1] * 4] * 4}
    told = printed(
        sections.leaderboard(result),
        sections.scores(result, Examination()),
        sections.confusion(result.model_copy(update={"confusion": matrix})),
        width=width,
    )
    assert "\u2026" not in told
    assert all(row.title in told for row in result.leaderboard)
    assert all(name in told for name in result.metrics["test"])
    assert ("no room here for" in told) == (width < 120)
    assert ("columns are numbered as the rows" in " ".join(told.split())) == (width == 60)
    assert max(map(len, told.splitlines())) <= width


def test_piped_lines_end_in_no_blanks(groundup, project):
    told = groundup("show", project).out
    assert "Leaderboard" in told
    assert all(line == line.rstrip() for line in told.splitlines())


def test_a_time_or_group_column_is_named(project):
    contract = sections.contract_of(Folder(project).current_result())
    contract = contract.model_copy(update={"time": "age", "group": "plan"})
    sizes = {"train": 7, "valid": 1, "test": 2, "folds": 5}
    by_time = printed(data_sections.split(Parts(rule="time", **sizes), contract))
    assert "by time, age: the latest rows are the test set" in by_time
    grouped = printed(data_sections.split(Parts(rule="grouped", **sizes), contract))
    assert "groups of plan are kept whole" in grouped


def test_fresh_is_offered_by_the_command_that_knows_it(groundup, project):
    result = Folder(project).current_result()
    assert result.stored
    assert "--fresh" in printed(sections.commands(result, just_built=True))
    assert "--fresh" not in groundup("show", project).out
