# ruff: noqa: RUF012 (learners are shown here as a user writes them)
"""Declared state: what fits goes in, and all else is refused before it reaches a kernel."""

import copy
import pickle
from numbers import Integral

import numpy as np
import pytest

from groundup.models.estimator import Array, Interval, Labels, Learner, Scalar
from groundup.models.estimator.state import Names, _bind


class Tree(Learner):
    """A learner with one field of every kind, and an invariant."""

    _parameter_constraints = {"depth": [Interval(Integral, 1, None, closed="left")]}
    _state = {
        "classes_": Labels(),
        "coef_": Array("f8 f4", "n_features | n_classes n_features"),
        "child_": Array("i4", "n_nodes 2", finite=False),
        "value_": Array("f8", "n_nodes", finite=False, optional=True),
        "score_": Scalar(float, low=0.0),
        "n_iter_": Scalar(int, low=1, optional=True),
        "kind_": Scalar(str),
        "flag_": Scalar(bool),
    }

    def __init__(self, depth=3):
        self.depth = depth

    def _check_state(self):
        own = np.arange(len(self.child_))[:, None]
        if ((self.child_ != -1) & (self.child_ <= own)).any():
            raise ValueError("a child stands before its parent")


STATE = {
    "n_features_in_": 2,
    "_dtype_in": np.dtype("f4"),
    "feature_names_in_": np.array(["a", "b"], dtype=object),
    "classes_": np.array(["x", "y", "z"]),
    "coef_": np.zeros((3, 2)),
    "child_": np.array([[1, 2], [-1, -1], [-1, -1]], dtype=np.int32),
    "value_": np.array([0.0, np.nan, 1.0]),
    "score_": 0.5,
    "n_iter_": 3,
    "kind_": "tree",
    "flag_": True,
}


def test_a_right_state_goes_in_and_comes_out():
    tree = Tree.from_state({"depth": 5}, dict(STATE))
    assert tree.depth == 5
    assert tree.get_state().keys() == STATE.keys()
    assert Tree.from_state({}, tree.get_state()).get_state().keys() == STATE.keys()
    less = {k: v for k, v in STATE.items() if k not in {"value_", "n_iter_", "feature_names_in_"}}
    assert Tree.from_state({}, less).get_state().keys() == less.keys()
    Tree.from_state({}, STATE | {"coef_": np.zeros(2, "f4"), "score_": 1, "n_iter_": np.int64(3)})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("n_features_in_", 0, r"n_features_in_ is 0, not in \[1"),
        ("n_features_in_", 2.0, "n_features_in_ is float, not int"),
        ("n_features_in_", True, "n_features_in_ is bool, not int"),
        ("n_features_in_", 3, "not an array of 3 strings"),
        ("_dtype_in", "f4", "_dtype_in is 'f4', not float32 or float64"),
        ("_dtype_in", np.dtype("i4"), "not float32 or float64"),
        ("_dtype_in", np.array([1, 2]), "not float32 or float64"),
        ("_dtype_in", None, "_dtype_in is missing"),
        ("feature_names_in_", ["a", "b"], "not an array of 2 strings"),
        ("feature_names_in_", np.array(["a", "b"]), "not an array of 2 strings"),
        ("feature_names_in_", np.array(["a", 1], dtype=object), "not an array of 2 strings"),
        ("feature_names_in_", np.array([["a", "b"]], dtype=object), "not an array of 2 strings"),
        ("feature_names_in_", np.array("a", dtype=object), "not an array of 2 strings"),
        ("classes_", np.array(["x", "z", "y"]), "not sorted or not distinct"),
        ("classes_", np.array(["x", "x", "y"]), "not sorted or not distinct"),
        ("classes_", np.array([1, "x", 2], dtype=object), "not sorted or not distinct"),
        ("classes_", np.array([]), "not a 1-D array"),
        ("classes_", ["x", "y", "z"], "not a 1-D array"),
        ("classes_", np.array([1j]), "has dtype complex128"),
        ("classes_", np.array([None], dtype=object), "holds values that are not labels"),
        ("classes_", np.array(["x", "y"]), r"coef_ has shape \(3, 2\)"),
        ("coef_", np.zeros((3, 2), int), "coef_ is int64, not an array of f8 f4"),
        ("coef_", np.zeros((3, 2), ">f8"), "coef_ is >f8, not an array of f8 f4"),
        ("coef_", [[0.0, 0.0]] * 3, "coef_ is list"),
        ("coef_", np.zeros((2, 3)), r"coef_ has shape \(2, 3\)"),
        ("coef_", np.zeros((3, 2, 1)), "coef_ has shape"),
        ("coef_", np.full((3, 2), np.inf), "coef_ holds NaN or infinity"),
        ("child_", np.zeros((3, 3), np.int32), "child_ has shape"),
        ("child_", np.zeros((3, 2), np.int32), "a child stands before its parent"),
        ("value_", np.zeros(4), r"value_ has shape \(4,\)"),
        ("score_", -0.5, "score_ is -0.5, not in"),
        ("score_", float("nan"), "score_ is nan, not in"),
        ("score_", "0.5", "score_ is str, not float"),
        ("score_", None, "score_ is missing"),
        ("n_iter_", 0, "n_iter_ is 0, not in"),
        ("kind_", 1, "kind_ is int, not str"),
        ("flag_", 1, "flag_ is int, not bool"),
        ("other_", 1, "Tree has no attribute 'other_'"),
    ],
)
def test_attributes_that_do_not_fit_are_named(name, value, message):
    with pytest.raises(ValueError, match=message):
        Tree.from_state({}, STATE | {name: value})


