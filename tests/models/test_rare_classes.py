"""Classes with a single row: it stays in the training rows, so that early stopping works for the other classes."""

import numpy as np
import pytest

from groundup.models import HistGradientBoostingClassifier, SGDClassifier


@pytest.mark.parametrize("cls", [HistGradientBoostingClassifier, SGDClassifier])
def test_a_row_that_is_alone_in_its_class_is_never_held_out(cls):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = np.where(X[:, 0] > 0, "yes", "no").astype(object)
    y[:2] = ["rare", "alone"]
    model = cls(early_stopping=True, max_iter=20, random_state=0).fit(X, y)
    assert model.classes_.tolist() == ["alone", "no", "rare", "yes"]
    assert model.score(X, y) > 0.9
