"""Models describe themselves: every public model has a record that fits its class."""

import subprocess
import sys

import pytest

from groundup import models
from groundup.errors import UsageError
from groundup.models import HistGradientBoostingClassifier, KMeans, LogisticRegression, Ridge
from groundup.models.estimator import ModelDescription, describe, tasks_of
from groundup.models.registry import BASELINES, MODELS
from groundup.tables.prepare import PREPROCESSING
from groundup.workbench.steps.learners import LearnerEntry


class Plain(Ridge):
    """A subclass without a record."""


@pytest.mark.parametrize("name", models.__all__)
def test_every_model_describes_itself(name):
    cls = getattr(models, name)
    described = describe(cls)
    assert described.title
    assert described.family != "Other"
    assert described.preprocessing in {*PREPROCESSING, "none", None}
    assert (described.comparison == "baseline") == (name in BASELINES)
    if described.comparison == "on request":
        assert described.priority == 0  # a priority that nothing reads


def test_names_are_listed_without_loading_a_class():
    code = "import sys, groundup.models as m; assert 'Ridge' in dir(m); print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "numpy" not in loaded.split()
    assert [name for name in loaded.split() if name.startswith("groundup.models.")] == [
        "groundup.models.registry"
    ]
    assert list(MODELS) == models.__all__


def test_a_record_belongs_to_its_class_alone():
    assert describe(Plain) == ModelDescription()
    assert LearnerEntry("Plain", Plain).title == "Plain"
    assert tasks_of(Plain) == ("regression",)


def test_tasks_without_a_record_are_those_of_the_scikit_learn_type():
    for cls in (Ridge, LogisticRegression, KMeans):
        assert tasks_of(type("Derived", (cls,), {})) == describe(cls).tasks


@pytest.mark.parametrize("n_rows", [50, 1_000, 100_000])
@pytest.mark.parametrize("name", models.__all__)
def test_portfolios_fit_their_constructor(name, n_rows):
    entry = LearnerEntry(name, getattr(models, name))
    for params in entry.configurations(n_rows, 7):
        model = entry.make(params)
        assert model.get_params().items() >= params.items()
        assert params.get("random_state", 7) == 7


def test_few_rows_have_fixed_numbers_of_iterations():
    entry = LearnerEntry("HistGradientBoostingClassifier", HistGradientBoostingClassifier)
    assert all(setting["early_stopping"] is False for setting in entry.configurations(100, 0))
    assert all(setting["early_stopping"] is True for setting in entry.configurations(10_000, 0))


@pytest.mark.parametrize(
    "words", [{"preprocessing": "tree"}, {"tasks": ("regresion",)}, {"comparison": "on reqest"}]
)
def test_a_misspelt_word_is_an_error_with_the_nearest_one(words):
    with pytest.raises(UsageError, match="Did you mean"):
        ModelDescription(**words)


def test_undescribed_models_have_one_setting():
    class Free:
        def __init__(self, a=1):
            self.a = a

    assert LearnerEntry("Free", Free).configurations(100, 0) == ({},)
    assert LearnerEntry("Drawn", type("Drawn", (Ridge,), {})).configurations(100, 5) == ({"random_state": 5},)
