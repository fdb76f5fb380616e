"""Race our learners against the peers that are installed: the same work, the same quality, one interleaved run.

    python benchmarks/race.py [--cases gbdt-1m-28,...] [--rounds 3] [--threads 2] [--rows-share 1.0] [--json FILE]

Every fit runs in a process of its own, after a small fit that has paid for imports and compilation; rounds are
interleaved (a, b, c, a, b, c, ...), and the medians are printed with the ratio to the fastest peer. `waited` is the
share of the fit in which the process could have run but had no CPU: a row with much of it was disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def waited_s() -> float:
    """Seconds that this process's threads were runnable without a CPU (Linux; elsewhere 0)."""
    total = 0
    for path in Path("/proc/self/task").glob("*/schedstat"):
        try:
            total += int(path.read_text().split()[1])
        except OSError:
            continue
    return total / 1e9


def known() -> dict:
    """Return all cases by name: the open ones, and the further ones of linear models and of boosting."""
    import boosting
    import cases
    import linear

    return {**cases.CASES, **linear.CASES, **boosting.CASES}


def run_one(case_name: str, peer: str, threads: int, share: float) -> dict:
    """Fit and predict once, in this process; return seconds, microseconds and quality."""
    import warnings

    warnings.filterwarnings("ignore")
    case, clock = known()[case_name], time.perf_counter
    data = case.make(share)
    few = {k: v[:5000] if k != "init" else v for k, v in data.items()}
    started = clock()
    getattr(case.build(peer, threads, data).fit(few["X"], few["y"]), case.predict)(few["X"][:100])
    cold_s = clock() - started

    model = case.build(peer, threads, data)
    waited, started = waited_s(), clock()
    model.fit(data["X"], data["y"])
    fit_s = clock() - started
    waited = waited_s() - waited

    predict = getattr(model, case.predict)
    batch = []
    for _ in range(3):
        started = clock()
        predict(data["X_test"])
        batch.append(clock() - started)
    rows = []
    for i in range(300):
        row = data["X_test"][i : i + 1]
        started = clock()
        predict(row)
        rows.append(clock() - started)
    return {
        "case": case_name,
        "peer": peer,
        "fit_s": fit_s,
        "waited": waited / fit_s,
        "predict_s": min(batch),
        "row_us": statistics.median(rows) * 1e6,
        "cold_s": cold_s,
        "quality": case.quality(model, data),
    }


def race(names: list[str], rounds: int, threads: int, share: float) -> list[dict]:
    """Run all rounds of all cases, each fit in a process of its own; return their results."""
    results, cases = [], known()
    limits = {f"{p}_NUM_THREADS": str(threads) for p in ("OMP", "OPENBLAS", "MKL", "GROUNDUP")}
    for name in names:
        for number in range(rounds):
            for peer in cases[name].installed():
                command = [sys.executable, __file__, "--one", name, peer, str(threads), str(share)]
                done = subprocess.run(
                    command, env={**os.environ, **limits}, capture_output=True, text=True, check=False
                )
                if done.returncode:
                    print(f"{name} {peer} failed: {done.stderr.strip()[-200:]}", file=sys.stderr)
                    continue
                result = json.loads(done.stdout.splitlines()[-1])
                results.append(result)
                print(f"{name} round {number + 1} {peer}: fit {result['fit_s']:.3f} s", file=sys.stderr)
    return results


def table(results: list[dict]) -> str:
    """Return the medians as a Markdown table, every time beside its ratio to the fastest peer's."""
    groups: dict[str, dict[str, list[dict]]] = {}
    for r in results:
        groups.setdefault(r["case"], {}).setdefault(r["peer"], []).append(r)
    lines = [
        "| case | estimator | fit s | x best peer | predict s | x | one row us | x | cold s | waited | quality |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for case, peers in groups.items():
        median = {
            p: {
                k: statistics.median(r[k] for r in rs)
                for k in ("fit_s", "predict_s", "row_us", "cold_s", "waited")
            }
            for p, rs in peers.items()
        }
        others = [m for p, m in median.items() if p != "groundup"] or list(median.values())
        for peer, m in sorted(median.items(), key=lambda item: item[1]["fit_s"]):
            cells = [case, peer]
            for k in ("fit_s", "predict_s", "row_us"):
                cells += [f"{m[k]:.3g}", f"{m[k] / min(o[k] for o in others):.2f}"]
            quality = " ".join(f"{k}={v:.6g}" for k, v in peers[peer][0]["quality"].items())
            cells += [f"{m['cold_s']:.2g}", f"{m['waited']:.0%}", quality]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Read the command line and race."""
    from cases import CASES

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default=",".join(CASES), help="names, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--rows-share", type=float, default=1.0, help="of each case's rows: 0.1 for a quick look"
    )
    parser.add_argument("--json", type=Path, help="write every result to this file")
    parser.add_argument(
        "--one", nargs=4, metavar=("CASE", "PEER", "THREADS", "SHARE"), help=argparse.SUPPRESS
    )
    args = parser.parse_args()
    if args.one:
        case, peer, threads, share = args.one
        print(json.dumps(run_one(case, peer, int(threads), float(share))))
        return
    names = args.cases.split(",")
    unknown = [n for n in names if n not in known()]
    if unknown:
        parser.error(f"unknown case {unknown[0]!r}; there are {', '.join(known())}")
    results = race(names, args.rounds, args.threads, args.rows_share)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))
    print(table(results))


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()
