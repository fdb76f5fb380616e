r"""
A loss and a penalty of your own
================================

A linear model is a loss, a penalty and a solver. You write the first two; the solver is there. As an example: a shop
that must not run out. To order one too few costs four times as much as to order one too many:

.. math:: \ell(z, y) = \begin{cases} 0.4\,(z - y)^2 & z < y \\ 0.1\,(z - y)^2 & z \ge y \end{cases}
"""

# %%
# A loss is an object with ``loss_gradient_hessian``: for scores ``z`` and targets ``y`` it writes the gradient and the
# second derivative of each row, times the weight of the row, and returns the weighted sum of the losses.
# (``out_hessian`` is empty if it is not needed.)
import altair as alt
import numpy as np

from groundup.models import LinearRegression
from groundup.models.linear.composed import ComposedRegressor


class Shortage:
    """0.8 r^2 / 2 where too little was said, else 0.2 r^2 / 2."""

    def loss_gradient_hessian(self, z, y, weight, out_gradient, out_hessian):
        """Write gradients and second derivatives; return the sum of the losses."""
        factor = weight * np.where(z < y, 0.8, 0.2)
        out_gradient[:] = factor * (z - y)
        if len(out_hessian):
            out_hessian[:] = factor
        return 0.5 * float(factor @ (z - y) ** 2)


# %%
# Seen from a demand of 10:
rows = [
    {
        "ordered": round(float(z), 2),
        "loss": round(
            Shortage().loss_gradient_hessian(*map(np.atleast_1d, (z, 10.0, 1.0)), np.empty(1), ()), 3
        ),
    }
    for z in np.linspace(5, 15, 101)
]
alt.Chart(alt.Data(values=rows)).mark_line().encode(
    x=alt.X("ordered:Q", scale=alt.Scale(zero=False)), y=alt.Y("loss:Q")
).properties(
    title="What an order costs where 10 are wanted",
    description="Three too few cost 3.6, three too many 0.9.",
    height=200,
)


# %%
# A penalty is two prices, :math:`\sum_j l_{1j} |w_j| + l_{2j} w_j^2 / 2`: numbers, or an array with one for each
# feature. Here the first feature is free, and the others pay.
class OrderRegressor(ComposedRegressor):
    """Says how much to order."""

    def __init__(self, price=0.1):
        self.price = price

    def _loss(self):
        return Shortage()

    def _penalty(self):
        return np.array([0.0, *[self.price] * (self.n_features_in_ - 1)]), 0.0


# %%
# That is all. It takes weights, frames, sparse rows and rows on disk, works in a Pipeline, warns where it has not
# converged.
rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 6))
y = 10 + X[:, 0] + 2 * X[:, 1] + rng.normal(0, 1, 2000)
mean, order = LinearRegression().fit(X, y), OrderRegressor().fit(X, y)
print("mean: ", mean.coef_.round(2), f"sells out on {np.mean(mean.predict(X) < y):.0%} of days")
print("order:", order.coef_.round(2), f"sells out on {np.mean(order.predict(X) < y):.0%} of days")
print(
    f"objective {order.objective_:.4f}, at most {order.gap_:.0e} above the minimum, {order.n_iter_} iterations"
)

# %%
# Is it the minimum? At a minimum every free coefficient has slope zero, and no other slope exceeds its price.
slope = np.empty(2000)
Shortage().loss_gradient_hessian(order.predict(X), y, np.ones(2000) / 2000, slope, np.empty(0))
print("slopes:", (X.T @ slope).round(3))
