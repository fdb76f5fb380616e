"""The split: rules, shares, determinism, and the smallest tables."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.errors import GroundupError, UsageError
from groundup.tables import Contract, split
from groundup.tables.splitting import counts_of, cuts_between_times, shuffled


def table(n, seed=0, **columns):
    rng = np.random.default_rng(seed)
    return pl.DataFrame({"x": rng.normal(size=n), "z": rng.choice(["a", "b"], n), **columns})


def check(parts, rows):
    """Every row in exactly one part."""
    together = np.concatenate([parts.train, parts.valid, parts.test])
    assert np.array_equal(np.sort(together), rows)
    assert all(part.dtype == np.int64 for part in (parts.train, parts.valid, parts.test))


def test_stratified_keeps_the_proportions():
    y = np.array(["no"] * 900 + ["yes"] * 95 + ["maybe"] * 5)
    frame = table(1000, y=y)
    parts = split(frame, Contract.infer(frame, "y"), seed=3)
    check(parts, np.arange(1000))
    assert parts.rule == "stratified"
    assert [len(parts.train), len(parts.valid), len(parts.test)] == [700, 150, 150]
    for part, share in ((parts.train, 0.7), (parts.valid, 0.15), (parts.test, 0.15)):
        assert abs((y[part] == "yes").sum() - 95 * share) <= 1
        assert (y[part] == "maybe").sum() >= 1


def test_the_seed_decides_and_nothing_else():
    frame = table(500, y=np.arange(500) % 3)
    contract = Contract.infer(frame, "y")
    one, same, other = (split(frame, contract, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.train, same.train)
    assert not np.array_equal(one.train, other.train)
    noisy = frame.with_columns(x=pl.lit(0.5) + pl.col("x"))
    assert np.array_equal(split(noisy, contract, seed=1).test, one.test)
    # A stream that NumPy guarantees: these numbers are for ever.
    assert shuffled(6, 0).tolist() == [3, 2, 1, 0, 4, 5]


def test_regression_and_clustering_are_split_at_random():
    frame = table(100, y=np.arange(100) / 7)
    parts = split(frame, Contract.infer(frame, "y"))
    assert parts.rule == "random"
    check(parts, np.arange(100))
    check(split(frame, Contract.infer(frame)), np.arange(100))


def test_rows_without_a_target_value_are_in_no_set():
    y = [None if i % 7 == 0 else float(i) for i in range(100)]
    frame = table(100, y=y)
    parts = split(frame, Contract.infer(frame, "y"))
    check(parts, np.array([i for i in range(100) if i % 7]))


def test_by_time_in_order_with_ties_on_one_side():
    day = np.sort(np.random.default_rng(0).integers(0, 12, 300))
    frame = table(300, y=np.arange(300) % 2, day=day).sample(fraction=1, shuffle=True, seed=1)
    parts = split(frame, Contract.infer(frame, "y", time="day"))
    check(parts, np.arange(300))
    days = frame["day"].to_numpy()
    assert days[parts.train].max() < days[parts.valid].min()
    assert days[parts.valid].max() < days[parts.test].min()
    assert np.all(np.diff(days[parts.train]) >= 0)
    folds = parts.folds(5)
    assert len(folds) == 5
    for fold in folds:
        assert days[fold.train].max() < days[fold.valid].min()
    with pytest.raises(GroundupError, match=r"too few"):
        split(
            table(9, y=np.arange(9) / 2, day=[1] * 5 + [2] * 4),
            Contract.infer(table(9, y=np.arange(9) / 2, day=[1] * 5 + [2] * 4), "y", time="day"),
        )


def test_missing_times_are_refused_by_row():
    frame = table(10, y=np.arange(10) / 2, day=[1, None, *range(3, 11)])
    with pytest.raises(GroundupError, match=r"1 row has no time.*row 2"):
        split(frame, Contract.infer(frame, "y", time="day"))


@pytest.mark.parametrize("n_groups", [12, 60, 6000])
def test_groups_stay_together(n_groups):
    rng = np.random.default_rng(n_groups)
    group = rng.integers(0, n_groups, 20_000)
    y = np.where(rng.uniform(size=20_000) < 0.1 + 0.3 * (group % 3 == 0), "yes", "no")
    frame = table(20_000, y=y, g=group)
    parts = split(frame, Contract.infer(frame, "y", group="g"), seed=5)
    check(parts, np.arange(20_000))
    sets = [set(group[part]) for part in (parts.train, parts.valid, parts.test)]
    assert len(sets[0] | sets[1] | sets[2]) == len(sets[0]) + len(sets[1]) + len(sets[2])
    assert abs(len(parts.train) / 20_000 - 0.7) < (0.06 if n_groups == 12 else 0.02)
    rates = [(y[part] == "yes").mean() for part in (parts.train, parts.valid, parts.test)]
    assert max(rates) - min(rates) < (0.25 if n_groups == 12 else 0.05)
    for fold in parts.folds(4):
        assert not set(group[fold.train]) & set(group[fold.valid])


def test_each_row_without_a_group_is_its_own_group():
    frame = table(60, y=np.arange(60) % 2, g=[None] * 30 + [1] * 10 + [2] * 10 + [3] * 10)
    parts = split(frame, Contract.infer(frame, "y", group="g"))
    check(parts, np.arange(60))
    few = table(20, y=np.arange(20) % 2, g=[1] * 10 + [2] * 10)
    with pytest.raises(GroundupError, match=r"2 groups cannot be split"):
        split(few, Contract.infer(few, "y", group="g"))


def test_folds_are_a_partition_of_the_training_set():
    y = np.array(["a"] * 60 + ["b"] * 37 + ["c"] * 4)
    frame = table(101, y=y)
    parts = split(frame, Contract.infer(frame, "y"))
    folds = parts.folds(5)
    assert np.array_equal(np.sort(np.concatenate([f.valid for f in folds])), parts.train)
    for fold in folds:
        assert not set(fold.train) & set(fold.valid)
        assert np.array_equal(np.sort(np.concatenate([fold.train, fold.valid])), parts.train)
        assert set(y[fold.train]) == {"a", "b", "c"}
        assert abs((y[fold.valid] == "a").mean() - 60 / 101) < 0.06
    again, other = parts.folds(5), parts.folds(5, seed=9)
    assert np.array_equal(again[0].valid, folds[0].valid)
    assert not np.array_equal(other[0].valid, folds[0].valid)
    with pytest.raises(UsageError, match=r"at least 2"):
        parts.folds(1)


def test_a_class_of_one_row_is_never_scored():
    y = ["a"] * 30 + ["b"] * 20 + ["only"]
    frame = table(51, y=y)
    contract = Contract.infer(frame, "y")
    assert any("has a single row" in note.message for note in contract.notes)
    parts = split(frame, contract)
    assert 50 in parts.train
    for fold in parts.folds(5):
        assert 50 in fold.train
        assert 50 not in fold.valid


def test_folds_train_on_at_least_two_classes():
    """A class that occurs late: the first periods have one class only."""
    y = np.array(["no"] * 60 + ["no", "yes"] * 70)
    frame = table(200, y=y, day=np.arange(200))
    folds = split(frame, Contract.infer(frame, "y", time="day")).folds(5)
    assert len(folds) == 3
    for fold in folds:
        assert set(y[fold.train]) == {"no", "yes"}
        assert fold.train.max() < fold.valid.min()
    late = frame.with_columns(y=pl.Series(["no"] * 150 + ["yes"] * 50))
    with pytest.raises(GroundupError, match=r"two classes in its training rows"):
        split(late, Contract.infer(late, "y", time="day")).folds(5)


def test_folds_of_groups_train_on_at_least_two_classes():
    y = np.array((["a"] * 10 + ["b"] * 10) * 10)
    group = np.repeat(np.arange(20), 10)
    frame = table(200, y=y, g=group)
    for fold in split(frame, Contract.infer(frame, "y", group="g")).folds(5):
        assert set(y[fold.train]) == {"a", "b"}
        assert not set(group[fold.train]) & set(group[fold.valid])


@pytest.mark.parametrize("n", [3, 4, 5, 8, 13, 30])
def test_tiny_tables(n):
    frame = table(n, y=np.arange(n) * 1.5)
    parts = split(frame, Contract.infer(frame, "y"))
    check(parts, np.arange(n))
    assert min(len(parts.train), len(parts.valid), len(parts.test)) >= 1
    labels = table(n, y=np.arange(n) % 2 == 0)
    check(split(labels, Contract.infer(labels, "y")), np.arange(n))


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_rows_are_refused(n):
    frame = table(n)
    with pytest.raises(GroundupError, match=f"{n} rows? cannot be split"):
        split(
            frame,
            Contract.infer(frame, kinds={"x": "number", "z": "category"}) if n == 2 else _clustering(frame),
        )


def _clustering(frame):
    wide = pl.concat([frame, frame.with_columns(x=pl.col("x") + 1)])
    return Contract.infer(wide)


def test_shares_and_rules_are_checked():
    frame = table(50, y=np.arange(50) % 2, g=np.arange(50) % 5, day=np.arange(50))
    contract = Contract.infer(frame, "y")
    for shares in [(0.7, 0.3), (0.5, 0.5, 0.5), (1.0, 0.0, 0.0)]:
        with pytest.raises(UsageError, match=r"Shares"):
            split(frame, contract, shares=shares)
    assert len(split(frame, contract, shares=(0.6, 0.2, 0.2)).train) == 30
    with pytest.raises(UsageError, match=r"not by both"):
        split(frame, Contract.infer(frame, "y", time="day", group="g"))


@given(st.integers(3, 5000), st.sampled_from([(0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (0.98, 0.01, 0.01)]))
def test_counts_sum_up_and_stay_near_their_shares(n, shares):
    counts = counts_of(n, shares, (0, 2, 1))
    assert sum(counts) == n
    assert min(counts) >= 1
    assert all(abs(c - n * s) < 1 or c == 1 or min(counts) == 1 for c, s in zip(counts, shares, strict=True))


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), min_size=3, max_size=60))
def test_cuts_never_separate_equal_times(values):
    times = np.sort(np.array(values))
    cuts = cuts_between_times(times, [int(len(times) * 0.7), int(len(times) * 0.85)])
    if len(np.unique(times)) < 3:
        assert cuts is None
    else:
        assert 0 < cuts[0] < cuts[1] < len(times)
        assert all(times[c - 1] < times[c] for c in cuts)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from("aaaabbbccde"), min_size=6, max_size=80), st.integers(0, 5))
def test_any_classes_are_split(labels, seed):
    frame = table(len(labels), y=labels)
    if len(set(labels)) < 2:
        return
    parts = split(frame, Contract.infer(frame, "y"), seed=seed)
    check(parts, np.arange(len(labels)))
    for fold in parts.folds(3) if len(parts.train) > 3 else []:
        assert set(np.array(labels)[fold.train]) == set(np.array(labels)[parts.train])


@pytest.mark.parametrize(
    ("shares", "sizes"),
    [((None, 0.1, 0.3), (60, 10, 30)), ((None, 0.15, 20), (65, 15, 20)), ((None, 7, 1), (92, 7, 1))],
)
def test_sizes_are_shares_or_numbers_of_rows(shares, sizes):
    frame = pl.DataFrame({"x": np.arange(100.0) ** 2, "y": np.arange(100.0)})
    found = split(frame, Contract.infer(frame, "y"), shares=shares)
    assert (len(found.train), len(found.valid), len(found.test)) == sizes


@pytest.mark.parametrize(
    "shares", [(None, 0.5, 0.5), (None, 50, 50), (None, 0.15, 0), (None, -1, 0.2), (None, 1.5, 0.2)]
)
def test_sizes_that_leave_nothing_or_mean_nothing_are_errors(shares):
    frame = pl.DataFrame({"x": np.arange(100.0) ** 2, "y": np.arange(100.0)})
    with pytest.raises(UsageError):
        split(frame, Contract.infer(frame, "y"), shares=shares)


def test_the_order_of_the_rows_can_be_their_order_in_time():
    frame = pl.DataFrame({"x": np.arange(100.0)[::-1], "y": np.arange(100.0)})
    found = split(frame, Contract.infer(frame, "y"), by_row_order=True)
    assert found.rule == "time"
    assert np.concatenate([found.train, found.valid, found.test]).tolist() == list(range(100))
    for fold in found.folds(4):
        assert fold.train.max() < fold.valid.min()


def test_a_split_prints_its_rule_and_sizes_not_its_rows():
    table = pl.DataFrame({"x": [i * i % 17 for i in range(100)], "y": ["a", "b"] * 50})
    found = split(table, Contract.infer(table, "y"), seed=3)
    assert str(found) == (
        "Split(stratified, seed 3: training set 70 rows, validation set 15 rows, test set 15 rows)"
    )
