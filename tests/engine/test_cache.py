"""The kernel cache: never stale, never broken, never in the way."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from groundup.engine.kernels import cache
from groundup.engine.kernels.callees import fingerprint

HEAD = """
import json, sys
import numpy as np
from groundup.engine.kernels import kernel
"""
TAIL = """
hits = sum(sum(f.stats.cache_hits.values()) for f in {kernels})
misses = sum(sum(f.stats.cache_misses.values()) for f in {kernels})
print(json.dumps([{said}, hits, misses]))
"""


#: Runs a script for each line of standard input, in a fork: most of what a new process would do is to start Numba.
STARTER = """
import json, os, runpy, sys, tempfile, traceback
import numba, numpy
numba.njit(lambda x: x)(1)
for line in sys.stdin:
    folder, arguments, environment = json.loads(line)
    child = os.fork()
    if not child:
        code = 1
        try:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            for name, number in (("out.txt", 1), ("err.txt", 2)):
                os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            tempfile.tempdir = None
            sys.argv, sys.path[0] = arguments, folder
            runpy.run_path(arguments[0], run_name="__main__")
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def _environment(folder: Path, **more) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in {"XDG_CACHE_HOME", "GROUNDUP_QUIET"}}
    return {**kept, "GROUNDUP_CACHE_DIR": str(folder / "kernels"), "PYTHONDONTWRITEBYTECODE": "1", **more}


