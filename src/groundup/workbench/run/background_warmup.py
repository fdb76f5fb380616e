"""Compile the largest kernels in a side process while data is read and the cheap learners are compared.

Numba compiles under the interpreter's lock, so a thread would gain nothing: a second process fills the cache on disk, and
this one loads from it. Where nothing can be kept on disk, this process compiles before the learner's first fit, so that
the fit is not charged with it. ``GROUNDUP_WARMING=off`` starts no second process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from groundup.workbench.run.events import Listener, StepBegun, StepDone

# By far the most to compile, in the order in which they are compared; forests grow the trees of the decision tree.
LARGE = {
    "binary": ("HistGradientBoostingClassifier", "DecisionTreeClassifier"),
    "multiclass": ("HistGradientBoostingClassifier", "DecisionTreeClassifier"),
    "regression": ("HistGradientBoostingRegressor", "DecisionTreeRegressor"),
    "clustering": ("KMeans",),
}
_LOOK_S = 0.05


class Warming:
    """The kernels of one task's largest learners, compiled before they are needed.

    Parameters
    ----------
    listen : callable
        Told when this process has to wait.
    """

    def __init__(self, listen: Listener):
        self.listen, self._process, self._task = listen, None, ""
        self._awaited: list[str] = []

    def begin(self, task: str) -> None:
        """Start compiling, unless that has been done."""
        from groundup.workbench.run.warmup import folder, is_warm

        self._task, self._awaited = task, [name for name in LARGE[task] if not is_warm(task, name)]
        if not self._awaited or folder() is None or os.environ.get("GROUNDUP_WARMING") == "off":
            return
        words = ["warmup", "--quiet", "--task", task, "--dtype", "float64"]
        words += [word for name in self._awaited for word in ("--learner", name)]
        nowhere = subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "groundup", *words], stdin=nowhere, stdout=nowhere, stderr=nowhere
            )
        except OSError:  # no room for a second process
            self._process = None

    def ready(self, learner: str) -> None:
        """Return when the kernels of a learner are there, if it is a large one."""
        from groundup.workbench.run.warmup import is_warm, warm_up

        if learner not in self._awaited:
            return
        task = self._task
        self._awaited.remove(learner)  # asked once a run
        if is_warm(task, learner):
            return
        self.listen(StepBegun("warm", "kernels, for the first time; they are kept"))
        while self._process is not None and self._process.poll() is None and not is_warm(task, learner):
            time.sleep(_LOOK_S)
        if not is_warm(task, learner):
            warm_up((task,), [learner], ("float64",))
        self.listen(StepDone("warm", None))

    def end(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._process = None
