"""Check models from the command line: ``python -m groundup.testing my_module:MyLearner ...``."""

from __future__ import annotations

import importlib
import sys

from groundup.errors import GroundupError, UsageError
from groundup.testing.contract import check_learner

USAGE = """\
usage: python -m groundup.testing MODULE:CLASS ...

Check models against the contract that groundup's own fulfil: scikit-learn's checks, and groundup's (the same bits on any
number of threads, independent rows, weights, saving and loading, Ctrl-C). Modules are imported from this folder too.

  python -m groundup.testing groundup.models:Ridge

Exit codes: 0 all checks pass, 2 wrong usage, 3 a check failed.
"""


def main(names: list[str]) -> int:
    """Print the report of each model; return 0 if all checks pass, 3 if not, 2 on wrong usage."""
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
            report = check_learner(_load(name), on_fail="report")
        except GroundupError as e:
            sys.stderr.write(f"{e}\n")
            return e.exit_code
        sys.stdout.write(f"{report}\n")
        n_failed += len(report.failed)
    return 3 if n_failed else 0


def _load(name: str):
    """Return the class that MODULE:CLASS names."""
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as e:
        raise UsageError(f"There is no model at {name!r}: {e}", hint="Write it as MODULE:CLASS.") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
