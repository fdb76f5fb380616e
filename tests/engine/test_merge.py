"""The merge tree: one shape for one number of values, in order, and shallow."""

from hypothesis import given
from hypothesis import strategies as st

from groundup.engine.rows import merge_tree


class _Tree:
    def __init__(self, shape, depth=0):
        self.shape, self.depth = shape, depth

    def merge(self, other):
        return _Tree((self.shape, other.shape), max(self.depth, other.depth) + 1)


def _leaves(shape):
    return [shape] if isinstance(shape, int) else _leaves(shape[0]) + _leaves(shape[1])


@given(n=st.integers(1, 700))
def test_all_values_in_order_by_a_shallow_tree(n):
    tree = merge_tree([_Tree(i) for i in range(n)])
    assert _leaves(tree.shape) == list(range(n))
    assert tree.depth <= max(0, (n - 1).bit_length())


def test_the_tree_is_the_one_that_is_documented():
    assert merge_tree([_Tree(i) for i in range(5)]).shape == (((0, 1), (2, 3)), 4)
    assert merge_tree([_Tree(7)]).shape == 7


def test_the_list_of_the_caller_is_left_alone():
    values = [_Tree(i) for i in range(4)]
    merge_tree(values)
    assert [v.shape for v in values] == [0, 1, 2, 3]
