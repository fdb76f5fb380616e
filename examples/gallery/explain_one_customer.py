r"""
Why this customer?
==================

A boosted model adds up hundreds of small trees, too many to read. But its score for one customer can be divided among
the columns: the *Shapley value* of column :math:`i` is the change of the score when the column becomes known, averaged
over all orders in which the columns :math:`N` could become known:

.. math::

    \phi_i = \sum_{S \subset N, \; i \notin S} \frac{|S|!\,(|N|-|S|-1)!}{|N|!} \left( z(S \cup \{i\}) - z(S) \right)

For trees this sum of :math:`2^{|N|}` terms can be computed exactly in a few microseconds ("TreeSHAP").
"""

# %%
# A bundled table of 5,000 customers. This example uses the numeric columns only, which also excludes ``exit_survey``:
# it is filled in only after a customer has left.
import altair as alt
import numpy as np
import polars.selectors as cs

from groundup.judge.explain import tree_shapley
from groundup.models import HistGradientBoostingClassifier
from groundup.tables import read

frame = read("sample:churn").frame
numbers = frame.select(cs.numeric())
X, columns = numbers.to_numpy().astype(float), numbers.columns
left = (frame["churned"] == "yes").to_numpy()
model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, random_state=0).fit(
    X[1000:], left[1000:]
)

# %%
# Of the first thousand customers, which are not training rows, take the one most likely to leave.
proba = model.predict_proba(X[:1000])[:, 1]
who = int(proba.argmax())
print(f"customer {who}: leaves with a probability of {proba[who]:.0%}; the mean is {proba.mean():.0%}")

# %%
# The score is in log-odds: 0 is a probability of one half. The mean score and the contributions of the columns add up
# to the score to the last digits.
given, base = tree_shapley(model.tree_arrays(), X[who : who + 1])
given = given[0, :, 0]
score = base[0] + given.sum()
assert np.isclose(1 / (1 + np.exp(-score)), proba[who])
print(f"mean score {base[0]:+.2f}, the columns {given.sum():+.2f}, together {score:+.2f}")

# %%
# Bars to the right raise the chance of leaving, bars to the left lower it.
order = np.argsort(-np.abs(given))
rows = [{"column": f"{columns[j]} = {X[who, j]:g}", "log-odds": round(float(given[j]), 4)} for j in order]
alt.Chart(alt.Data(values=rows)).mark_bar().encode(
    x=alt.X("log-odds:Q", title="contribution in log-odds"),
    y=alt.Y("column:N", sort=None, title=None, axis=alt.Axis(labelLimit=170)),
).properties(
    title="Contributions of the columns to one customer's score",
    description=f"The strongest reason is {rows[0]['column']}: {rows[0]['log-odds']:+.2f} in log-odds.",
    height=28 * len(rows),
)

# %%
# Reasons describe the *model*. It does not follow that fewer support calls would keep the customer.
