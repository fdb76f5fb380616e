"""Compile kernels in a side process while the data is read.

Numba compiles under the interpreter's lock, so a thread would gain nothing: a second process fills the cache on disk, and
this one loads from it. Begun only where the cache of these kernel sources has never been warmed, and there is one.
"""

from __future__ import annotations

import os
import subprocess
import sys

from groundup.workbench.events import Listener, StepBegun, StepDone


class Warming:
    """One side process, or none.

    Parameters
    ----------
    listen : callable
        Told when this process has to wait for the other.
    """

    def __init__(self, listen: Listener):
        self.listen, self._process = listen, None

    def begin(self, task: str | None) -> None:
        """Start compiling the kernels of a task, unless they have been."""
        from groundup.workbench.warmup import is_warm

        if self._process is not None or os.environ.get("GROUNDUP_WARMING") == "off" or is_warm(task):
            return
        command = [sys.executable, "-m", "groundup", "warmup", "--quiet"]
        if task is not None:
            command += ["--task", task]
        silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            self._process = subprocess.Popen(command, **silent)
        except OSError:  # no room for a second process: kernels are compiled in this one
            self._process = None

    def wait(self) -> None:
        """Wait until the kernels are compiled, and say so."""
        if self._process is None or self._process.poll() is not None:
            return
        self.listen(StepBegun("warm", "compiling kernels for the first time (kept for later runs)"))
        self._process.wait()
        self.listen(StepDone("warm", None))

    def end(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._process = None
