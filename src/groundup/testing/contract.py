"""The contract suite: scikit-learn's checks and ours, run over one learner, told in one report.

Two ways to use it. As a script or in a notebook:

    report = check_learner(MyLearner())         # raises CheckFailed with the list of what failed, and why
    print(report)

And in pytest, one test a check:

    @pytest.mark.parametrize("check", learner_checks(MyLearner()), ids=str)
    def test_contract(check):
        check()
"""

from __future__ import annotations

import time
import traceback
import unittest
import warnings
from collections.abc import Callable
from typing import NamedTuple

from groundup.errors import CheckFailed, UsageError, nearest
from groundup.models.estimator import ConvergenceWarning, clone

#: What a check can come to, in the order of the report.
STATUSES = ("passed", "failed", "expected to fail", "not applicable")


class Result(NamedTuple):
    """What one check came to.

    name : of the check.
    status : one of `STATUSES`.
    why : the failure in a few lines, or the declared reason.
    seconds : how long it took.
    """

    name: str
    status: str
    why: str
    seconds: float


class Check:
    """One named check of one learner. Call it: it raises AssertionError if the learner breaks the contract.

    Parameters
    ----------
    name : str
        As the report shows it; scikit-learn's begin with ``check_``.
    function : callable
        Called with a fresh clone of the learner.
    learner : estimator
        Not changed.
    expected : str
        The reason why this check is expected to fail; empty where it must pass.
    """

    def __init__(self, name: str, function: Callable, learner, expected: str = ""):
        self.name, self.function, self.learner, self.expected = name, function, learner, expected

    def __str__(self):
        return f"{type(self.learner).__name__}-{self.name}"

    __repr__ = __str__

    def __call__(self) -> None:
        """Run the check. One that is expected to fail, and does not, fails: its declaration must go."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            if not self.expected:
                self.function(clone(self.learner))
                return
            try:
                self.function(clone(self.learner))
            except unittest.SkipTest:
                raise
            except Exception:  # noqa: BLE001 (whatever it is, it was foreseen)
                return
            raise AssertionError(f"{self.name} passes: take it off the expected failures ({self.expected})")

    def run(self) -> Result:
        """Run the check and tell what it came to."""
        begun = time.perf_counter()
        try:
            self()
            status, why = ("expected to fail", self.expected) if self.expected else ("passed", "")
        except unittest.SkipTest as e:
            status, why = "not applicable", str(e)
        except Exception as e:  # noqa: BLE001 (a learner may raise anything)
            status, why = "failed", _why(e)
        return Result(self.name, status, why, time.perf_counter() - begun)


class Report:
    """What all checks came to.

    Attributes
    ----------
    learner : str
        The learner's repr.
    results : list of Result
    """

    def __init__(self, learner: str, results: list[Result]):
        self.learner, self.results = learner, results

    def _names(self, status: str) -> list[str]:
        return [r.name for r in self.results if r.status == status]

    @property
    def passed(self) -> list[str]:
        """Names of the checks that passed."""
        return self._names("passed")

    @property
    def failed(self) -> list[str]:
        """Names of the checks that failed."""
        return self._names("failed")

    @property
    def expected(self) -> dict[str, str]:
        """The checks that failed as declared, and the reason of each."""
        return {r.name: r.why for r in self.results if r.status == "expected to fail"}

    def __str__(self):
        counts = ", ".join(f"{n} {s}" for s in STATUSES if (n := len(self._names(s))))
        seconds = sum(r.seconds for r in self.results)
        lines = [f"{self.learner}: {counts} ({seconds:.0f} s)"]
        for status in STATUSES[1:]:
            for r in self.results:
                if r.status == status:
                    why = r.why.replace("\n", "\n      ")
                    lines.append(f"  {status}: {r.name}\n      {why}")
        return "\n".join(lines)

    __repr__ = __str__


def learner_checks(
    learner,
    *,
    expected_failures: dict[str, str] | None = None,
    weights: str | None = None,
    save_and_load: Callable | None = None,
) -> list[Check]:
    """Return the checks of a learner, scikit-learn's first.

    Parameters
    ----------
    learner : estimator or class
        Choose parameters that make it quick: it is fitted some hundred times, at most on 20,000 rows.
    expected_failures : dict of str to str, optional
        Name of a check -> the reason why it fails.
    weights : {"repetition", "sampling", "none"}, optional
        What ``sample_weight`` means; the class' own ``weights`` where not given. "repetition": a weight of 2 is the row
        given twice, to 1e-7. "sampling": so in the mean only, for learners that sample or quantise.
    save_and_load : callable, optional
        ``save_and_load(fitted)`` returns what comes back from a file; its predictions must have the same bits.

    Raises
    ------
    UsageError
        If an expected failure names no check.
    """
    from groundup.testing import bits, describing, fitting, predicting, reference, storing, weighting

    learner = learner() if isinstance(learner, type) else learner
    expected_failures = dict(expected_failures or {})
    meaning = weights or getattr(learner, "weights", "repetition")
    found = [
        *reference.checks(learner),
        *bits.checks(learner),
        *predicting.checks(learner),
        *weighting.checks(learner, meaning),
        *storing.checks(learner, save_and_load),
        *fitting.checks(learner),
        *describing.checks(learner),
    ]
    names = [name for name, _ in found]
    for name in expected_failures:
        if name not in names:
            raise UsageError(f"no check of this learner is called {name!r}.{nearest(name, names)}")
    return [Check(name, function, learner, expected_failures.get(name, "")) for name, function in found]


def check_learner(
    learner,
    *,
    expected_failures: dict[str, str] | None = None,
    weights: str | None = None,
    save_and_load: Callable | None = None,
    progress: Callable[[Result], None] | None = None,
    on_fail: str = "raise",
) -> Report:
    """Check that a learner keeps the contract: scikit-learn's rules and this house's.

    Parameters
    ----------
    learner, expected_failures, weights, save_and_load
        As for `learner_checks`.
    progress : callable, optional
        Called with each `Result` as it comes.
    on_fail : {"raise", "report"}
        "report": return the report also where checks fail.

    Returns
    -------
    Report
        ``print(report)`` tells all.

    Raises
    ------
    CheckFailed
        If a check fails that is not expected to; the message is the report, also found as ``error.report``.
    """
    if on_fail not in {"raise", "report"}:
        raise UsageError(f"on_fail={on_fail!r} is neither 'raise' nor 'report'")
    results, name = [], ""
    for check in learner_checks(
        learner, expected_failures=expected_failures, weights=weights, save_and_load=save_and_load
    ):
        results.append(check.run())
        name = repr(check.learner)
        if progress:
            progress(results[-1])
    report = Report(name, results)
    if report.failed and on_fail == "raise":
        error = CheckFailed(str(report))
        error.report = report  # type: ignore[attr-defined]
        raise error
    return report


def _why(error: Exception) -> str:
    """Return the error's message and the line of the learner (or of the check) that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "/testing/" not in f.filename and "/sklearn/" not in f.filename] or frames
    text = str(error).strip() or "no message"
    where = own[-1]
    return f"{type(error).__name__}: {text[:1500]}\nat {where.filename}:{where.lineno}, in {where.name}: {where.line}"
