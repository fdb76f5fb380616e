"""Every public model fulfils the whole contract of `groundup.testing`.

So does the model of the guide: its session checks it (tests/testing/test_own_learner_guide.py).
"""

import contextlib

import pytest
import sklearn.utils
from sklearn.utils._test_common.instance_generator import _get_expected_failed_checks

import groundup.models
from groundup.models.estimator import describe
from groundup.testing import learner_checks

#: Checks that are expected to fail, each with its reason: at most those that scikit-learn lists for the class of the
#: same name (`test_no_more_is_expected_to_fail_than_in_scikit_learn`).
EXPECTED_FAILURES: dict[str, dict[str, str]] = {
    "HistGradientBoostingClassifier": {
        "check_sample_weight_equivalence_on_dense_data": "min_samples_leaf counts rows, whatever their weight",
        "check_sample_weight_equivalence_on_sparse_data": "as on dense data",
    },
    "HistGradientBoostingRegressor": {
        "check_sample_weight_equivalence_on_dense_data": "min_samples_leaf counts rows, whatever their weight",
        "check_sample_weight_equivalence_on_sparse_data": "as on dense data",
    },
    "KMeans": {
        "check_sample_weight_equivalence_on_dense_data": "the centres that it starts from are drawn by weight",
    },
    "SGDRegressor": {
        "check_sample_weight_equivalence_on_dense_data": "a weight makes a step longer, a repetition takes one more",
        "check_sample_weight_equivalence_on_sparse_data": "as on dense data",
    },
    "SGDClassifier": {
        "check_sample_weight_equivalence_on_dense_data": "a weight makes a step longer, a repetition takes one more",
        "check_sample_weight_equivalence_on_sparse_data": "as on dense data",
    },
    "IsolationForest": {
        "check_sample_weight_equivalence_on_dense_data": "rows are drawn by their weight",
    },
    **{
        name: {"check_sample_weight_equivalence_on_dense_data": "rows are drawn by their weight"}
        for name in ("AdaBoostRegressor", "RandomForestClassifier", "RandomForestRegressor")
    },
    "RidgeClassifier": {
        "check_non_transformer_estimators_n_iter": "n_iter_ is None: a direct solver does not iterate",
    },
    "Ridge": {
        "check_non_transformer_estimators_n_iter": "n_iter_ is None: a direct solver does not iterate",
    },
}


def _learners():
    for name in groundup.models.__all__:
        with contextlib.suppress(ImportError):  # then `test_every_public_model_can_be_imported` fails
            cls = getattr(groundup.models, name)
            yield name, cls(**describe(cls).quick)


def _checks():
    for name, learner in _learners():
        for check in learner_checks(learner, expected_failures=EXPECTED_FAILURES.get(name)):
            yield pytest.param(check, id=str(check))


@pytest.mark.parametrize("check", list(_checks()))
def test_contract(check):
    check()


@pytest.mark.parametrize("name", groundup.models.__all__)
def test_every_public_model_can_be_imported(name):
    assert getattr(groundup.models, name).__name__ == name


def test_no_more_is_expected_to_fail_than_in_scikit_learn():
    classes = dict(sklearn.utils.all_estimators())
    for name, declared in EXPECTED_FAILURES.items():
        theirs = _get_expected_failed_checks(classes[name]())
        assert {check.partition(":")[0] for check in declared} <= set(theirs), name
        assert all(declared.values()), name
