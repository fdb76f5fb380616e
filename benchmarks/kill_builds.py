"""Kill builds with SIGKILL at random moments, run the same command again, and compare the bundles.

    python benchmarks/kill_builds.py --builds 20 --max-fits 40

Each build is killed `--kills` times, a random time (up to 0.3 s) after its journal has a random number of entries: so the
kills fall on every part of a run, however busy the machine is. Then it is left to end. Printed are, per build, the
entries at each kill and the bundle's digest; at the end how many digests there are (one is right), fits that a journal
has twice (none is right), and looks at test beyond one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path


def main() -> int:
    """Kill, run again, compare; the exit code is 0 if all bundles are equal."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="kill-builds-") as scratch:
        root = Path(scratch)
        _run(options, root / "undisturbed")
        wanted = _digest(root / "undisturbed")
        n_entries = sum(_kinds(root / "undisturbed", "journal.jsonl").values())
        print(f"undisturbed: {n_entries} entries, {wanted[:16]}", flush=True)
        rng = random.Random(options.seed)
        found, twice, looks, n_kills = Counter([wanted]), 0, 0, 0
        for i in range(options.builds):
            project, told = root / str(i), []
            for at in sorted(rng.sample(range(n_entries), options.kills)):
                killed = _killed(options, project, at, rng.uniform(0.0, 0.3))
                n_kills += killed
                n_now = sum(_kinds(project, "unfinished.jsonl").values()) or "all"
                told.append(f"killed at {n_now} entries" if killed else "ended before")
            _run(options, project)
            digest = _digest(project)
            found[digest] += 1
            twice += _twice(project)
            looks += len(json.loads((project / "project.json").read_text())["looks"]) - 1
            print(
                f"{i:3}  {digest[:16]}  {'equal' if digest == wanted else 'OTHER'}  {'; '.join(told)}",
                flush=True,
            )
    print(
        f"{options.builds} builds, {n_kills} killed: {len(found)} digest{'s' if len(found) > 1 else ''}, {twice} fits "
        f"done twice, {looks} looks at test too many"
    )
    return int(len(found) > 1 or twice > 0 or looks > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--builds", type=int, default=20)
    parser.add_argument("--kills", type=int, default=2, help="of each build")
    parser.add_argument("--max-fits", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--data", default="sample:churn")
    parser.add_argument("--target", default="churned")
    parser.add_argument("--ignore", action="append", default=["exit_survey"])
    return parser.parse_args()


def _command(options: argparse.Namespace, project: Path) -> list[str]:
    left_out = [word for name in options.ignore for word in ("--ignore", name)]
    words = [
        "build",
        options.data,
        "--target",
        options.target,
        "--max-fits",
        str(options.max_fits),
        *left_out,
    ]
    return [sys.executable, "-m", "groundup", *words, "--project", str(project), "--quiet"]


def _run(options: argparse.Namespace, project: Path) -> None:
    done = subprocess.run(_command(options, project), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)


def _killed(options: argparse.Namespace, project: Path, at: int, delay: float) -> bool:
    """Start a build and kill it so long after its journal has `at` entries; return whether it was still alive."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(_command(options, project), stdout=quiet, stderr=quiet)
    while process.poll() is None and sum(_kinds(project, "unfinished.jsonl").values()) < at:
        time.sleep(0.005)
    time.sleep(delay)
    if process.poll() is not None:
        return False
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return True


def _kinds(project: Path, name: str) -> Counter:
    """Count the entries of a journal by kind."""
    data = b"".join(path.read_bytes() for path in project.rglob(name))
    return Counter(json.loads(line)["kind"] for line in data.split(b"\n")[:-1])


def _twice(project: Path) -> int:
    """Count the fits that a journal has more than once."""
    (path,) = project.rglob("journal.jsonl")
    fits = [entry for line in path.read_text().splitlines() if (entry := json.loads(line))["kind"] == "fit"]
    keys = Counter(json.dumps([fit["learner"], fit["params"], fit["fold"]], sort_keys=True) for fit in fits)
    return sum(n - 1 for n in keys.values())


def _digest(project: Path) -> str:
    (bundle,) = project.rglob("model.groundup")
    return hashlib.sha256(bundle.read_bytes()).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main())
