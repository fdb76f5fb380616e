"""KMeans against scikit-learn's, and against what a naive Lloyd's algorithm does."""

import inspect
import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.cluster import KMeans as Reference
from sklearn.datasets import load_iris, make_blobs
from sklearn.exceptions import ConvergenceWarning

from groundup.engine.rows import Memmap, Rows
from groundup.models import KMeans


def _blobs(n=600, d=4, k=6, *, dtype=np.float64, spread=1.5):
    return make_blobs(n, d, centers=k, cluster_std=spread, random_state=0)[0].astype(dtype)


def _naive(X, centres, weight, max_iter):
    """Lloyd's algorithm as it is defined; no cluster may become empty."""
    for _ in range(max_iter):
        labels = ((X[:, None] - centres[None]) ** 2).sum(2).argmin(1)
        centres = np.array(
            [np.average(X[labels == j], axis=0, weights=weight[labels == j]) for j in range(len(centres))]
        )
    squares = ((X[:, None] - centres[None]) ** 2).sum(2)
    return centres, squares.argmin(1), (weight * squares.min(1)).sum()


@pytest.mark.parametrize("max_iter", [1, 2, 7])
def test_naive(max_iter):
    X = _blobs()
    weight = np.random.default_rng(0).uniform(0.1, 2, size=len(X))
    model = KMeans(6, init=X[:6], max_iter=max_iter, tol=0).fit(X, sample_weight=weight)
    centres, labels, inertia = _naive(X, X[:6], weight, max_iter)
    np.testing.assert_allclose(model.cluster_centers_, centres, rtol=1e-12)
    np.testing.assert_array_equal(model.labels_, labels)
    np.testing.assert_allclose(model.inertia_, inertia, rtol=1e-12)
    assert model.n_iter_ == min(max_iter, 4)  # the labels stay from the third on


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"n_clusters": 3, "random_state": 0},
        {"random_state": 1},
        {"n_clusters": 5, "init": "random", "n_init": 3, "random_state": 3},
        {"n_clusters": 1},
        {"n_clusters": 40, "random_state": 2, "tol": 0},
    ],
)
def test_scikit_learn(parameters, algorithm):
    X = _blobs(400, 5, 8, spread=3.0)
    weight = np.random.default_rng(1).integers(0, 4, size=len(X)).astype(float)
    for w in (None, weight):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            theirs = Reference(**parameters, algorithm=algorithm).fit(X, sample_weight=w)
        ours = KMeans(**parameters, algorithm=algorithm).fit(X, sample_weight=w)
        np.testing.assert_array_equal(ours.labels_, theirs.labels_)
        np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(ours.inertia_, theirs.inertia_, rtol=1e-12)
        np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-6)
        np.testing.assert_allclose(
            ours.score(X, sample_weight=w), theirs.score(X, sample_weight=w), rtol=1e-12
        )
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        assert ours.labels_.dtype == theirs.labels_.dtype
        assert type(ours.inertia_) is type(ours.score(X)) is float


def test_float32_reaches_the_same_inertia():
    X = _blobs(30_000, 8, 20, dtype=np.float32, spread=3.0)
    ours = KMeans(20, init=X[:20], max_iter=30).fit(X)
    theirs = Reference(20, init=X[:20], max_iter=30).fit(X)
    np.testing.assert_allclose(ours.inertia_, theirs.inertia_, rtol=1e-3)
    assert ours.cluster_centers_.dtype == ours.transform(X[:5]).dtype == np.float32


