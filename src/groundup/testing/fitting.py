"""Fitting: the input is not changed, all kinds of input are accepted, and an interrupted fit changes nothing."""

from __future__ import annotations

import _thread
import contextlib
import math
import signal
import sys
import threading
import time

import numpy as np
from sklearn import config_context

from groundup.models.estimator import Callbacks, Learner, get_tags, is_classifier, is_regressor
from groundup.testing.samples import (
    Sample,
    answers,
    assert_same,
    differing,
    fitted,
    frames,
    fresh,
    has_weights,
    methods,
    sample,
    state_of,
)

#: Ctrl-C must stop a fit within this time.
INTERRUPT_S = 1.0


def checks(learner):
    """Yield the names and functions of the checks that suit `learner`."""
    yield "input_stays_untouched", input_stays_untouched
    yield "locked_input_gives_the_same_bits", locked_input_gives_the_same_bits
    uses_X = not get_tags(learner).no_validation  # a baseline ignores it
    if uses_X:
        yield "failed_fit_leaves_no_trace", failed_fit_leaves_no_trace
    if threading.current_thread() is threading.main_thread():
        yield "interrupted_fit_leaves_no_trace", interrupted_fit_leaves_no_trace
    if is_classifier(learner):
        yield "labels_of_any_type", labels_of_any_type
    if is_regressor(learner):
        yield "targets_of_any_type", targets_of_any_type
    if uses_X:
        yield "tables_give_the_same_bits", tables_give_the_same_bits
    if has_weights(learner):
        yield "weights_can_be_routed", weights_can_be_routed
    if isinstance(learner, Callbacks):
        yield "callbacks_get_the_loss", callbacks_get_the_loss
        yield "callbacks_can_stop", callbacks_can_stop
    if callable(getattr(learner, "transform", None)):
        yield "output_in_frames", output_in_frames


def _attributes(learner) -> dict:
    """Return the attributes of a model, without callbacks."""
    return {k: v for k, v in vars(learner).items() if not k.startswith("_skl")}


def input_stays_untouched(learner):
    """After fit and predict, X, y and the weights have the same bits as before."""
    for n_rows in (200, 9_000):
        data = sample(learner, n_rows)
        copies = Sample(*(None if v is None else v.copy() for v in data))
        model = fitted(learner, data, data.weight if has_weights(learner) else None)
        answers(model, data.X)
        for name in Sample._fields:
            assert_same(getattr(data, name), getattr(copies, name), f"{name} was written to")


def locked_input_gives_the_same_bits(learner):
    """Read-only X, y and weights, as from joblib's workers and pandas, give the same bits."""
    data = sample(learner, 500)
    weight = data.weight if has_weights(learner) else None
    model = fitted(learner, data, weight)
    expected = state_of(model), answers(model, data.X)
    for values in data:
        if values is not None:
            values.flags.writeable = False
    model = fitted(learner, data, weight)
    assert_same((state_of(model), answers(model, data.X)), expected, "read-only input")


def failed_fit_leaves_no_trace(learner):
    """A fit that raises leaves an earlier fit as it was, and an unfitted model unfitted."""
    data = sample(learner)
    bad = data._replace(X=np.where(np.eye(*data.X.shape) > 0, np.inf, data.X))
    for model in (fresh(learner), fitted(learner, data)):
        before = dict(_attributes(model))
        try:
            model.fit(bad.X) if bad.y is None else model.fit(bad.X, bad.y)
        except ValueError:
            pass
        else:
            raise AssertionError("an infinity in X was accepted: raise ValueError")
        assert_same(_attributes(model), before, "attributes after a fit that failed")


#: Fits that last longer are interrupted by a timer; of shorter ones the timer may only hit the first line.
_TIMED_S = 0.1


def interrupted_fit_leaves_no_trace(learner):
    """Ctrl-C at several moments: KeyboardInterrupt within 1 s, the earlier fit unchanged, and the next fit as usual.

    A fit that ends before any Ctrl-C is interrupted at a call inside it.
    """
    old = sample(learner)
    for n_rows in (20_000, 80_000, 320_000):
        data = sample(learner, n_rows)
        begun = time.perf_counter()
        expected = state_of(fitted(learner, data))
        duration = time.perf_counter() - begun
        if duration > _TIMED_S:
            break
    landed = False
    for part in (0.1, 0.5, 0.9):
        model = fitted(learner, old)
        before = dict(_attributes(model))
        late_s = _interrupt(model, data, part * duration)
        assert late_s != math.inf, "Ctrl-C was ignored: the fit went on to its end"
        assert late_s <= INTERRUPT_S, f"Ctrl-C stopped the fit only after {late_s:.1f} s"
        if differing(state_of(model), expected):  # the fit had not just ended
            assert_same(_attributes(model), before, "attributes after an interrupted fit")
            landed = True
    assert_same(state_of(fitted(learner, data)), expected, "a fit after interrupted ones")
    if not landed or duration < _TIMED_S:
        _interrupt_inside(learner, old, data)


