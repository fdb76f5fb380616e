"""A custom loss: a user's function that returns gradients and second derivatives, called once an iteration.

    def loss(y_true, raw_prediction): return gradient, hessian

With one score a row all four have shape (n_rows,); with K (classification into K > 2 classes) scores, gradients and
hessians have shape (n_rows, K), and y_true holds the class codes 0, 1, ... The function does not see weights: the
gradient and hessian of each row are multiplied by its weight afterwards. Hessians must not be negative; where the
second derivative is 0, return 1.

The function may be an object with further methods, each optional:

- ``loss.value(y_true, raw_prediction)``: the loss of each row, (n_rows,). Early stopping by ``scoring="loss"`` and the
  loss that is reported to callbacks need it.
- ``loss.start(y_true, sample_weight)``: the scores before the first tree, a number or (K,). The default is 0.
- ``loss.inverse_link(raw_prediction)``: predictions from scores. By default a regressor predicts the scores; the
  probabilities of a classifier are always the logistic or softmax function of them.

Cost: that of the function, and about 20 ns a row and output.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.rows import Rows
from groundup.models.trees.gradients import Scales, raw_scores, to_output_major, weighted_gradients


class CustomLoss:
    """A user's function as a loss: the same methods as `gradients.Loss`.

    Parameters
    ----------
    function : callable
    n_outputs : int
    link : str
    """

    by_quantile = False

    def __init__(self, function, n_outputs: int, link: str = "identity"):
        self.function, self.n_outputs, self.link = function, n_outputs, link

    def best_constant(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the scores to start from: (n_outputs,)."""
        if not hasattr(self.function, "start"):
            return np.zeros(self.n_outputs)
        start = self.function.start(y, weight if weight.size else np.ones(len(y)))
        return np.broadcast_to(np.asarray(start, np.float64), (self.n_outputs,)).copy()

    def update(self, rows: Rows, weight: np.ndarray) -> list[Scales]:
        """Set the columns ``gradient`` and ``hessian`` by the function; return the scales of each output."""
        result = self.function(rows["y"], self._scores(rows))
        if not isinstance(result, tuple) or len(result) != 2:
            raise ValueError("The loss must return two arrays: (gradient, hessian)")
        for name, returned in zip(("gradient", "hessian"), result, strict=True):
            values = np.asarray(returned, np.float64)
            if values.shape != ((rows.n_rows,) if self.n_outputs == 1 else (rows.n_rows, self.n_outputs)):
                raise ValueError(
                    f"The {name} of the loss has shape {values.shape}, not that of raw_prediction"
                )
            if not np.isfinite(values).all() or (name == "hessian" and (values < 0).any()):
                required = "finite" if name == "gradient" else "finite and not negative"
                raise ValueError(f"The {name} of the loss must be {required} in every row")
            rows[name][:] = to_output_major(rows, values.reshape(rows.n_rows, self.n_outputs))
        return weighted_gradients(rows, weight, self.n_outputs)

    def mean(self, rows: Rows, weight: np.ndarray) -> float:
        """Return the weighted mean of the loss, NaN if the function has no ``value``."""
        if not hasattr(self.function, "value"):
            return float("nan")
        values = np.asarray(self.function.value(rows["y"], self._scores(rows)), np.float64)
        return float(np.average(values, weights=weight if weight.size else None))

    def _scores(self, rows: Rows) -> np.ndarray:
        scores = raw_scores(rows)
        return scores[:, 0] if self.n_outputs == 1 else scores
