"""The order of settings is a function of the learner, the rows and the seed."""

from groundup.workbench.steps.learners import learners_of
from groundup.workbench.steps.search_space import FEW_ROWS, neighbour, rungs


def test_rungs_fit_their_learner():
    for task in ("binary", "regression"):
        for entry in learners_of(task).entries:
            for n_rows in (50, FEW_ROWS, 100_000):
                for params in rungs(entry.name, entry.parameters, n_rows, 7):
                    assert entry.make(params).get_params().items() >= params.items()


def test_few_rows_have_fixed_counts():
    parameters = {"max_iter", "early_stopping", "learning_rate", "random_state"}
    few = rungs("HistGradientBoostingClassifier", parameters, 100, 0)
    many = rungs("HistGradientBoostingClassifier", parameters, 10_000, 0)
    assert all(step["early_stopping"] is False for step in few)
    assert all(step["early_stopping"] is True for step in many)
    assert all(step["random_state"] == 0 for step in few)


def test_strangers_have_one_setting():
    assert rungs("Stranger", {"a"}, 100, 0) == ({},)
    assert rungs("Stranger", {"random_state"}, 100, 5) == ({"random_state": 5},)


def test_neighbours_are_reproducible_and_within_bounds():
    best = {"learning_rate": 0.05, "max_leaf_nodes": 31, "min_samples_leaf": 20, "max_iter": 2000}
    drawn = [neighbour(best, 0, n) for n in range(30)]
    assert drawn == [neighbour(best, 0, n) for n in range(30)]
    assert len({str(d) for d in drawn}) > 25
    for d in drawn:
        assert 0.015 <= d["learning_rate"] <= 0.2
        assert 3 <= d["max_leaf_nodes"] <= 127
        assert d["min_samples_leaf"] >= 2
        assert d["max_iter"] == 2000
