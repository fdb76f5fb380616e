r"""
A regularisation path
=====================

The lasso pays for every coefficient that it uses:

.. math:: P(w) = \frac{1}{2n} \|y - Xw\|^2 + \alpha \|w\|_1

At a high price :math:`\alpha` all coefficients are exactly zero. As the price falls, features come in one after the
other.
"""

# %%
# Ten measurements of 442 patients with diabetes, each scaled to a standard deviation of one, and how far the disease
# had come a year later. The path starts at the least price at which nothing is used.
import altair as alt
import numpy as np
from sklearn.datasets import load_diabetes

from groundup.models import Lasso

patients = load_diabetes()
X = (patients.data - patients.data.mean(axis=0)) / patients.data.std(axis=0)
y = patients.target - patients.target.mean()
most = np.abs(X.T @ y).max() / len(y)
rows, gaps = [], []
for alpha in most * np.logspace(0, -3, 40):
    model = Lasso(alpha=alpha, fit_intercept=False, tol=1e-6).fit(X, y)
    rows += [
        {"alpha": round(float(alpha), 5), "feature": name, "coefficient": round(float(w), 4)}
        for name, w in zip(patients.feature_names, model.coef_, strict=True)
    ]
    gaps.append(
        (
            alpha,
            model.dual_gap_,
            0.5 * np.mean((y - X @ model.coef_) ** 2) + alpha * np.abs(model.coef_).sum(),
        )
    )

# %%
# Read it from the right: the body mass index (bmi) comes in first, together with s5 (a blood value). Five of the ten
# never matter much. s1 and s2, which are nearly the same, begin to work against one another at low prices.
lines = (
    alt.Chart(alt.Data(values=rows))
    .mark_line(strokeWidth=1.5)
    .encode(
        x=alt.X("alpha:Q", scale=alt.Scale(type="log"), title="alpha, the price of a coefficient"),
        y=alt.Y("coefficient:Q", title="coefficient"),
        detail="feature:N",
        tooltip=["feature:N", "alpha:Q", "coefficient:Q"],
    )
)
last = [row for row in rows if row["alpha"] == rows[-1]["alpha"] and abs(row["coefficient"]) > 8]
ends = (
    alt.Chart(alt.Data(values=last))
    .mark_text(align="left", dx=4, dy=-7)
    .encode(x="alpha:Q", y="coefficient:Q", text="feature:N")
)
(lines + ends).properties(
    title="Coefficients of the lasso over its price",
    description="From the right, where the price is highest: bmi and s5 come in first, the others follow.",
    height=340,
)

# %%
# How do we know that these are the minima? Any :math:`\theta` with :math:`\|X^\top\theta\|_\infty \le n\alpha` gives
# a lower bound of :math:`P`, the dual. The distance between the objective reached and the best bound found is the
# *duality gap*: no coefficients whatever can be better by more than that.
alpha, gap, objective = max(gaps, key=lambda told: told[1] / told[2])
print(f"the largest gap, at alpha = {alpha:.3g}: {gap:.1e}, of an objective of {objective:.1f}")