def test_the_contract_of_names():
    assert str(inspect.signature(KMeans)) == str(inspect.signature(Reference))
    assert set(KMeans().get_params()) == set(Reference().get_params())
    ours, theirs = (vars(E(2, random_state=0).fit(_blobs())) for E in (KMeans, Reference))
    assert {a for a in theirs if a.endswith("_")} <= set(ours)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_for_any_threads_and_on_disk(dtype, tmp_path, monkeypatch):
    X = _blobs(50_000, 7, 9, dtype=dtype, spread=4.0)
    weight = np.random.default_rng(0).uniform(size=len(X))
    place = Memmap.write(tmp_path / "X.npy", [X[:123], X[123:]], *X.shape, X.dtype)
    states = []
    for threads, rows in [("1", X), ("2", X), ("4", X), ("2", place)]:
        monkeypatch.setenv("GROUNDUP_NUM_THREADS", threads)
        model = KMeans(9, max_iter=15, random_state=0).fit(rows, sample_weight=weight)
        states.append({k: np.asarray(v).tobytes() for k, v in model.get_state().items() if k != "_dtype_in"})
    assert all(state == states[0] for state in states[1:])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_labels_are_the_bits_of_predict_and_rows_are_independent(dtype):
    X = _blobs(20_000, 5, 10, dtype=dtype, spread=5.0)
    for max_iter in (3, 300):
        model = KMeans(10, random_state=0, max_iter=max_iter).fit(X)
        np.testing.assert_array_equal(model.predict(X), model.labels_)
        some = np.random.default_rng(0).choice(len(X), 50)
        np.testing.assert_array_equal(
            np.concatenate([model.predict(X[i : i + 1]) for i in some]), model.labels_[some]
        )
        np.testing.assert_array_equal(
            np.concatenate([model.transform(X[i : i + 1]) for i in some]), model.transform(X)[some]
        )


def test_centres_without_rows_are_moved_to_the_farthest_rows():
    X = np.concatenate([_blobs(200, 2, 3), [[100.0, 100.0], [-90.0, 80.0]]])
    init = np.concatenate([X[:3], [[1e6, 1e6], [-1e6, 1e6]]])
    for max_iter in (1, 300):
        ours = KMeans(5, init=init, max_iter=max_iter).fit(X)
        theirs = Reference(5, init=init, max_iter=max_iter).fit(X)
        np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9)
        np.testing.assert_array_equal(ours.labels_, theirs.labels_)


def test_rows_without_weight_attract_no_empty_centre():
    X = np.concatenate([_blobs(200, 2, 3), [[100.0, 100.0], [-90.0, 80.0]]])
    weight = np.ones(len(X))
    weight[-2:] = 0.0
    init = np.concatenate([X[:3], [[1e6, 1e6], [-1e6, 1e6]]])
    for max_iter in (1, 300):
        weighted = KMeans(5, init=init, max_iter=max_iter).fit(X, sample_weight=weight)
        absent = KMeans(5, init=init, max_iter=max_iter).fit(X[:-2])
        np.testing.assert_allclose(weighted.cluster_centers_, absent.cluster_centers_, rtol=1e-9)
        np.testing.assert_array_equal(weighted.labels_[:-2], absent.labels_)


def test_fewer_distinct_rows_than_clusters_warns():
    X = np.repeat(np.array([[0.0, 1.0], [5.0, 5.0]]), 10, axis=0)
    with pytest.warns(
        ConvergenceWarning, match=r"distinct clusters \(2\) found smaller than n_clusters \(4\)"
    ):
        model = KMeans(4, random_state=0).fit(X)
    assert model.inertia_ == 0.0
    assert set(map(tuple, model.cluster_centers_)) == {(0.0, 1.0), (5.0, 5.0)}


def test_many_runs_keep_the_best():
    X = _blobs(300, 2, 12)
    single = [KMeans(12, init="random", n_init=1, random_state=s).fit(X).inertia_ for s in range(5)]
    assert KMeans(12, init="random", random_state=0).fit(X).inertia_ <= max(single)
    shared = np.random.RandomState(0)
    runs = [KMeans(12, init="random", n_init=1, random_state=shared).fit(X).inertia_ for _ in range(4)]
    kept = KMeans(12, init="random", n_init=4, random_state=np.random.RandomState(0)).fit(X)
    np.testing.assert_allclose(kept.inertia_, min(runs), rtol=1e-12)


