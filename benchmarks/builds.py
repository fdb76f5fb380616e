"""Test scores of whole builds: the command line on real tables, over the split seeds 0-4, each of them printed.

    python benchmarks/builds.py [--data ../shared/data] [--budget 60s] [--tables telco_churn,penguins] [--seeds 5]

The bounds are on the mean over the seeds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean

# Table: file, target, metric, the bound that the mean has to reach, whether greater is better.
TABLES = {
    "telco_churn": ("Telco-Customer-Churn.csv", "Churn", "roc_auc", 0.835, True),
    "california_housing": ("housing.csv", "median_house_value", "rmse", 49_500, False),
    "diamonds": ("diamonds.csv", "price", "rmse", 570, False),
    "penguins": ("penguins.csv", "species", "accuracy", 0.97, True),
}


def build(path: Path, target: str, seed: int, budget: str) -> dict:
    """Build in a project of its own; return what ``--json`` prints."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "groundup", "build", path, "--target", target, "--budget", budget]
        command += ["--seed", str(seed), "--project", f"{folder}/p", "--json"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)


def main() -> None:
    """Build, and print a line a build and one a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    options.add_argument("--budget", default="60s")
    options.add_argument("--tables", default=",".join(TABLES))
    options.add_argument("--seeds", type=int, default=5)
    asked = options.parse_args()
    for name in asked.tables.split(","):
        file, target, metric, bound, greater = TABLES[name]
        path = next(iter(sorted((asked.data / name).rglob(file))), None)
        if path is None:
            raise SystemExit(
                f"{asked.data / name} holds no {file}: name the folder of the tables with --data."
            )
        scores = []
        for seed in range(asked.seeds):
            began = time.perf_counter()
            result = build(path, target, seed, asked.budget)
            scores.append(result["metrics"]["test"][metric])
            chosen = result["best"]["title"]
            seconds = time.perf_counter() - began
            print(
                f"{name:20} seed {seed}  test {metric} {scores[-1]:.5g}  {chosen}  {seconds:.0f} s",
                flush=True,
            )
        reached = mean(scores) >= bound if greater else mean(scores) <= bound
        print(f"{name:20} mean {mean(scores):.5g}, bound {bound:g}: {'reached' if reached else 'MISSED'}")


if __name__ == "__main__":
    main()
