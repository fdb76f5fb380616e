"""Which flavour a learner gets."""

import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Ridge

from groundup.errors import UsageError
from groundup.tables.prepare import FLAVOURS, flavour_of


def test_tags_choose():
    assert (
        flavour_of(HistGradientBoostingClassifier()) == flavour_of(HistGradientBoostingClassifier) == "trees"
    )
    assert flavour_of(Ridge()) == flavour_of(KMeans) == "linear"


def test_a_class_may_choose_itself():
    class Odd(Ridge):
        flavour = "trees"

    class Wrong(Ridge):
        flavour = "tree"

    assert flavour_of(Odd()) == flavour_of(Odd) == "trees"
    assert set(FLAVOURS) == {"linear", "trees"}
    with pytest.raises(UsageError, match="Did you mean 'trees'"):
        flavour_of(Wrong())