def test_init_may_be_a_function():
    X = _blobs()
    seen = []

    def first(X, n_clusters, random_state):
        seen.append((X.shape, random_state.randint(10)))
        return X[:n_clusters]

    model = KMeans(6, init=first, n_init=2, random_state=0).fit(X)
    assert [shape for shape, _ in seen] == [X.shape] * 2
    np.testing.assert_array_equal(model.labels_, KMeans(6, init=X[:6]).fit(X).labels_)


def test_an_array_of_centres_is_used_once():
    X = _blobs()
    with pytest.warns(RuntimeWarning, match="performing only one init in KMeans instead of n_init=5"):
        KMeans(6, init=X[:6], n_init=5).fit(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_clusters": 700}, "n_samples=600 should be >= n_clusters=700"),
        ({"n_clusters": 3, "init": np.zeros((2, 4))}, "does not match the number of clusters 3"),
        ({"n_clusters": 2, "init": np.zeros((2, 3))}, "does not match the number of features of the data 4"),
        ({"n_clusters": 2, "init": np.full((2, 4), np.nan)}, "NaN or infinity"),
        ({"n_clusters": 0}, "n_clusters"),
        ({"tol": -1}, "tol"),
        ({"algorithm": "full"}, "algorithm"),
    ],
)
def test_bad_parameters_and_an_unchanged_estimator(parameters, message):
    model = KMeans(**parameters)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(_blobs())
    assert vars(model).keys() == before.keys()


def test_infinite_rows_are_refused_when_predicting():
    X = _blobs()
    model = KMeans(3, random_state=0).fit(X)
    for bad in (np.nan, np.inf):
        rows = X[:2].copy()
        rows[1, 2] = bad
        for method in (model.predict, model.transform, model.score):
            with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
                method(rows)


def test_loss_falls_and_a_callback_stops():
    losses = []

    class Listen:
        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context, **kwargs):
            pass

        def on_fit_task_end(self, estimator, context, **kwargs):
            if context.parent is not None:
                losses.append(context.figures["loss"])
            return len(losses) == 5

        def teardown(self, estimator, context):
            pass

    model = KMeans(12, init="random", n_init=3, tol=0, random_state=0).set_callbacks(Listen())
    model.fit(_blobs(2000, 3, 12, spread=4.0))
    assert len(losses) == model.n_iter_ == 5
    assert (np.diff(losses) < 0).all()


def test_verbose_prints(capsys):
    KMeans(3, random_state=0, verbose=1).fit(_blobs())
    assert capsys.readouterr().out.startswith("Iteration 0, inertia ")


def test_frames_in_and_out():
    X = _blobs(100, 3, 4)
    frame = pl.DataFrame(X, schema=["a", "b", "c"])
    model = KMeans(4, random_state=0).fit(frame)
    plain = KMeans(4, random_state=0).fit(X)
    np.testing.assert_array_equal(model.labels_, plain.labels_)
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    assert list(model.get_feature_names_out()) == ["kmeans0", "kmeans1", "kmeans2", "kmeans3"]
    out = model.set_output(transform="polars").transform(frame)
    assert out.columns == ["kmeans0", "kmeans1", "kmeans2", "kmeans3"]
    np.testing.assert_array_equal(plain.fit_transform(X), out.to_numpy())
    np.testing.assert_array_equal(plain.fit_predict(X), model.labels_)


@pytest.mark.parametrize("broken", ["labels_", "cluster_centers_", "dtype", "shape", "empty"])
def test_a_state_that_does_not_fit_is_refused(broken):
    model = KMeans(3, random_state=0).fit(_blobs())
    state = model.get_state()
    again = KMeans.from_state(model.get_params(), state)
    np.testing.assert_array_equal(again.predict(_blobs()), model.labels_)
    if broken == "labels_":
        state["labels_"] = state["labels_"] + 1
    elif broken == "cluster_centers_":
        state["cluster_centers_"] = state["cluster_centers_"] * np.nan
    elif broken == "dtype":
        state["cluster_centers_"] = state["cluster_centers_"].astype(np.float32)
    elif broken == "empty":
        state["cluster_centers_"] = state["cluster_centers_"][:0]
        del state["labels_"]
    else:
        state["cluster_centers_"] = state["cluster_centers_"][:, 1:].copy()
    with pytest.raises(ValueError, match=r"cluster_centers_|labels_"):
        KMeans.from_state(model.get_params(), state)


