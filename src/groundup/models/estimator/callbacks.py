"""Callbacks: an adapter to scikit-learn's experimental ``sklearn.callback``, the only module that imports it.

A model that iterates inherits `Callbacks` and writes

    tell = self._iterations("iteration", max_iter, X, y)
    for i in range(max_iter):
        ...
        if tell(lambda: {"loss": loss}, lambda: {"coef_": coef}):
            break                                             # a callback stops the fit

With no callback set, nothing is created and ``tell`` costs a function call. A callback reads the figures of the iteration
(its number, the loss, and others of the model) from ``context.figures``: scikit-learn's hooks have no argument for them,
as their ``metadata`` is for a scorer, such as weights. On request it gets an estimator that predicts as if the fit had
stopped there. scikit-learn's own callbacks work.
"""

from __future__ import annotations

from sklearn.callback import CallbackSupportMixin
from sklearn.callback._callback_support import callback_management_context

#: Context of a fit: callbacks are torn down when it ends, even by an error.
closing = callback_management_context


class Callbacks(CallbackSupportMixin):
    """Mixin of the models that iterate: ``set_callbacks`` for the user, ``_iterations`` for ``fit``."""

    def _iterations(self, name: str, max_iterations: int | None, X=None, y=None):
        """Open the fit's tasks and return ``tell(figures, attributes=None) -> stop``, to be called after each iteration.

        Both arguments are functions without arguments that return a mapping; they are called only if a callback is set.

        Parameters
        ----------
        name : str
            Name of an iteration: "iteration", "epoch".
        max_iterations : int or None
            Upper bound, if there is one.
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
        """Close the root task of the fit; the fitted attributes are set by then."""
        root = vars(self).get("_callback_fit_ctx")
        if root is not None:
            root.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes=self.get_state)


def _silent(figures, attributes=None) -> bool:
    """Do nothing: no callback is set."""
    return False
