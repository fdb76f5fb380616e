"""What every learner shares: the only room that knows scikit-learn's base classes and validation."""

from sklearn.base import (
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    RegressorMixin,
    TransformerMixin,
    clone,
    is_classifier,
    is_clusterer,
    is_regressor,
)
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils import check_random_state, column_or_1d, get_tags
from sklearn.utils._param_validation import Hidden, Interval, Options, StrOptions
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.validation import _num_samples as count_rows
from sklearn.utils.validation import check_is_fitted

from groundup.models.estimator.base import Learner, fitting
from groundup.models.estimator.callbacks import Callbacks
from groundup.models.estimator.labels import encode_labels
from groundup.models.estimator.state import Array, Labels, Plain, Scalar

__all__ = [
    "Array",
    "Callbacks",
    "ClassNamePrefixFeaturesOutMixin",
    "ClassifierMixin",
    "ClusterMixin",
    "ConvergenceWarning",
    "Hidden",
    "Interval",
    "Labels",
    "Learner",
    "NotFittedError",
    "Options",
    "Plain",
    "RegressorMixin",
    "Scalar",
    "StrOptions",
    "TransformerMixin",
    "check_is_fitted",
    "check_random_state",
    "clone",
    "column_or_1d",
    "compute_class_weight",
    "compute_sample_weight",
    "count_rows",
    "encode_labels",
    "fitting",
    "get_tags",
    "is_classifier",
    "is_clusterer",
    "is_regressor",
]
