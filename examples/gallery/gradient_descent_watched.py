r"""
Gradient descent, watched
=========================

Of a loss :math:`L(w) = \frac1n \sum_i \ell(w^\top x_i, y_i)`, gradient descent goes downhill in small steps

.. math:: w \leftarrow w - \frac{\eta}{|B|} \sum_{i \in B} \nabla \ell(w^\top x_i, y_i)

where :math:`B` is a batch of a few rows and :math:`\eta` the learning rate. Both can be chosen badly. A callback sees
every step.
"""

# %%
# Two features, so that the weights are a point in the plane; the best ones are (3, -2). The callback asks for every
# step (``every = 1``), and writes down the figures that it is told: the loss of the rows of the step, the norm of the
# gradient, the weights.
import altair as alt
import numpy as np

from groundup.models import SGDRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(256, 2)) * [1.0, 0.5]
y = X @ [3.0, -2.0] + rng.normal(0, 0.5, 256)


class Watch:
    """Write down what is told of every step."""

    every = 1

    def setup(self, estimator, context):
        """Begin."""
        self.told = []

    def teardown(self, estimator, context):
        """End."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Keep the figures of a step."""
        if context.parent is not None:
            self.told.append(context.figures)
        return False


def watched(rate, batch, n_epochs):
    """Return what is told of each step of a descent from (0, 0)."""
    model = SGDRegressor(
        penalty=None, fit_intercept=False, learning_rate="constant", eta0=rate, batch_size=batch,
        max_iter=n_epochs, tol=None, random_state=0,
    )  # fmt: skip
    model.set_callbacks(Watch()).fit(X, y)
    return model._skl_callbacks[0].told


def drawn(runs, title, description):
    """Draw the loss of all rows after each step, of each run."""
    rows = []
    for name, told in runs.items():
        for step, figures in enumerate(told[:48]):
            loss = 0.5 * np.mean((y - X @ figures["coef"][0]) ** 2)
            rows.append({"run": name, "step": step + 1, "loss": round(float(loss), 5)})
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_line(clip=True)
        .encode(
            x=alt.X("step:Q"),
            y=alt.Y("loss:Q", scale=alt.Scale(type="log", domain=[0.1, 10]), title="loss of all rows"),
            color=alt.Color("run:N", sort=None),
            strokeDash=alt.StrokeDash("run:N", sort=None),
        )
        .properties(title=title, description=description)
    )


# %%
# **Three learning rates**, all rows in every step (a batch of 256). Too small a rate creeps; a good one is there in
# twenty steps; too large a one overshoots, farther each time. The limit is :math:`2/\lambda` with :math:`\lambda` the
# largest curvature of the loss.
runs = {f"rate {rate}": watched(rate, 256, 48) for rate in (0.05, 0.5, 2.1)}
print(f"the limit here: {2 / np.linalg.eigvalsh(X.T @ X / len(X)).max():.2f}")
drawn(runs, "Three learning rates", "0.05 creeps, 0.5 arrives, 2.1 runs away.")

# %%
# **Three batch sizes** at one rate. A single row says where *it* wants to go: such steps are cheap and never come to
# rest. The more rows in a batch, the calmer the way.
runs = {f"batch of {batch}": watched(0.3, batch, 48 * batch // 256 + 1) for batch in (1, 16, 256)}
drawn(runs, "Three batch sizes", "One row a step is restless, 256 rows a step are calm.")

# %%
# The norm of the gradient tells when to stop: with all rows in the batch it goes to zero, with a few it does not,
# because each batch has a minimum of its own.
for name, told in runs.items():
    norms = [told[step]["gradient_norm"] for step in (0, 47)]
    print(f"{name:>12}: gradient norm {norms[0]:.3f} at first, {norms[1]:.3f} after 48 steps")