@functools.cache
def _starter():
    """Return the process that runs `STARTER`; it ends with this one, which closes its standard input."""
    return subprocess.Popen(
        [sys.executable, "-c", STARTER],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _execute(folder: Path, arguments, environment: dict[str, str]) -> tuple[str, str]:
    """Run a script in `folder`, in a process that has imported nothing of ours; return what it writes."""
    if sys.platform == "linux":
        starter = _starter()
        starter.stdin.write(json.dumps([str(folder), arguments, environment]) + "\n")
        starter.stdin.flush()
        code = int(starter.stdout.readline())
        out, err = ((folder / name).read_text() for name in ("out.txt", "err.txt"))
    else:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        code, out, err = done.returncode, done.stdout, done.stderr
    assert code == 0, err
    return out, err


def _run(folder: Path, *arguments: str, **environment):
    """Run Python in `folder`; return what its last line says, and its standard error."""
    out, err = _execute(folder, arguments, _environment(folder, **environment))
    return eval(out.strip().splitlines()[-1]), err


@pytest.fixture
def package(tmp_path) -> Path:
    """Make a package whose kernel calls another file's kernel, which reads a third file's constant."""
    home = tmp_path / "mine"
    home.mkdir()
    (home / "__init__.py").write_text("")
    (home / "constants.py").write_text("STEP = 1.0\n")
    (home / "callee.py").write_text(
        "from groundup.engine.kernels import kernel\nfrom mine.constants import STEP\n"
        "@kernel\ndef add(x):\n    return x + STEP\n"
    )
    (home / "caller.py").write_text(
        HEAD + "from mine import callee\n@kernel\ndef total(x):\n    s = 0.0\n"
        "    for i in range(len(x)):\n        s += callee.add(x[i])\n    return s\n"
    )
    (tmp_path / "main.py").write_text(
        HEAD
        + "from mine.caller import total\nsaid = total(np.zeros(3))\n"
        + TAIL.format(kernels="[total]", said="said")
    )
    return tmp_path


def test_the_second_process_compiles_nothing(package):
    (first, hits, misses), said = _run(package, "main.py")
    assert (first, hits, misses) == (3.0, 0, 1)
    assert said.count("compiling kernels for the first time") == 1
    (second, hits, misses), said = _run(package, "main.py")
    assert (second, hits, misses) == (3.0, 1, 0)
    assert said == ""


def test_an_edit_anywhere_takes_effect(package):
    _run(package, "main.py")
    for file, old, new, expected in [
        ("mine/callee.py", "x + STEP", "x + 2 * STEP", 6.0),
        ("mine/constants.py", "1.0", "5.0", 30.0),
        ("mine/caller.py", "s = 0.0", "s = 100.0", 130.0),
        ("mine/callee.py", "x + 2 * STEP", "x + STEP", 115.0),
    ]:
        path = package / file
        stamp = path.stat()
        path.write_text(path.read_text().replace(old, new))
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # not even the time tells
        assert _run(package, "main.py")[0] == [expected, 0, 1]
    path = package / "mine" / "callee.py"
    path.write_text(path.read_text().replace("x + STEP", "x + 2 * STEP"))
    assert _run(package, "main.py")[0] == [130.0, 1, 0]  # what was compiled before is still there


def test_an_edit_of_another_script_takes_effect(tmp_path):
    """Two single files: the callee is in no package, so no folder's digest covers it."""
    (tmp_path / "loops.py").write_text(
        "from groundup.engine.kernels import kernel\n@kernel\ndef twice(x):\n    return 2 * x\n"
    )
    (tmp_path / "main.py").write_text(
        HEAD + "from loops import twice\n@kernel\ndef f(x):\n    return twice(x) + 1\n"
        "said = f(10)\n" + TAIL.format(kernels="[f]", said="said")
    )
    assert _run(tmp_path, "main.py")[0] == [21, 0, 1]
    assert _run(tmp_path, "main.py")[0] == [21, 1, 0]
    (tmp_path / "loops.py").write_text((tmp_path / "loops.py").read_text().replace("2 * x", "3 * x"))
    assert _run(tmp_path, "main.py")[0] == [31, 0, 1]


def test_an_edit_of_the_file_itself_takes_effect(tmp_path):
    text = (
        HEAD + "@kernel\ndef f(x):\n    return x + 1\nsaid = f(1)\n" + TAIL.format(kernels="[f]", said="said")
    )
    (tmp_path / "one.py").write_text(text)
    assert _run(tmp_path, "one.py")[0] == [2, 0, 1]
    assert _run(tmp_path, "one.py")[0] == [2, 1, 0]
    (tmp_path / "one.py").write_text(text.replace("x + 1", "x + 7"))
    assert _run(tmp_path, "one.py")[0] == [8, 0, 1]


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_broken_entry_is_compiled_again(package, ending):
    _run(package, "main.py")
    for damage in (_cut, _flip, lambda data: b"", lambda data: b"\x80\x04K\x05."):
        files = list((package / "kernels").rglob(f"*.{ending}"))
        assert files
        for file in files:
            file.write_bytes(damage(file.read_bytes()))
        assert _run(package, "main.py")[0] == [3.0, 0, 1]
    assert _run(package, "main.py")[0] == [3.0, 1, 0]


def test_an_entry_of_another_signature_is_compiled_again(tmp_path):
    """As two processes leave it that save two signatures at the same moment."""
    (tmp_path / "one.py").write_text(
        HEAD
        + "@kernel\ndef f(x):\n    return x[0] / 2\nsaid = [f(np.array([3])), f(np.array([3.0]))]\n"
        + TAIL.format(kernels="[f]", said="said")
    )
    assert _run(tmp_path, "one.py")[0] == [[1.5, 1.5], 0, 2]
    first, second = sorted((tmp_path / "kernels").rglob("*.nbc"))
    second.write_bytes(first.read_bytes())
    assert _run(tmp_path, "one.py")[0] == [[1.5, 1.5], 1, 1]
    assert _run(tmp_path, "one.py")[0] == [[1.5, 1.5], 2, 0]


def _start(folder: Path, *arguments: str):
    """Start Python in `folder`, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=_environment(folder, GROUNDUP_QUIET="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _read(process):
    """Return what the last line of a process says."""
    out, err = process.communicate()
    assert process.returncode == 0, err
    return eval(out.strip().splitlines()[-1])


def test_many_processes_at_once_on_one_empty_cache(tmp_path):
    """Each signature is compiled once, whoever comes first, and all are kept."""
    (tmp_path / "one.py").write_text(
        HEAD + "@kernel\ndef f(x):\n    return x[0] / 2\n"
        "said = float(f(np.array([3], dtype=sys.argv[1])))\n" + TAIL.format(kernels="[f]", said="said")
    )
    dtypes = ["f8", "f4", "i8", "f8"]
    said = [_read(process) for process in [_start(tmp_path, "one.py", dtype) for dtype in dtypes]]
    assert [value for value, _, _ in said] == [1.5] * 4
    assert sum(misses for _, _, misses in said) == 3
    for dtype in dtypes[:3]:
        assert _run(tmp_path, "one.py", dtype)[0] == [1.5, 1, 0]


HOLD = """
import pathlib, sys, filelock
(path,) = pathlib.Path("kernels").rglob("*.lock")
with filelock.FileLock(path):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def locked(tmp_path):
    """Run one kernel, remove what was compiled, and hold the kernel's lock as another process that compiles it."""
    (tmp_path / "one.py").write_text(
        HEAD + "from groundup.engine.kernels import cache\ncache.WAIT_S = float(sys.argv[1])\n"
        "@kernel\ndef f(x):\n    return x + 1\nprint('asks', flush=True)\nsaid = f(1)\n"
        + TAIL.format(kernels="[f]", said="said")
    )
    assert _run(tmp_path, "one.py", "60")[0] == [2, 0, 1]
    for path in (tmp_path / "kernels").rglob("*.nb?"):
        path.unlink()
    (tmp_path / "hold.py").write_text(HOLD)
    process = _start(tmp_path, "hold.py")
    assert process.stdout.readline() == "held\n", process.stderr.read()
    yield process
    process.kill()
    process.communicate()


def test_a_process_waits_for_another_that_compiles_the_same_kernel(tmp_path, locked):
    waiting = _start(tmp_path, "one.py", "60")
    assert waiting.stdout.readline() == "asks\n"
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.5)
    locked.kill()  # the system releases the lock of a process that dies
    assert _read(waiting) == [2, 0, 1]


