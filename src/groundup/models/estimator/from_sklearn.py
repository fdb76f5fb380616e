"""The names of scikit-learn that other packages use, listed in one place.

Most are assigned rather than re-imported because scikit-learn has no type hints: a type checker treats them as
`Any` here, and does not guess their types in every module that imports them.
"""

import sklearn.base
import sklearn.exceptions
import sklearn.utils
import sklearn.utils._param_validation
import sklearn.utils.class_weight
import sklearn.utils.metaestimators
import sklearn.utils.validation

from groundup.models.estimator.missing import refuse_masked

ClassNamePrefixFeaturesOutMixin = sklearn.base.ClassNamePrefixFeaturesOutMixin
ClusterMixin = sklearn.base.ClusterMixin
OutlierMixin = sklearn.base.OutlierMixin
TransformerMixin = sklearn.base.TransformerMixin
clone = sklearn.base.clone
is_classifier = sklearn.base.is_classifier
is_clusterer = sklearn.base.is_clusterer
is_regressor = sklearn.base.is_regressor

ConvergenceWarning = sklearn.exceptions.ConvergenceWarning
NotFittedError = sklearn.exceptions.NotFittedError

available_if = sklearn.utils.metaestimators.available_if
Bunch = sklearn.utils.Bunch
check_is_fitted = sklearn.utils.validation.check_is_fitted
check_random_state = sklearn.utils.check_random_state
column_or_1d = sklearn.utils.column_or_1d
compute_class_weight = sklearn.utils.class_weight.compute_class_weight
compute_sample_weight = sklearn.utils.class_weight.compute_sample_weight
count_rows = sklearn.utils.validation._num_samples
get_tags = sklearn.utils.get_tags
resample = sklearn.utils.resample

Hidden = sklearn.utils._param_validation.Hidden
HasMethods = sklearn.utils._param_validation.HasMethods
Interval = sklearn.utils._param_validation.Interval
RealNotInt = sklearn.utils._param_validation.RealNotInt
StrOptions = sklearn.utils._param_validation.StrOptions


class ClassifierMixin(sklearn.base.ClassifierMixin):
    """scikit-learn's, whose ``score`` would read below the mask of masked labels and weights."""

    def score(self, X, y, sample_weight=None):
        """Return the accuracy of the predictions for `X`; see scikit-learn."""
        refuse_masked(y, sample_weight)
        return super().score(X, y, sample_weight)


class RegressorMixin(sklearn.base.RegressorMixin):
    """scikit-learn's, whose ``score`` would read below the mask of masked targets and weights."""

    def score(self, X, y, sample_weight=None):
        """Return R2 of the predictions for `X`; see scikit-learn."""
        refuse_masked(y, sample_weight)
        return super().score(X, y, sample_weight)