def _interrupt_inside(learner, old: Sample, data: Sample) -> None:
    """Interrupt a fit that is faster than a timer, at a Python call in its middle."""

    def fit(model, at: float) -> tuple[int, bool]:
        n = 0

        def count(frame, event, arg):
            nonlocal n
            n += event == "call"
            if n >= at:
                sys.setprofile(None)
                raise KeyboardInterrupt

        profile = sys.getprofile()
        sys.setprofile(count)
        try:
            model.fit(data.X) if data.y is None else model.fit(data.X, data.y)
        except KeyboardInterrupt:
            return n, True
        finally:
            sys.setprofile(profile)
        return n, False

    n_calls, _ = fit(fitted(learner, old), math.inf)
    model = fitted(learner, old)
    before = dict(_attributes(model))
    _, interrupted = fit(model, n_calls // 2)
    assert interrupted, f"an interrupt at the call {n_calls // 2} of {n_calls} in the fit was ignored"
    assert_same(_attributes(model), before, "attributes after an interrupted fit")


def _interrupt(model, data: Sample, after_s: float) -> float:
    """Fit, press Ctrl-C after a while, and return how late it stopped the fit: inf for never, 0 if the fit was faster."""
    pressed, ended = [math.inf], math.inf

    def press():
        pressed[0] = time.perf_counter()
        _thread.interrupt_main()

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(after_s, press)
    try:
        timer.start()
        model.fit(data.X) if data.y is None else model.fit(data.X, data.y)
        ended = time.perf_counter()
        timer.join()
        time.sleep(0.05)  # a pending signal arrives here
    except KeyboardInterrupt:
        return max(0.0, min(ended, time.perf_counter()) - pressed[0])
    finally:
        with contextlib.suppress(KeyboardInterrupt):
            timer.join()
        signal.signal(signal.SIGINT, handler)
    return math.inf if pressed[0] < ended else 0.0


def labels_of_any_type(learner):
    """Strings, booleans, negative numbers and objects as labels: the same fit, and predictions of the same type."""
    data = sample(learner, 400)
    n_labels = int(data.y.max()) + 1
    plain = answers(fitted(learner, data), data.X)
    kinds = {
        "strings": np.array(["ant", "bee", "cat"]),
        "objects": np.array(["ant", "bee", "cat"], dtype=object),
        "negative numbers": np.array([-7, 0, 12]),
        "whole floats": np.array([1.0, 2.0, 3.0]),
    }
    for what, labels in kinds.items():
        model = fitted(learner, data._replace(y=labels[data.y]))
        assert_same(model.classes_.tolist(), labels[:n_labels].tolist(), f"classes_ of {what}")
        results = answers(model, data.X)
        assert_same(
            results.pop("predict").tolist(), labels[plain["predict"]].tolist(), f"predictions of {what}"
        )
        assert_same(results, {k: v for k, v in plain.items() if k != "predict"}, what)
    two = data._replace(y=data.y == 1)
    predicted = fitted(learner, two).predict(data.X)
    assert predicted.dtype == bool, f"predictions of boolean labels are {predicted.dtype}"
    assert_same(
        predicted, fitted(learner, two._replace(y=two.y.astype(int))).predict(data.X) == 1, "boolean labels"
    )


def targets_of_any_type(learner):
    """Whole numbers, float32, lists and columns of a table as target: the same fit as float64."""
    data = sample(learner, 400)
    data = data._replace(y=np.round(data.y * 4) + 20)
    plain = state_of(fitted(learner, data))
    columns = {f"a column of {what}": frame["y"] for what, frame in frames(data.y[:, None], ["y"]).items()}
    for what, y in {
        "whole numbers": data.y.astype(np.int32),
        "float32": data.y.astype(np.float32),
        "a list": data.y.tolist(),
        **columns,
    }.items():
        assert_same(state_of(fitted(learner, data._replace(y=y))), plain, f"target as {what}")


def tables_give_the_same_bits(learner):
    """Data frames of pandas and Polars: names are stored, the bits are those of an array, other names are refused."""
    data = sample(learner)
    names = [f"feature {j}" for j in range(data.X.shape[1])]
    plain = fitted(learner, data)
    for what, frame in frames(data.X, names).items():
        model = fitted(learner, data._replace(X=frame))
        assert model.feature_names_in_.tolist() == names, f"feature_names_in_ of {what}"
        state = {k: v for k, v in state_of(model).items() if k != "feature_names_in_"}
        assert_same(state, state_of(plain), f"the fit on a frame of {what}")
        assert_same(answers(model, frame), answers(plain, data.X), f"predictions of a frame of {what}")
        one_row = frame[3:4]
        assert_same(answers(model, one_row), answers(plain, data.X[3:4]), f"predictions of one row of {what}")
        for name in methods(model):
            try:
                getattr(model, name)(frame[names[::-1]])
            except ValueError:
                continue
            raise AssertionError(f"{name} accepted a frame of {what} with its columns in another order")


def weights_can_be_routed(learner):
    """``set_fit_request(sample_weight=True)`` works, for metadata routing."""
    with config_context(enable_metadata_routing=True):
        request = fresh(learner).set_fit_request(sample_weight=True).get_metadata_routing()
    assert request.fit.requests["sample_weight"] is True


class Listener:
    """A callback that records the figures of each iteration, and stops the fit after some."""

    def __init__(self, stop_after: int | None = None):
        self.figures, self.models, self.torn_down, self.stop_after = [], [], 0, stop_after

    def setup(self, estimator, context):
        """Begin."""

    def teardown(self, estimator, context):
        """End."""
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Record an iteration."""
        if context.parent is None:
            return False
        self.figures.append(getattr(context, "figures", {}))
        self.models.append(fitted_estimator)
        return self.stop_after is not None and len(self.figures) >= self.stop_after


def callbacks_get_the_loss(learner):
    """Each iteration reports a finite loss and a model that predicts; a callback changes no bit."""
    data = sample(learner, 500)
    listener = Listener()
    model = fitted(learner, data)
    watched = fitted(fresh(learner).set_callbacks(listener), data)
    listener = watched._skl_callbacks[0] if hasattr(watched, "_skl_callbacks") else listener
    assert_same(state_of(watched), state_of(model), "a fit with a callback against one without")
    assert listener.figures, "the callback was called for no iteration"
    for i, figures in enumerate(listener.figures):
        assert "loss" in figures, f"iteration {i} reports {sorted(figures)}, but no loss"
        assert np.isfinite(figures["loss"]), f"the loss of iteration {i} is {figures['loss']}"
    assert listener.torn_down == 1, f"the callback was torn down {listener.torn_down} times"
    between = listener.models[len(listener.models) // 2]
    if isinstance(learner, Learner):
        assert between is not None, (
            "the callback got no model: pass the attributes of the iteration to `tell`"
        )
    if between is not None:
        answers(between, data.X)


def callbacks_can_stop(learner):
    """A callback can stop the fit (of each start) after the first iteration, and the model is fitted."""
    data = sample(learner, 500)
    watched = fitted(fresh(learner).set_callbacks(Listener(stop_after=1)), data)
    figures, starts = watched._skl_callbacks[0].figures, learner.get_params().get("n_init", 1)
    starts = starts if isinstance(starts, int) else 1
    assert len(figures) <= starts, f"it should stop after 1 iteration, and went on to {len(figures)}"
    answers(watched, data.X)


def output_in_frames(learner):
    """``set_output``: pandas and Polars frames with the names of ``get_feature_names_out``."""
    data = sample(learner)
    model = fitted(learner, data)
    plain = model.transform(data.X)
    for kind in frames(data.X, [str(j) for j in range(data.X.shape[1])]):
        frame = model.set_output(transform=kind).transform(data.X)
        assert kind in type(frame).__module__, f"set_output({kind!r}) gave a {type(frame).__name__}"
        assert list(frame.columns) == list(model.get_feature_names_out()), "columns are not the names out"
        difference = differing(np.ascontiguousarray(frame.to_numpy()), np.ascontiguousarray(plain))
        assert not difference, f"a frame of {kind}: {difference}"
    model.set_output(transform="default")
