r"""
Why this customer?
==================

A boosted model adds up hundreds of small trees; nobody can read them. But its score for one customer can be divided
among the columns, fairly: the *Shapley value* of column :math:`i` is what the score changes when the column becomes
known, averaged over all orders in which the columns :math:`N` could become known:

.. math::

    \phi_i = \sum_{S \subset N, \; i \notin S} \frac{|S|!\,(|N|-|S|-1)!}{|N|!} \left( z(S \cup \{i\}) - z(S) \right)

For trees this sum of :math:`2^{|N|}` terms can be had exactly in a few microseconds ("TreeSHAP").
"""

# %%
# A bundled table of 5,000 customers. The columns of numbers will do here. ``exit_survey`` is filled in only after a
# customer has left: no column of words is used, so neither is that one.
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
# Of the first thousand customers, who did not teach the model, take the one most likely to leave.
proba = model.predict_proba(X[:1000])[:, 1]
who = int(proba.argmax())
print(f"customer {who}: leaves with a probability of {proba[who]:.0%}; the mean is {proba.mean():.0%}")

# %%
# The model adds in log-odds: a score of 0 is a probability of one half. The mean score, and what each column gave,
# make up the score to the last digits.
given, base = tree_shapley(model.tree_arrays(), X[who : who + 1])
given = given[0, :, 0]
score = base[0] + given.sum()
assert np.isclose(1 / (1 + np.exp(-score)), proba[who])
print(f"mean score {base[0]:+.2f}, the columns {given.sum():+.2f}, together {score:+.2f}")

# %%
# The picture: bars to the right speak for leaving, to the left for staying.
order = np.argsort(-np.abs(given))
rows = [{"column": f"{columns[j]} = {X[who, j]:g}", "log-odds": round(float(given[j]), 4)} for j in order]
alt.Chart(alt.Data(values=rows)).mark_bar().encode(
    x=alt.X("log-odds:Q", title="log-odds given to leaving"),
    y=alt.Y("column:N", sort=None, title=None, axis=alt.Axis(labelLimit=170)),
).properties(
    title="What each column gave to one customer's score",
    description=f"The strongest reason is {rows[0]['column']}: {rows[0]['log-odds']:+.2f} in log-odds.",
    height=28 * len(rows),
)

# %%
# A reason is a reason of the *model*. That fewer support calls would keep the customer does not follow from it.
