"""Callbacks: scikit-learn's experimental ``sklearn.callback`` behind one adapter, so that no learner knows it.

A learner that iterates inherits `Callbacks` and writes

    tell = self._iterations("iteration", max_iter, X, y)
    for i in range(max_iter):
        ...
        if tell(lambda: {"loss": loss}, lambda: {"coef_": coef}):
            break                                             # a callback asked to stop

With no callback set, nothing is created and ``tell`` costs a function call. A callback finds the figures of the iteration
(its number, the loss, whatever the learner names) in ``context.figures``: scikit-learn's hooks have no argument for them,
their ``metadata`` is what goes to a scorer, such as weights. If it asks, it gets an estimator that is ready to predict as
if the fit had stopped there. scikit-learn's own callbacks work.
"""

from __future__ import annotations

from sklearn.callback import CallbackSupportMixin
from sklearn.callback._callback_support import callback_management_context

#: Holds a fit: callbacks are torn down when it ends, however it ends.
closing = callback_management_context


class Callbacks(CallbackSupportMixin):
    """Mixin of the learners that iterate: ``set_callbacks`` for the user, ``_iterations`` for ``fit``."""

    def _iterations(self, name: str, max_iterations: int | None, X=None, y=None):
        """Open the fit's tasks and return ``tell(figures, attributes=None) -> stop``, to be called after each iteration.

        Both arguments are functions without arguments that return a mapping; they are called only if someone listens.

        Parameters
        ----------
        name : str
            What an iteration is called: "iteration", "epoch".
        max_iterations : int or None
            At most so many.
        """
        if not getattr(self, "_skl_callbacks", None):
            return _silent
        root = self._init_callback_context(max_subtasks=max_iterations)
        root.call_on_fit_task_begin(estimator=self, X=X, y=y)
        number = 0

        def tell(figures, attributes=None) -> bool:
            nonlocal number
            task = root.subcontext(task_name=name)
            task.call_on_fit_task_begin(estimator=self, X=X, y=y)
            task.figures = {name: number, **figures()}  # type: ignore[attr-defined]
            stop = task.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes=attributes)
            number += 1
            return bool(stop)

        return tell

    def _iterations_end(self, X=None, y=None) -> None:
        """Close the fit's root task; the learner's fitted attributes are set by now."""
        root = vars(self).get("_callback_fit_ctx")
        if root is not None:
            root.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes=self.get_state)


def _silent(figures, attributes=None) -> bool:
    return False
