"""Which preprocessing a model gets."""

from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Ridge

from groundup.models.estimator import ModelDescription
from groundup.tables.prepare import PREPROCESSING, preprocessing_of


def test_tags_choose():
    assert (
        preprocessing_of(HistGradientBoostingClassifier())
        == preprocessing_of(HistGradientBoostingClassifier)
        == "trees"
    )
    assert preprocessing_of(Ridge()) == preprocessing_of(KMeans) == "linear"


def test_a_description_chooses():
    class Odd(Ridge):
        description = ModelDescription(preprocessing="trees")

    assert preprocessing_of(Odd()) == preprocessing_of(Odd) == "trees"
    assert set(PREPROCESSING) == {"linear", "trees"}