def test_a_process_that_is_stopped_holds_up_nobody_for_long(tmp_path, locked):
    locked.send_signal(signal.SIGSTOP)
    assert _run(tmp_path, "one.py", "0.05")[0] == [2, 0, 1]
    assert _run(tmp_path, "one.py", "60")[0] == [2, 1, 0]  # what it compiled is there


def test_a_compilation_that_fails_holds_no_lock(tmp_path):
    (tmp_path / "bad.py").write_text(
        HEAD + "import pathlib, filelock\nfrom numba import TypingError\n"
        "@kernel\ndef inner(x):\n    return x.nothing\n@kernel\ndef f(x):\n    return inner(x)\n"
        "try:\n    f(1)\nexcept TypingError:\n    pass\n"
        "paths = list(pathlib.Path('kernels').rglob('*.lock'))\n"
        "for path in paths:\n    filelock.FileLock(path, blocking=False).acquire()\nprint(len(paths))\n"
    )
    assert _run(tmp_path, "bad.py")[0] == 2


def test_a_recursive_kernel_is_compiled_in_each_process(tmp_path):
    """It compiles itself for a second type of argument while the first is under way; Numba cannot load such a pair."""
    (tmp_path / "one.py").write_text(
        HEAD + "@kernel\ndef f(x, n):\n    if n <= 0:\n        return 1.0\n    return x + f(x + 0.5, n - 1)\n"
        "said = f(1, 3)\n" + TAIL.format(kernels="[f]", said="said")
    )
    for _ in range(2):
        assert _run(tmp_path, "one.py")[0] == [5.5, 0, 2]


def _where(tmp_path, prefix="", **environment):
    code = (
        f"{prefix}\nfrom groundup.engine.kernels import cache, kernel\n@kernel\ndef f(x):\n    return x + 1\n"
    )
    code += "assert f(1) == 2\nprint(repr(str(cache.cache_root())))"
    (tmp_path / "where.py").write_text(code)
    kept = {k: v for k, v in os.environ.items() if k not in {"XDG_CACHE_HOME", "GROUNDUP_CACHE_DIR"}}
    out, err = _execute(tmp_path, ["where.py"], {**kept, **environment})
    return eval(out), err


def test_the_first_writable_folder_is_used(tmp_path):
    home, chosen, xdg = tmp_path / "home", tmp_path / "chosen", tmp_path / "xdg"
    home.mkdir()
    every = {"HOME": str(home), "XDG_CACHE_HOME": str(xdg), "GROUNDUP_CACHE_DIR": str(chosen)}
    assert _where(tmp_path, **every)[0] == str(chosen)
    assert _where(tmp_path, **every | {"GROUNDUP_CACHE_DIR": "/proc/none"})[0] == str(xdg / "groundup")
    assert _where(tmp_path, HOME=str(home))[0] == str(home / ".cache" / "groundup")
    assert (home / ".cache" / "groundup").stat().st_mode & 0o777 == 0o700


def test_a_read_only_home_is_skipped(tmp_path):
    (tmp_path / "temporary").mkdir()
    where, _ = _where(tmp_path, HOME="/proc/none", TMPDIR=str(tmp_path / "temporary"))
    assert where == str(tmp_path / "temporary" / f"groundup-{os.getuid()}")


