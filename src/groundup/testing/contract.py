"""The contract suite: scikit-learn's checks and ours, run on one model, with one report.

In a script or in a notebook:

    report = check_learner(MyLearner())         # raises CheckFailed with the list of failures and their reasons
    print(report)

In pytest, one test per check:

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

#: Results of a check, in the order of the report.
STATUSES = ("passed", "failed", "expected to fail", "not applicable")


class Result(NamedTuple):
    """The result of one check.

    name : of the check.
    status : one of `STATUSES`.
    why : the failure in a few lines, or the declared reason.
    seconds : duration.
    """

    name: str
    status: str
    why: str
    seconds: float


class Check:
    """One named check of one model. Calling it raises AssertionError if the model breaks the contract.

    Parameters
    ----------
    name : str
        As the report shows it; scikit-learn's begin with ``check_``.
    function : callable
        Called with a fresh clone of the model.
    learner : estimator
        Not changed.
    expected : str
        The reason why this check is expected to fail; empty if it must pass.
    """

    def __init__(self, name: str, function: Callable, learner, expected: str = ""):
        self.name, self.function, self.learner, self.expected = name, function, learner, expected

    def __str__(self):
        return f"{type(self.learner).__name__}-{self.name}"

    __repr__ = __str__

    def __call__(self) -> None:
        """Run the check. One that is expected to fail, and passes, fails: its declaration must be removed."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            if not self.expected:
                self.function(clone(self.learner))
                return
            try:
                self.function(clone(self.learner))
            except unittest.SkipTest:
                raise
            except Exception:  # noqa: BLE001 (any failure is expected)
                return
            raise AssertionError(
                f"{self.name} passes: remove it from the expected failures ({self.expected})"
            )

    def run(self) -> Result:
        """Run the check and return its result."""
        begun = time.perf_counter()
        try:
            self()
            status, why = ("expected to fail", self.expected) if self.expected else ("passed", "")
        except unittest.SkipTest as e:
            status, why = "not applicable", str(e)
        except Exception as e:  # noqa: BLE001 (a model may raise anything)
            status, why = "failed", _why(e)
        return Result(self.name, status, why, time.perf_counter() - begun)


class Report:
    """The results of all checks.

    Attributes
    ----------
    learner : str
        The repr of the model.
    results : list of Result
    """

    def __init__(self, learner: str, results: list[Result]):
        self.learner, self.results = learner, results

    def _names(self, status: str) -> list[str]:
        """Return the names of the checks with a status."""
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
    """Return the checks of a model, scikit-learn's first.

    Parameters
    ----------
    learner : estimator or class
        Choose parameters that make it quick: it is fitted some hundred times, on 20,000 rows at most.
    expected_failures : dict of str to str, optional
        Name of a check -> the reason why it fails.
    weights : {"repetition", "sampling", "none"}, optional
        What ``sample_weight`` means; without it, the ``weights`` of the class. "repetition": a weight of 2 is the row
        given twice, to 1e-7. "sampling": the same in the mean only, for models that sample or quantise.
    save_and_load : callable, optional
        ``save_and_load(fitted)`` returns the model read from a file; its predictions must have the same bits.

    Raises
    ------
    UsageError
        If an expected failure names no check.
    """
    from groundup.testing import (
        bits,
        describing,
        fitting,
        predicting,
        reference,
        refusing,
        storing,
        weighting,
    )

    learner = learner() if isinstance(learner, type) else learner
    expected_failures = dict(expected_failures or {})
    meaning = weights or getattr(learner, "weights", "repetition")
    pairs = [
        *reference.checks(learner),
        *bits.checks(learner),
        *predicting.checks(learner),
        *weighting.checks(learner, meaning),
        *storing.checks(learner, save_and_load),
        *fitting.checks(learner),
        *refusing.checks(learner),
        *describing.checks(learner),
    ]
    names = [name for name, _ in pairs]
    for name in expected_failures:
        if name not in names:
            raise UsageError(f"This model has no check {name!r}.{nearest(name, names)}")
    return [Check(name, function, learner, expected_failures.get(name, "")) for name, function in pairs]


def check_learner(
    learner,
    *,
    expected_failures: dict[str, str] | None = None,
    weights: str | None = None,
    save_and_load: Callable | None = None,
    progress: Callable[[Result], None] | None = None,
    on_fail: str = "raise",
) -> Report:
    """Check that a model fulfils the contract: the rules of scikit-learn and of groundup.

    Parameters
    ----------
    learner, expected_failures, weights, save_and_load
        As for `learner_checks`.
    progress : callable, optional
        Called with each `Result`.
    on_fail : {"raise", "report"}
        "report": return the report even if checks fail.

    Returns
    -------
    Report
        Shows all failures when printed.

    Raises
    ------
    CheckFailed
        If a check fails that is not expected to; the message is the report, which is also ``error.report``.
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
    """Return the message of the error and the line of the model (or of the check) that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "/testing/" not in f.filename and "/sklearn/" not in f.filename] or frames
    text = str(error).strip() or "no message"
    where = own[-1]
    return f"{type(error).__name__}: {text[:1500]}\nat {where.filename}:{where.lineno}, in {where.name}: {where.line}"
