"""Check learners from the command line: ``python -m groundup.testing my_module:MyLearner ...``."""

from __future__ import annotations

import importlib
import sys

from groundup.errors import GroundupError, UsageError
from groundup.testing.contract import check_learner

USAGE = """\
usage: python -m groundup.testing MODULE:CLASS ...

Check learners against the contract that groundup's own keep: scikit-learn's checks, and groundup's (the same bits on any
number of threads, rows for themselves, weights, saving and loading, Ctrl-C). A module is looked for in this folder too.

  python -m groundup.testing groundup.models:Ridge

Exit codes: 0 all is kept, 2 wrong usage, 3 a check failed.
"""


def main(names: list[str]) -> int:
    """Print the report of each learner; return 0 if all keep the contract, 3 if not, 2 on wrong usage."""
    if {"-h", "--help"} & set(names):
        sys.stdout.write(USAGE)
        return 0
    if not names or any(name.startswith("-") for name in names):
        sys.stderr.write(USAGE)
        return 2
    sys.path.insert(0, "")
    n_failed = 0
    for name in names:
        try:
            report = check_learner(_found(name), on_fail="report")
        except GroundupError as e:
            sys.stderr.write(f"{e}\n")
            return e.exit_code
        sys.stdout.write(f"{report}\n")
        n_failed += len(report.failed)
    return 3 if n_failed else 0


def _found(name: str):
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as e:
        raise UsageError(f"no learner at {name!r}: {e}", hint="Write it as MODULE:CLASS.") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
