"""Compile kernels in a side process while the data is read.

Numba compiles under the interpreter's lock, so a thread would gain nothing: a second process fills the cache on disk, and
this one loads from it. Where nothing can be kept on disk, this process compiles before it compares, so that no learner's
first fit is charged with it. ``GROUNDUP_WARMING=off`` starts no second process.
"""

from __future__ import annotations

import os
import subprocess
import sys

from groundup.workbench.events import Listener, StepBegun, StepDone

_warm_here: set[str] = set()


class Warming:
    """The kernels of one task, compiled before they are needed.

    Parameters
    ----------
    listen : callable
        Told when this process has to wait.
    """

    def __init__(self, listen: Listener):
        self.listen, self._process, self._task = listen, None, ""

    def begin(self, task: str) -> None:
        """Start compiling the kernels of a task, unless that has been done."""
        from groundup.workbench.warmup import folder, is_warm

        self._task = task
        if is_warm(task) or folder() is None or os.environ.get("GROUNDUP_WARMING") == "off":
            return
        command = [sys.executable, "-m", "groundup", "warmup", "--quiet", "--task", task]
        nowhere = subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere)
        except OSError:  # no room for a second process
            self._process = None

    def wait(self) -> None:
        """Return when the kernels are there."""
        from groundup.workbench.warmup import is_warm, warm_up

        if is_warm(self._task) or self._task in _warm_here:
            return
        self.listen(StepBegun("warm", "kernels, for the first time"))
        if self._process is not None:
            self._process.wait()
        if not is_warm(self._task):
            warm_up((self._task,))
            _warm_here.add(self._task)
        self.listen(StepDone("warm", None))

    def end(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._process = None