def test_iris_is_what_it_was():
    model = KMeans(3, random_state=0).fit(load_iris().data)
    np.testing.assert_allclose(model.inertia_, 78.8514414, rtol=1e-3)
    assert sorted(np.bincount(model.labels_)) in ([38, 50, 62], [39, 50, 61])


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e25), (np.float64, 1e200), (np.float32, 1e18)])
def test_distances_that_overflow_are_refused(dtype, scale):
    rng = np.random.default_rng(0)
    small = np.concatenate([rng.normal(size=(50, 3)), rng.normal(size=(50, 3)) + 20])
    X = (small * scale).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for params in ({}, {"tol": 0.0}, {"init": "random"}, {"init": X[:2]}):
            with pytest.raises(ValueError, match=r"overflow float(32|64): scale X down"):
                KMeans(2, random_state=0, **params).fit(X)
        model = KMeans(2, random_state=0).fit(small.astype(dtype))
        far = np.full((1, 3), np.finfo(dtype).max / 2, dtype)
        with pytest.raises(ValueError, match="scale X down"):
            model.predict(far)
        if dtype == np.float64:  # a distance is computed in float64
            with pytest.raises(ValueError, match="scale X down"):
                model.transform(far)
        with pytest.raises(ValueError, match="scale X down"):
            KMeans(2, init=X[[0, 99]] * dtype(100)).fit(small.astype(dtype))


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e16), (np.float64, 1e149)])
def test_large_distances_that_do_not_overflow_are_clustered(dtype, scale):
    rng = np.random.default_rng(0)
    small = np.concatenate([rng.normal(size=(5_000, 3)), rng.normal(size=(5_000, 3)) + 20])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = KMeans(2, random_state=0).fit((small * scale).astype(dtype))
    assert np.bincount(model.labels_).tolist() == [5_000, 5_000]


@pytest.mark.parametrize("method", ["predict", "transform", "score"])
@pytest.mark.parametrize("width", [3, 9])
def test_a_fit_that_commits_during_an_answer_does_not_mix_with_it(method, width, monkeypatch):
    """As a server that fits anew in another thread; here at the worst moment, just after the look at X."""
    X = _blobs(200, 5)
    model = KMeans(4, random_state=0).fit(X)
    other = KMeans(6, random_state=0).fit(_blobs(200, width))
    look, calls = KMeans._features, []

    def looks_and_is_overtaken(self, given, *args):
        calls.append(given)
        found = look(self, given, *args)
        self.__dict__ = dict(vars(other))
        return found

    monkeypatch.setattr(KMeans, "_features", looks_and_is_overtaken)
    with pytest.raises(ValueError, match=f"expecting {width} features"):
        getattr(model, method)(X)
    assert len(calls) == 2


def test_centres_that_stay_need_no_further_pass(monkeypatch):
    X = _blobs()
    done = KMeans(6, random_state=0, tol=0).fit(X)
    reduce, passes = Rows.reduce, []
    monkeypatch.setattr(
        Rows, "reduce", lambda self, kind, *state: passes.append(kind.__name__) or reduce(self, kind, *state)
    )
    again = KMeans(6, init=done.cluster_centers_, tol=0).fit(X)
    assert passes.count("Assignment") == again.n_iter_ == 1
    np.testing.assert_array_equal(again.labels_, done.labels_)
    np.testing.assert_array_equal(again.cluster_centers_, done.cluster_centers_)