@pytest.mark.parametrize(
    "nowhere",
    [
        "import tempfile; tempfile.tempdir = '/proc/none'",
        "import tempfile\ndef none(): raise FileNotFoundError('no temporary directory')\ntempfile.gettempdir = none",
    ],
)
def test_kernels_work_without_a_writable_folder(tmp_path, nowhere):
    where, said = _where(tmp_path, prefix=nowhere, HOME="/proc/none")
    assert where == "None"
    assert "no writable cache folder" in said


def test_a_folder_that_others_can_write_is_not_used(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for folder in (shared, link):
        where, _ = _where(tmp_path, GROUNDUP_CACHE_DIR=str(folder), HOME=str(tmp_path))
        assert where == str(tmp_path / ".cache" / "groundup")


def test_a_full_disk_costs_only_the_time(tmp_path):
    """Writing fails with OSError from the first entry on."""
    code = HEAD + (
        "from groundup.engine.kernels.cache import _SealedFile\n"
        "def full(self, path): raise OSError(28, 'No space left on device')\n"
        "_SealedFile._open_for_write = full\n"
        "@kernel\ndef f(x):\n    return x + 1\nprint([f(1), f(1.5)])\n"
    )
    (tmp_path / "full.py").write_text(code)
    assert _run(tmp_path, "full.py")[0] == [2, 2.5]


def test_old_digests_are_removed(tmp_path):
    old, young, own = (tmp_path / (letter * 24) for letter in "abc")
    for folder in (old, young, own):
        folder.mkdir()
    past = old.stat().st_mtime - 40 * 24 * 3600
    os.utime(old, (past, past))
    os.utime(own, (past, past))
    cache.remove_unused(tmp_path, keep=own.name)
    assert sorted(p.name for p in tmp_path.iterdir()) == [young.name, own.name]


def test_only_folders_of_digests_are_removed(tmp_path):
    names = ["my thesis", "a" * 23, "a" * 25, "g" * 24, "A" * 24]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "kept.txt").write_text("years of work")
    (tmp_path / ("f" * 24)).write_text("a file")
    past = time.time() - 400 * 24 * 3600
    for entry in tmp_path.iterdir():
        os.utime(entry, (past, past))
    cache.remove_unused(tmp_path, keep="b" * 24)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*names, "f" * 24])
    assert all((tmp_path / name / "kept.txt").exists() for name in names)


def test_the_listener_is_called_instead_of_standard_error(tmp_path):
    code = HEAD + (
        "from groundup.engine.kernels import cache\ntold = []\ncache.on_compile(lambda: told.append(1))\n"
        "@kernel\ndef f(x):\n    return x + 1\nf(1); f(1.5)\nprint(told)\n"
    )
    (tmp_path / "heard.py").write_text(code)
    assert _run(tmp_path, "heard.py") == ([1], "")


SCALE = 2.0


def _callee(x):
    return x * SCALE


def _function(x):
    return _callee(x) + 1.0


def test_fingerprint_follows_callees_and_constants(monkeypatch):
    before = fingerprint(_function)
    assert fingerprint(_function) == before
    monkeypatch.setitem(_function.__globals__, "SCALE", 3.0)
    assert fingerprint(_function) != before
    monkeypatch.setitem(_function.__globals__, "SCALE", 2)  # another type is another code
    assert fingerprint(_function) != before
    monkeypatch.setitem(_function.__globals__, "SCALE", np.array([2.0]))
    array = fingerprint(_function)
    monkeypatch.setitem(_function.__globals__, "SCALE", np.array([2.5]))
    assert len({before, array, fingerprint(_function)}) == 3


def test_fingerprint_follows_closures():
    def made(k):
        def inner(x):
            return x + k

        return inner

    assert fingerprint(made(1)) == fingerprint(made(1)) != fingerprint(made(2))


def test_fingerprint_is_the_same_in_every_process(tmp_path):
    code = (
        "from groundup.engine.kernels.callees import fingerprint\n"
        "def f(x):\n    return x in {'a', 'b', 'c', 'd'}\nprint(repr(fingerprint(f)))"
    )
    (tmp_path / "f.py").write_text(code)
    said = [
        subprocess.run(
            [sys.executable, "f.py"],
            cwd=tmp_path,
            env=_environment(tmp_path, PYTHONHASHSEED=seed),
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")  # read when Python starts
    ]
    assert said[0] == said[1] != b""
