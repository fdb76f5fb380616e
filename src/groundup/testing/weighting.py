"""Weights: a weight of 2 is the row given twice, and a weight of 0 the row left out."""

from __future__ import annotations

import math

import numpy as np

from groundup.testing.samples import Sample, answers, fitted, has_weights, sample

_SEEDS = 30


def checks(learner, meaning: str):
    """Yield the names and functions of the checks that suit `learner` and the meaning of its weights."""
    if not has_weights(learner) or meaning == "none":
        return
    if meaning == "repetition":
        yield "weight_is_repetition", weight_is_repetition
        yield "weight_zero_is_absence", weight_zero_is_absence
    else:
        yield "weight_is_repetition_in_the_mean", weight_is_repetition_in_the_mean
        yield "weight_zero_is_absence_in_the_mean", weight_zero_is_absence_in_the_mean
    yield "weights_of_one_change_nothing", weights_of_one_change_nothing
    yield "bad_weights_are_refused", bad_weights_are_refused


def _repeated(data: Sample) -> Sample:
    """Return the rows, each repeated as often as its weight."""
    times = data.weight.astype(int)
    return Sample(
        np.repeat(data.X, times, axis=0),
        None if data.y is None else np.repeat(data.y, times),
        np.ones(times.sum()),
    )


def _close(a: dict, b: dict, what: str) -> None:
    """Raise AssertionError unless predictions agree to 1e-7, and labels of 99 % of the rows."""
    for name, answer in a.items():
        if answer.dtype.kind in "fc":
            np.testing.assert_allclose(answer, b[name], rtol=1e-7, atol=1e-7, err_msg=f"{name}: {what}")
        else:
            share = np.mean(answer != b[name])
            assert share <= 0.01, f"{name}: {what}: {share:.0%} of the rows differ"  # ties may go either way


def weight_is_repetition(learner):
    """Whole weights and rows repeated as often: the same predictions to 1e-7."""
    for n_rows in (250, 9_000):  # one block, and several
        data = sample(learner, n_rows)
        test = sample(learner, 100, seed=9).X
        weighted = answers(fitted(learner, data, data.weight), test)
        _close(
            weighted,
            answers(fitted(learner, _repeated(data)), test),
            f"weights against repetition, {n_rows} rows",
        )


def weight_zero_is_absence(learner):
    """Rows of weight zero, even outliers, and their absence: the same predictions."""
    data = sample(learner, 400)
    absent = np.arange(len(data.X)) % 3 == 2
    data.weight[absent] = 0.0
    kept = Sample(data.X[~absent], None if data.y is None else data.y[~absent], data.weight[~absent])
    without = answers(fitted(learner, kept, kept.weight), kept.X)
    data.X[absent] *= 10.0
    _close(
        answers(fitted(learner, data, data.weight), kept.X),
        without,
        "rows of weight zero against their absence",
    )


def weight_is_repetition_in_the_mean(learner):
    """Weights and repetition differ by at most 3 standard errors in the mean over 30 seeds."""
    _same_in_the_mean(learner, lambda data: (data, _repeated(data)._replace(weight=None)))


def weight_zero_is_absence_in_the_mean(learner):
    """Outliers of weight zero and their absence differ by at most 3 standard errors in the mean over 30 seeds."""

    def both(data: Sample) -> tuple[Sample, Sample]:
        absent = np.arange(len(data.X)) % 3 == 2
        weight = np.where(absent, 0.0, data.weight)
        kept = Sample(data.X[~absent], None if data.y is None else data.y[~absent], weight[~absent])
        wild = np.where(absent[:, None], 10.0 * data.X, data.X)
        return Sample(wild, data.y, weight), kept

    _same_in_the_mean(learner, both)


def _same_in_the_mean(learner, both) -> None:
    """Fit to the two samples that `both` returns for one; compare the means over the seeds."""
    gaps: dict[str, list[float]] = {}
    for seed in range(_SEEDS):
        test = sample(learner, 300, seed=1000 + seed)
        params = {"random_state": seed} if "random_state" in learner.get_params() else {}
        pair = both(sample(learner, 500, seed=seed))
        figures = [_figures(fitted(learner, data, data.weight, **params), test) for data in pair]
        for name in figures[0]:
            gaps.setdefault(name, []).append(figures[0][name] - figures[1][name])
    for name, values in gaps.items():
        mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(_SEEDS)
        assert abs(mean) <= 3 * error + 1e-7, (
            f"{name} differs by {mean:.3g} in the mean of {_SEEDS} seeds, the standard error is {error:.3g}"
        )


def _figures(model, test: Sample) -> dict[str, float]:
    """Return the numbers that would show a bias: the mean of each prediction, and the score."""
    figures = {
        f"the mean of {name}": float(np.mean(answer[:, 0] if answer.ndim > 1 else answer))
        for name, answer in answers(model, test.X).items()
        if answer.dtype.kind == "f"
        and name != "predict_log_proba"  # minus infinity in a leaf without a class
    }
    if hasattr(model, "score"):
        figures["the score"] = float(model.score(test.X) if test.y is None else model.score(test.X, test.y))
    return figures


def weights_of_one_change_nothing(learner):
    """Weights of one and no weights: the same predictions to 1e-7."""
    data = sample(learner, 300)
    ones = np.ones(len(data.X))
    _close(
        answers(fitted(learner, data, ones), data.X),
        answers(fitted(learner, data), data.X),
        "ones against none",
    )


def bad_weights_are_refused(learner):
    """NaN, None, infinity, a negative weight or a wrong length raise ValueError."""
    data = sample(learner, 50)
    missing = np.ones(50, dtype=object)
    missing[3] = None
    _refused(learner, data, missing, "a weight that is None")
    for what, value in {"NaN": np.nan, "inf": np.inf, "negative": -1.0}.items():
        bad = np.ones(50)
        bad[3] = value
        _refused(learner, data, bad, f"a weight that is {what}")
    _refused(learner, data, np.ones(49), "weights one row short")


def _refused(learner, data: Sample, weight, what: str) -> None:
    """Raise AssertionError unless a fit with these weights raises ValueError."""
    try:
        fitted(learner, data, weight)
    except ValueError:
        return
    raise AssertionError(f"{what} was accepted: raise ValueError")