@pytest.mark.parametrize("name", [n for n in STATE if n not in {"value_", "n_iter_", "feature_names_in_"}])
def test_missing_attributes_are_named(name):
    with pytest.raises(ValueError, match=f"{name} is missing"):
        Tree.from_state({}, {k: v for k, v in STATE.items() if k != name})


def test_parameters_are_checked_too():
    with pytest.raises(ValueError, match="'depth' parameter of Tree"):
        Tree.from_state({"depth": 0}, STATE)
    with pytest.raises(TypeError, match="width"):
        Tree.from_state({"width": 1}, STATE)


def test_unpickling_checks_as_loading_does():
    tree = Tree.from_state({}, STATE)
    assert pickle.loads(pickle.dumps(tree)).get_state().keys() == STATE.keys()
    assert not pickle.loads(pickle.dumps(Tree())).get_state()
    tree.coef_ = np.zeros((9, 2))
    with pytest.raises(ValueError, match="coef_ has shape"):
        pickle.loads(pickle.dumps(tree))


def test_a_half_fitted_learner_can_be_copied_for_a_callback():
    tree = Tree()
    tree.n_features_in_ = 2
    twin = copy.copy(tree)
    assert twin.n_features_in_ == 2
    twin.n_features_in_ = 3
    assert tree.n_features_in_ == 2


def test_symbols_are_bound_once():
    sizes = {"a": 2}
    assert _bind(["a", "b"], (2, 5), sizes)
    assert sizes == {"a": 2, "b": 5}
    assert not _bind(["c", "b"], (7, 6), sizes)
    assert "c" not in sizes  # a shape that does not fit binds nothing
    assert _bind(["2"], (2,), sizes)
    assert not _bind(["3"], (2,), sizes)


def test_names_need_no_bound_size():
    sizes = {}
    Names().check("names", np.array(["a"], dtype=object), sizes)
    assert sizes == {"n_features": 1}


def test_bases_declare_first_and_a_class_may_say_more():
    class Bigger(Tree):
        _state = {"kind_": Scalar(int), "more_": Scalar(int)}

    fields = list(Bigger.declared_state())
    assert fields[:3] == ["n_features_in_", "feature_names_in_", "_dtype_in"]
    assert fields[-1] == "more_"
    assert Bigger.declared_state()["kind_"] == Scalar(int)
