r"""
A tree drawn
============

A decision tree asks one question after the other, "is this feature at most so much?", and answers with what most of
the training rows had that gave the same answers. With :math:`p_k` the share of class :math:`k` among the rows of a
node, its Gini impurity is

.. math:: G = 1 - \sum_k p_k^2,

0 where all rows have one class. Every question is chosen so that the mean impurity of the two groups is least.
"""

# %%
# Three species of iris, four measurements of each flower in cm. Half of the flowers teach, half are kept for the
# test.
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

from groundup.models import DecisionTreeClassifier
from groundup.models.trees import path_in_words, plot_tree

flowers = load_iris()
names = [name.removesuffix(" (cm)") for name in flowers.feature_names]
species = flowers.target_names[flowers.target]
X, X_test, y, y_test = train_test_split(
    flowers.data, species, test_size=0.5, stratify=species, random_state=0
)
model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
print(f"{model.score(X_test, y_test):.0%} of the flowers kept for the test get their name")

# %%
# The picture reads from the left. "Yes" goes up, "no" goes down; a thick branch is one that many flowers took.
plot_tree(model, feature_names=names)

# %%
# One flower's way can be shown in it, and told in words. That is the whole reason for its answer; no other
# measurement was looked at.
flower = X_test[0]
plot_tree(model, feature_names=names, row=flower)

# %%
print("\n".join(path_in_words(model, flower, feature_names=names)))
