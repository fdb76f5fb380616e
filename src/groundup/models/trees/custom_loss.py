"""A loss of the user's: a function that returns gradients and curvatures, called once an iteration.

    def loss(y_true, raw_prediction): return gradient, curvature

With one score a row all four have shape (n_rows,); with K (classification into K > 2 classes) the scores and the answers
have shape (n_rows, K), and y_true holds the class codes 0, 1, ... Neither knows of weights: each row's gradient and
curvature are multiplied by its weight afterwards. Curvatures are not negative; where the loss has none, 1 is a good one.

The function may be an object that can do more, each if it wants to:

- ``loss.value(y_true, raw_prediction)``: the loss of each row, (n_rows,). Early stopping by ``scoring="loss"`` and the
  loss that callbacks see need it.
- ``loss.start(y_true, sample_weight)``: the scores before the first tree, a number or (K,). Without, they are 0.
- ``loss.inverse_link(raw_prediction)``: predictions from scores. Without, a regressor predicts the scores; a
  classifier's probabilities are always the logistic or softmax function of them.

Cost: the function's own, and about 20 ns a row and output.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.rows import Rows
from groundup.models.trees.gradients import Scales, scales_of, weigh
from groundup.models.trees.planes import from_planes, to_planes


class OwnLoss:
    """A user's function, as boosting asks it: the same questions that `gradients.Loss` answers.

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
        """Ask the function; set the columns ``gradient`` and ``hessian``, and return the scales of each output."""
        answers = self.function(rows["y"], self._scores(rows))
        if not isinstance(answers, tuple) or len(answers) != 2:
            raise ValueError("The loss must return two arrays: (gradient, curvature)")
        for name, given in zip(("gradient", "hessian"), answers, strict=True):
            values = np.asarray(given, np.float64)
            word = "gradient" if name == "gradient" else "curvature"
            if values.shape != ((rows.n_rows,) if self.n_outputs == 1 else (rows.n_rows, self.n_outputs)):
                raise ValueError(
                    f"The {word} of the loss has shape {values.shape}, not that of raw_prediction"
                )
            if not np.isfinite(values).all() or (name == "hessian" and (values < 0).any()):
                wanted = "finite" if name == "gradient" else "finite and not negative"
                raise ValueError(f"The {word} of the loss must be {wanted} in every row")
            rows[name][:] = to_planes(rows, values.reshape(rows.n_rows, self.n_outputs))
        sums, ends = (np.empty((rows.n_blocks, self.n_outputs, 2)) for _ in range(2))

        def step(run):
            g, h = run["gradient"].reshape(-1), run["hessian"].reshape(-1)
            w = weight[run.lo : run.hi]
            for b in range(run.stop - run.first):
                lo, hi = int(run.bounds[b]), int(run.bounds[b + 1])
                for k in range(self.n_outputs):
                    own = slice(
                        lo * self.n_outputs + k * (hi - lo), lo * self.n_outputs + (k + 1) * (hi - lo)
                    )
                    weigh(w[lo:hi], g[own], h[own], sums[run.first + b, k], ends[run.first + b, k])

        rows.advance(step)
        return scales_of(sums, ends)

    def mean(self, rows: Rows, weight: np.ndarray) -> float:
        """Return the weighted mean of the loss, NaN if the function has no ``value``."""
        if not hasattr(self.function, "value"):
            return float("nan")
        values = np.asarray(self.function.value(rows["y"], self._scores(rows)), np.float64)
        return float(np.average(values, weights=weight if weight.size else None))

    def _scores(self, rows: Rows) -> np.ndarray:
        scores = from_planes(rows)
        return scores[:, 0] if self.n_outputs == 1 else scores
