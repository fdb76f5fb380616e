"""Digests of every public model's predictions and fitted attributes: does a change of the code change a result?

    python benchmarks/digests.py --write FILE      # before the change
    python benchmarks/digests.py --against FILE    # after it; exit status 1 if a result differs or is missing
    python benchmarks/digests.py --against FILE --only KMeans

Each line of `CASES` holds a name, one or more classes, parameters, and one or more data sets; each class is fitted to
each data set. A list of parameters stands for several fits of one model in a row (warm start), and `Each` for as many
configurations as it has values. A configuration's parts are its predictions for many new rows and for a single one, its
public fitted attributes, its trees as arrays, what it predicts after `get_state` and `from_state`, and on small data
also scores, paths, summaries, `partial_fit`, and the figures that callbacks see. A digest is the SHA-256 of a part's
exact bytes with dtype and shape. The first 50 numbers are stored beside it, so that a difference can be sized.

A data set's name says what it is made of, as in "dense-three-weighted": the kind of the features (`features_of`), the
kind of the target (`target_of`), and whether there are sample weights or validation rows. All of it is drawn from seeds
that are made from these words. Only public names of `groundup.models` are used: everything else may move.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import inspect
import itertools
import json
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from groundup import models

N_VALUES = 50  # numbers stored beside a digest
N_SMALL = 50_000  # numbers in X up to which scores, paths, callbacks and the like are looked at as well


class Each(tuple):
    """Values of a parameter, of which each makes a configuration of its own."""

    __slots__ = ()


class LogCosh:
    """A loss of one's own that answers everything that boosting may ask."""

    def __call__(self, y, raw):
        return np.tanh(raw - y), 1.0 - np.tanh(raw - y) ** 2

    def value(self, y, raw):
        return np.logaddexp(raw - y, y - raw)

    def start(self, y, sample_weight):
        return np.average(y, weights=sample_weight)

    def inverse_link(self, raw):
        return raw + 1.0


def bare_loss(y, raw):
    """Return gradient and curvature of half the squared error of codes, one score for each of several classes."""
    return raw - (y if raw.ndim == 1 else np.eye(raw.shape[1])[y.astype(int)]), np.ones_like(raw)


def absolute_error(y, predicted):
    """Return minus the mean absolute error, to judge rows out of bag."""
    return -float(np.abs(np.ravel(y) - np.ravel(predicted)).mean())


def first_rows(X, n_clusters, random_state):
    """Return the first rows, as centres to begin with."""
    return X[:n_clusters]


HGR, HGC = "HistGradientBoostingRegressor", "HistGradientBoostingClassifier"
HGB, SGD, ADA = f"{HGR} {HGC}", "SGDRegressor SGDClassifier", "AdaBoostRegressor AdaBoostClassifier"
GLM = "PoissonRegressor GammaRegressor"
LOGISTIC, LOGISTIC_CV = "LogisticRegression", "LogisticRegressionCV"
FORESTS_C = "RandomForestClassifier ExtraTreesClassifier"
FORESTS_R = "RandomForestRegressor ExtraTreesRegressor"
TREES_C, TREES_R = f"DecisionTreeClassifier {FORESTS_C}", f"DecisionTreeRegressor {FORESTS_R}"
FORESTS, TREES = f"{FORESTS_C} {FORESTS_R}", f"{TREES_C} {TREES_R}"

# Data sets for linear models, for trees, and for boosting; the kind of the target replaces "*".
LINEAR = "dense-* float32-*-weighted sparse-* sparse-*-weighted dependent-* extreme-* wide-* many-*-weighted"
PLANTS = "dense-* float32-*-weighted missing-* unseen-* repeated-* many-*"
BOOSTS = f"{PLANTS} sparse-* wide-* many-*-weighted"
NUMBERS, AMOUNTS, TWO, THREE = (LINEAR.replace("*", kind) for kind in ("numbers", "amounts", "two", "three"))
BITS, COUNTS = "dense-bits sparse-bits-weighted", "dense-counts missing-counts-weighted"

#: (name, classes, parameters, data sets)
# fmt: off
CASES: list[tuple[str, str, Any, str]] = [
    # Least squares
    ("default", "LinearRegression Ridge RidgeCV", {}, f"{NUMBERS} dense-outputs sparse-outputs-weighted"),
    ("no intercept", "LinearRegression Ridge RidgeCV", {"fit_intercept": False}, NUMBERS),
    ("large", "LinearRegression Ridge", {}, "broad-numbers vast-numbers large-numbers"),
    ("long", "LinearRegression Ridge RidgeCV Lasso", {}, "long-numbers"),
    ("large price", "Ridge", {"alpha": 1000.0}, "broad-numbers long-numbers"),
    ("positive", "LinearRegression Ridge", {"positive": True}, f"{NUMBERS} dense-outputs"),
    ("solver", "Ridge", {"solver": Each(["svd", "cholesky"])}, f"{NUMBERS} broad-numbers"),
    ("no penalty", "Ridge", {"alpha": 0.0}, NUMBERS),
    ("price an output", "Ridge", {"alpha": [0.1, 1.0, 1.0]}, "dense-outputs sparse-outputs-weighted"),
    ("price an output", "RidgeCV", {"alpha_per_target": True, "alphas": (0.1, 10.0)}, "dense-outputs"),
    ("results", "RidgeCV", {"store_cv_results": True}, "dense-numbers-weighted dense-outputs"),
    ("folds", "RidgeCV", {"cv": 3}, "dense-numbers-weighted sparse-numbers"),
    ("scoring", "RidgeCV", {"scoring": "neg_mean_absolute_error"}, "dense-numbers"),
    ("default", "RidgeClassifier", {}, f"{TWO} {THREE} broad-three"),
    ("solver", "RidgeClassifier", {"solver": Each(["svd", "cholesky"])}, "dense-three many-two"),
    ("no intercept", "RidgeClassifier", {"fit_intercept": False}, "dense-three sparse-two"),
    ("balanced", "RidgeClassifier", {"class_weight": "balanced"}, "dense-three-weighted dense-two"),
    ("positive", "RidgeClassifier", {"positive": True}, "dense-two"),
    # Lasso and elastic net
    ("default", "Lasso ElasticNet", {"alpha": 0.05}, f"{NUMBERS} dense-outputs sparse-outputs-weighted"),
    ("large", "Lasso ElasticNet", {"alpha": 0.1}, "broad-numbers vast-numbers large-numbers"),
    ("no intercept", "Lasso ElasticNet", {"alpha": 0.05, "fit_intercept": False}, NUMBERS),
    ("positive", "Lasso ElasticNet", {"alpha": 0.01, "positive": True}, NUMBERS),
    ("few sweeps", "Lasso ElasticNet", {"alpha": 1e-3, "max_iter": 2}, "dense-numbers wide-numbers"),
    ("no penalty", "Lasso ElasticNet", {"alpha": 0.0}, "dense-numbers sparse-numbers"),
    ("ridge", "ElasticNet", {"alpha": 0.1, "l1_ratio": 0.0}, "dense-outputs sparse-numbers"),
    ("warm", "Lasso ElasticNet", [{"warm_start": True}, {"alpha": 0.01}], "dense-numbers wide-numbers"),
    ("default", "LassoCV ElasticNetCV", {"alphas": 30}, NUMBERS),
    ("shares", "ElasticNetCV", {"l1_ratio": [0.2, 0.9], "cv": 3, "alphas": 20}, "dense-numbers sparse-numbers"),
    ("folds", "LassoCV ElasticNetCV", {"cv": 2, "alphas": [0.1]}, "dense-numbers sparse-numbers"),
    ("positive", "LassoCV ElasticNetCV", {"positive": True, "alphas": [1.0, 0.1, 0.01]}, "dense-numbers"),
    ("no intercept", "LassoCV ElasticNetCV", {"fit_intercept": False, "eps": 0.01}, "sparse-numbers"),
    # Generalised linear models
    ("default", GLM, {}, f"{AMOUNTS} broad-amounts"),
    ("counts", "PoissonRegressor", {"alpha": 0.01}, "dense-counts sparse-counts-weighted"),
    ("no penalty", GLM, {"alpha": 0.0}, "dense-amounts dependent-amounts sparse-amounts"),
    ("no intercept", GLM, {"fit_intercept": False}, "dense-amounts sparse-amounts"),
    ("solver", GLM, {"solver": "newton-cholesky", "max_iter": Each([2, 100])}, "dense-amounts"),
    ("warm", GLM, [{"warm_start": True}, {"alpha": 0.1}], "dense-amounts"),
    ("default", "TweedieRegressor", {}, NUMBERS),
    ("power -1", "TweedieRegressor", {"power": -1.0, "link": "log"}, "dense-numbers"),
    ("log", "TweedieRegressor", {"link": "log", "alpha": 0.1}, "dense-amounts"),
    ("power", "TweedieRegressor", {"power": Each([1.2, 1.9])}, "dense-claims sparse-claims-weighted many-claims"),
    ("power", "TweedieRegressor", {"power": Each([1.0, 2.0, 3.0]), "alpha": 0.0}, "dense-amounts"),
    # Robust and quantile regression
    ("default", "HuberRegressor", {}, NUMBERS),
    ("epsilon", "HuberRegressor", {"epsilon": Each([1.0, 2.5]), "alpha": 0.0}, "dense-numbers sparse-numbers"),
    ("no intercept", "HuberRegressor", {"fit_intercept": False}, "dense-numbers sparse-numbers"),
    ("warm", "HuberRegressor", [{"warm_start": True}, {"alpha": 1.0}], "dense-numbers"),
    ("median", "QuantileRegressor", {"alpha": 0.01}, NUMBERS),
    ("no penalty", "QuantileRegressor", {"quantile": 0.9, "alpha": 0.0}, NUMBERS),
    ("no intercept", "QuantileRegressor", {"quantile": 0.1, "alpha": 0.02, "fit_intercept": False}, BITS),
    # Logistic regression
    ("default", LOGISTIC, {}, f"{TWO} {THREE} dense-ten many-ten broad-two broad-three"),
    ("large", LOGISTIC, {}, "big-two large-ten square-two"),
    ("deprecated", LOGISTIC, {"penalty": Each([None, "l2"])}, "dense-three"),
    ("no penalty", LOGISTIC, {"C": np.inf}, "dense-two dense-three-weighted dependent-three wide-two"),
    ("lasso", LOGISTIC, {"l1_ratio": 1.0, "C": 0.1}, f"{TWO} {THREE} broad-two broad-three"),
    ("elastic net", LOGISTIC, {"l1_ratio": 0.5, "C": 0.3}, "dense-two sparse-ten float32-three-weighted"),
    ("balanced", LOGISTIC, {"class_weight": "balanced"}, "dense-three dense-two-weighted"),
    ("class weights", LOGISTIC, {"class_weight": {-1: 2.0, 7: 0.5}}, "dense-three"),
    ("no intercept", LOGISTIC, {"fit_intercept": False, "l1_ratio": Each([0.0, 1.0])}, "dense-three sparse-two"),
    ("few steps", LOGISTIC, {"max_iter": 2}, "dense-three"),
    ("solver", LOGISTIC, {"solver": Each(["newton-cg", "newton-cholesky", "sag", "coordinate"])}, "dense-three"),
    ("warm", LOGISTIC, [{"warm_start": True}, {"C": 0.1}], "dense-three dense-two"),
    ("warm lasso", LOGISTIC, [{"warm_start": True, "l1_ratio": 1.0}, {"C": 0.1}], "dense-three wide-two"),
    ("default", LOGISTIC_CV, {"Cs": 4}, "dense-three float32-two-weighted sparse-two wide-two many-two"),
    ("shares", LOGISTIC_CV, {"Cs": 3, "cv": 3, "l1_ratios": (0, 0.5, 1)}, "dense-three dense-two sparse-two"),
    ("shapes", LOGISTIC_CV, {"Cs": 3, "use_legacy_attributes": False, "refit": Each([True, False])}, "dense-three"),
    ("scoring", LOGISTIC_CV, {"Cs": 3, "scoring": "neg_log_loss"}, "dense-three-weighted dense-two"),
    ("balanced", LOGISTIC_CV, {"Cs": [0.1, 1.0], "class_weight": "balanced"}, "dense-three-weighted"),
    ("deprecated", LOGISTIC_CV, {"Cs": 3, "penalty": Each(["l1", "l2"])}, "dense-two"),
    ("no intercept", LOGISTIC_CV, {"Cs": 3, "fit_intercept": False}, "dense-two large-two"),
    # Stochastic gradient descent
    ("default", SGD, {"max_iter": 30}, f"{BITS} float32-bits-weighted sparse-bits many-bits-weighted broad-bits"),
    ("classes", "SGDClassifier", {"max_iter": 30}, "dense-three dense-ten sparse-three-weighted many-three"),
    ("loss", SGD, {"loss": Each(["huber", "epsilon_insensitive"]), "epsilon": 0.2}, BITS),
    ("loss", SGD, {"loss": Each(["squared_error", "squared_epsilon_insensitive"]), "eta0": 1e-3}, BITS),
    ("loss", "SGDClassifier", {"loss": Each(["log_loss", "modified_huber"])}, f"{BITS} dense-three"),
    ("loss", "SGDClassifier", {"loss": Each(["squared_hinge", "perceptron"])}, f"{BITS} dense-three"),
    ("penalty", SGD, {"penalty": Each(["l1", "elasticnet", None]), "alpha": 0.01}, BITS),
    ("rate", SGD, {"learning_rate": Each(["constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"])}, BITS),
    ("average", SGD, {"average": Each([True, 1000]), "penalty": "elasticnet"}, BITS),
    ("batches", SGD, {"batch_size": 16, "momentum": Each([0.0, 0.9])}, BITS),
    ("batches", SGD, {"batch_size": 7, "penalty": "elasticnet", "average": True}, BITS),
    ("early stopping", SGD, {"early_stopping": True}, f"{BITS} dense-bits-weighted"),
    ("in order", SGD, {"shuffle": False, "fit_intercept": False, "tol": None, "max_iter": 9}, BITS),
    ("warm", SGD, [{"warm_start": True, "max_iter": 5}, {"alpha": 0.01}], BITS),
    ("balanced", "SGDClassifier", {"class_weight": "balanced", "n_jobs": 2}, "dense-three-weighted"),
    # Decision trees and forests
    ("default", "DecisionTreeClassifier", {}, PLANTS.replace("*", "three") + " dense-labels-weighted wide-two"),
    ("default", "DecisionTreeRegressor", {}, PLANTS.replace("*", "numbers") + " dense-outputs-weighted"),
    ("small", FORESTS_C, {"n_estimators": 7}, PLANTS.replace("*", "three") + " dense-labels-weighted wide-two"),
    ("small", FORESTS_R, {"n_estimators": 7}, PLANTS.replace("*", "numbers") + " dense-outputs-weighted"),
    ("bins", "DecisionTreeRegressor DecisionTreeClassifier", {}, "large-bits large-counts-weighted"),
    ("bins", FORESTS, {"n_estimators": 3, "max_depth": 9}, "large-bits large-counts-weighted"),
    ("criterion", TREES_C, {"criterion": Each(["entropy", "log_loss"]), "max_depth": 6}, COUNTS),
    ("criterion", TREES_R, {"criterion": Each(["absolute_error", "poisson"]), "max_depth": 6}, COUNTS),
    ("outputs", TREES_R, {"criterion": "absolute_error", "max_depth": 4}, "dense-outputs"),
    ("random", "DecisionTreeClassifier", {"splitter": "random"}, f"{COUNTS} dense-labels large-bits"),
    ("random", "DecisionTreeRegressor", {"splitter": "random"}, f"{COUNTS} dense-outputs large-bits"),
    ("few rows", TREES, {"max_depth": 3, "min_samples_split": 30}, COUNTS),
    ("large leaves", TREES, {"min_samples_leaf": 0.03, "min_samples_split": 0.1, "max_features": 0.5}, COUNTS),
    ("heavy leaves", TREES, {"min_weight_fraction_leaf": 0.05, "max_features": 3}, COUNTS),
    ("best first", TREES, {"max_leaf_nodes": 12, "max_features": Each(["sqrt", "log2", None])}, COUNTS),
    ("impurity", TREES, {"min_impurity_decrease": 0.01}, COUNTS),
    ("pruned", TREES, {"ccp_alpha": 0.01}, COUNTS),
    ("balanced", TREES_C, {"class_weight": "balanced"}, "dense-three-weighted dense-labels"),
    ("class weights", TREES_C, {"class_weight": {-1: 2.0, 7: 0.5}, "max_depth": 4}, "dense-three"),
    ("subsample", FORESTS_C, {"class_weight": "balanced_subsample", "bootstrap": True}, "dense-three-weighted"),
    ("out of bag", FORESTS, {"bootstrap": True, "oob_score": True, "n_estimators": 40}, f"{COUNTS} many-bits"),
    ("out of bag", FORESTS_C, {"bootstrap": True, "oob_score": True}, "dense-labels"),
    ("out of bag", FORESTS_R, {"bootstrap": True, "oob_score": True}, "dense-outputs"),
    ("own score", FORESTS, {"bootstrap": True, "oob_score": absolute_error, "max_samples": Each([0.5, 90])}, COUNTS),
    ("few trees", FORESTS, {"bootstrap": True, "oob_score": True, "n_estimators": 2}, "dense-bits"),
    ("all rows", FORESTS, {"bootstrap": False, "n_estimators": 5, "n_jobs": 2}, COUNTS),
    ("warm", FORESTS, [{"warm_start": True, "n_estimators": 4}, {"n_estimators": 7, "max_depth": 4}], COUNTS),
    # Isolation forest and k-means
    ("default", "IsolationForest", {}, PLANTS.replace("*", "none") + " dense-none-weighted large-none"),
    ("contamination", "IsolationForest", {"contamination": 0.1, "max_features": 0.5}, "missing-none many-none"),
    ("bootstrap", "IsolationForest", {"bootstrap": True, "max_samples": Each([0.3, 50, 5000])}, "dense-none-weighted"),
    ("warm", "IsolationForest", [{"warm_start": True, "n_estimators": 5}, {"n_estimators": 9}], "dense-none"),
    ("default", "KMeans", {"n_clusters": Each([1, 3, 8, 70])}, "dense-none float32-none-weighted many-none"),
    ("large", "KMeans", {"n_clusters": Each([5, 20]), "max_iter": 20}, "large-none wide-none dependent-none"),
    ("random", "KMeans", {"init": "random", "n_init": 3, "max_iter": 9}, "dense-none-weighted many-none"),
    ("runs", "KMeans", {"n_init": 4, "n_clusters": 5, "tol": 0.0}, "dense-none"),
    ("given centres", "KMeans", {"init": np.eye(4, 8), "n_clusters": 4}, "dense-none float32-none"),
    ("empty clusters", "KMeans", {"init": 99.0 * np.eye(6, 8), "n_clusters": 6}, "dense-none-weighted"),
    ("own centres", "KMeans", {"init": first_rows, "n_clusters": 4}, "dense-none many-none"),
    ("Elkan", "KMeans", {"algorithm": "elkan", "tol": 0.1}, "dense-none repeated-none"),
    # AdaBoost
    ("default", ADA, {"n_estimators": 20}, "dense-bits float32-bits-weighted missing-bits many-bits dense-counts"),
    ("classes", "AdaBoostClassifier", {"learning_rate": Each([0.3, 1.0])}, "dense-three-weighted dense-ten"),
    ("loss", "AdaBoostRegressor", {"loss": Each(["linear", "square", "exponential"])}, "dense-numbers-weighted"),
    ("deep", "AdaBoostClassifier", {"estimator": models.DecisionTreeClassifier(max_depth=4)}, COUNTS),
    ("deep", "AdaBoostRegressor", {"estimator": models.DecisionTreeRegressor(max_depth=6)}, "dense-numbers"),
    ("perfect", "AdaBoostClassifier", {"estimator": models.DecisionTreeClassifier()}, "dense-two"),
    ("linear", "AdaBoostClassifier", {"estimator": models.LogisticRegression()}, "dense-two dense-three-weighted"),
    ("linear", "AdaBoostRegressor", {"estimator": models.Ridge(), "n_estimators": 5}, "dense-numbers-weighted"),
    # Gradient boosting
    ("default", HGR, {"max_iter": 25}, BOOSTS.replace("*", "numbers")),
    ("two", HGC, {"max_iter": 25}, BOOSTS.replace("*", "two")),
    ("classes", HGC, {"max_iter": 12}, BOOSTS.replace("*", "three") + " dense-ten many-ten-weighted"),
    ("large", HGB, {"max_iter": 5}, "huge-bits huge-bits-weighted large-bits-weighted large-counts"),
    ("loss", HGR, {"loss": Each(["absolute_error", "gamma", "poisson"]), "max_iter": 15}, AMOUNTS + " missing-amounts"),
    ("quantile", HGR, {"loss": "quantile", "quantile": Each([0.1, 0.9])}, "dense-numbers-weighted many-numbers"),
    ("own loss", HGB, {"loss": bare_loss, "max_iter": 10, "early_stopping": False}, "dense-bits-weighted many-bits"),
    ("own loss", HGC, {"loss": bare_loss, "max_iter": 10, "early_stopping": False}, "dense-three-weighted"),
    ("full loss", HGR, {"loss": LogCosh(), "early_stopping": True}, "dense-numbers-weighted"),
    ("categories", HGB, {"categorical_features": [0, 1, 2]}, "levels-bits levels-counts-weighted texts-bits"),
    ("few bins", HGB, {"categorical_features": [True] * 3 + [False] * 5, "max_bins": 8}, "levels-bits"),
    ("sparse", HGB, {"categorical_features": [0, 1], "max_iter": 9}, "sparse-bits"),
    ("monotonic", HGB, {"monotonic_cst": [1, -1, 0, 0, 1, 0, 0, 0]}, "dense-bits missing-bits-weighted"),
    ("interactions", HGB, {"interaction_cst": Each(["pairwise", "no_interactions"])}, "dense-bits"),
    ("groups", HGB, {"interaction_cst": [[0, 1, 2], [2, 3]], "max_iter": 9}, "missing-bits dense-counts"),
    ("coarse", HGB, {"max_bins": 16, "l2_regularization": 1.0, "max_iter": 9}, COUNTS),
    ("deep", HGB, {"max_leaf_nodes": None, "max_depth": 5, "min_samples_leaf": 3, "max_iter": 9}, COUNTS),
    ("unbounded", HGB, {"max_leaf_nodes": None, "min_samples_leaf": 1, "max_iter": 9}, "dense-bits many-bits"),
    ("features", HGB, {"max_features": 0.5, "min_gain_to_split": 0.5, "max_iter": 9}, COUNTS),
    ("subsample", HGB, {"subsample": 0.6, "max_iter": 9}, f"{COUNTS} many-bits-weighted"),
    ("early stopping", HGB, {"early_stopping": True, "n_iter_no_change": 3}, f"{COUNTS} many-bits"),
    ("scoring", HGB, {"early_stopping": True, "scoring": Each([None, "neg_mean_squared_error"])}, "dense-bits"),
    ("scoring", HGB, {"early_stopping": True, "scoring": None, "max_iter": 30}, "many-bits dense-bits-validated"),
    ("held out", HGB, {"early_stopping": True, "validation_fraction": Each([50, None]), "tol": 0.01}, "dense-bits"),
    ("validation", HGB, {"early_stopping": True, "n_iter_no_change": 3}, "dense-bits-weighted-validated"),
    ("warm", HGB, [{"warm_start": True, "max_iter": 4}, {"max_iter": 9}], COUNTS),
    ("warm, stopping", HGB, [{"warm_start": True, "early_stopping": True, "max_iter": 4}, {"max_iter": 9}], COUNTS),
    ("balanced", HGC, {"class_weight": "balanced", "max_iter": 9}, "dense-three-weighted"),
    # Baselines
    ("strategy", "DummyClassifier", {"strategy": Each(["prior", "stratified", "uniform"])}, "dense-two dense-labels"),
    ("frequent", "DummyClassifier", {"strategy": "most_frequent"}, "dense-three-weighted"),
    ("constant", "DummyClassifier", {"strategy": "constant", "constant": 7}, "dense-three"),
    ("strategy", "DummyRegressor", {"strategy": Each(["mean", "median"])}, "dense-numbers-weighted dense-outputs"),
    ("quantile", "DummyRegressor", {"strategy": "quantile", "quantile": 0.3}, "dense-numbers-weighted dense-outputs"),
    ("constant", "DummyRegressor", {"strategy": "constant", "constant": 7}, "dense-numbers"),
]
# fmt: on

#: Rows and features of each kind. The sizes are on both sides of the thresholds from which other algorithms are chosen.
SHAPES = {
    "dense": (400, 8),
    "float32": (400, 8),
    "dependent": (300, 8),  # collinear, constant, badly scaled and far from zero
    "extreme": (300, 6),  # of a size whose squares over- or underflow
    "repeated": (500, 8),  # few distinct values
    "wide": (60, 1000),
    "square": (1600, 3100),
    "missing": (900, 8),  # NaN in the fit
    "unseen": (400, 8),  # NaN in the new rows only
    "levels": (900, 8),  # three features are categories, given as numbers
    "texts": (900, 8),  # and as texts
    "sparse": (800, 40),
    "broad": (1500, 700),  # sparse
    "long": (30_001, 700),  # sparse
    "vast": (2100, 12_000),  # sparse
    "many": (20_011, 12),
    "large": (100_001, 11),
    "big": (100_001, 45),
    "huge": (240_001, 4),
}
DENSITY = {"sparse": 0.15, "broad": 0.03, "long": 0.005, "vast": 0.003}


class Data(NamedTuple):
    """A data set: rows to fit, further arguments of `fit`, and new rows to predict."""

    X: Any
    y: Any
    more: dict[str, Any]
    new: Any


def drawn(*words) -> np.random.Generator:
    """Return a random generator whose seed is made from some words."""
    return np.random.default_rng(list(" ".join(words).encode()))


def features_of(kind: str, n_rows: int, n_features: int) -> tuple[Any, np.ndarray]:
    """Return (X, Z): the features of a kind, and those of them, without gaps, that the target depends on."""
    rng = drawn("features", kind)
    if kind in DENSITY:
        X = sparse.random(n_rows, n_features, DENSITY[kind], "csr", rng=rng, data_rvs=rng.standard_normal)
        return X, X[:, :4].toarray() * 3.0
    X = rng.standard_normal((n_rows, n_features))
    Z = X[:, :4].copy()
    if kind == "float32":
        X = X.astype(np.float32)
    elif kind == "dependent":
        X[:, 5], X[:, 6] = 2.0 * X[:, 0] - X[:, 1], 3.0
        X[:, 4] = X[:, 1] * (1.0 + 1e-11 * X[:, 4])
        X = X * np.logspace(-5, 5, n_features) + np.where(np.arange(n_features) == 2, 1e4, 0.0)
    elif kind == "extreme":
        X *= 10.0 ** np.array([170, -170, 0, 160, -160, 3])
    elif kind == "repeated":
        X = np.round(X)
    elif kind == "missing":
        X[rng.random(X.shape) < 0.1], X[:, 7] = np.nan, np.nan
    elif kind == "unseen":
        X[-n_rows // 3 :, ::2] = np.nan
    elif kind in ("levels", "texts"):
        codes = np.floor(np.abs(X[:, :3]) * (3.0, 8.0, 200.0))  # few, some, and more levels than bins
        codes[rng.random(codes.shape) < 0.05] = np.nan
        codes[-5:, 0] = 99.0  # a level that no row of the fit has
        X[:, :3], Z[:, :3] = codes, np.nan_to_num(codes) % 3 - 1.0
        if kind == "texts":
            X = X.astype(object)
            X[:, :3] = [[None if v != v else f"level {v:g}" for v in row] for row in codes]  # noqa: PLR0124 (NaN)
    return X, Z


def target_of(kind: str, Z: np.ndarray, rng: np.random.Generator) -> Any:
    """Return a target of a kind that depends on the columns of Z."""
    n = len(Z)
    z = Z[:, 0] - 0.7 * Z[:, 1] + 0.5 * Z[:, 2] * Z[:, 3]
    seen = z + 0.3 * rng.standard_t(3, n)
    labels = np.array([-1, 0, 7])[np.digitize(seen, [-0.5, 0.6])]
    return {
        "numbers": lambda: seen,
        "outputs": lambda: np.column_stack([seen, Z[:, 1] ** 2 + seen, rng.standard_normal(n)]),
        "amounts": lambda: rng.gamma(2.0, np.exp(np.clip(0.5 * z, -4.0, 4.0))) + 1e-3,
        "claims": lambda: rng.gamma(2.0, np.exp(np.clip(0.5 * z, -4.0, 4.0))) * (rng.random(n) < 0.4),
        "counts": lambda: np.minimum(rng.poisson(np.exp(np.clip(0.5 * z, -3.0, 1.0))), 5),
        "bits": lambda: (seen > 0.2).astype(np.int64),
        "two": lambda: np.where(seen > 0.2, "yes", "no"),
        "three": lambda: labels,
        "ten": lambda: np.digitize(seen, np.linspace(-2.0, 2.0, 9)),
        "labels": lambda: np.column_stack([labels, rng.integers(2, size=n) + (Z[:, 1] > 0)]),
        "none": lambda: None,
    }[kind]()


@functools.lru_cache(maxsize=8)
def data_of(name: str) -> Data:
    """Return a data set by its name."""
    kind, target, *words = name.split("-")
    n, n_features = SHAPES[kind]
    n_new = n if kind == "many" else min(n // 2, 500)
    X, Z = features_of(kind, n + n_new, n_features)
    y = target_of(target, Z, drawn("target", name.split("-weighted", maxsplit=1)[0]))
    more: dict[str, Any] = {}
    if "weighted" in words:
        more["sample_weight"] = drawn("weights", kind).choice([0.0, 0.5, 1.0, 1.0, 3.0], n)
    if "validated" in words:
        more.update(X_val=X[n:], y_val=y[n:])
    return Data(X[:n], None if y is None else y[:n], more, X[n:])


class Digest:
    """The SHA-256 of a value of any kind, its first numbers, and what in it could not be read."""

    def __init__(self, value: Any, name: str):
        self.sha, self.values, self.skipped = hashlib.sha256(), [], []
        self._add(value, name)

    def _add(self, value: Any, name: str) -> None:
        """Add a value, and everything inside it."""
        if isinstance(value, np.ndarray) and value.dtype != object:
            self._write(f"array {value.dtype.str} {value.shape}", np.ascontiguousarray(value).tobytes())
            if value.dtype.kind in "fiu":
                self.values += value.ravel()[: N_VALUES - len(self.values)].tolist()
        elif value is None or isinstance(value, (bool, int, float, str, np.generic)):
            self._write(repr(value))
            if isinstance(value, (int, float, np.number)) and len(self.values) < N_VALUES:
                self.values.append(value.item() if isinstance(value, np.generic) else value)
        elif sparse.issparse(value):
            rows = value.tocsr()
            self._add([value.format, value.shape, rows.data, rows.indices, rows.indptr], name)
        elif isinstance(value, (list, tuple, np.ndarray)):
            self._write(f"list of {len(value)}")
            for i, item in enumerate(value):
                self._add(item, f"{name}[{i}]")
        elif isinstance(value, dict):
            self._add(list(value.items()), name)
        elif is_ours(value):
            self._add(attributes(value), name)
        else:
            self.skipped.append(f"{name} ({type(value).__name__})")

    def _write(self, text: str, data: bytes = b"") -> None:
        self.sha.update(f"{text};".encode() + data)


def is_ours(value: Any) -> bool:
    """Tell whether a value is a model, or an object that only groundup knows."""
    return hasattr(value, "get_params") or type(value).__module__.startswith("groundup.")


def attributes(value: Any) -> dict[str, Any]:
    """Return the public fitted attributes of a model by name, or all public attributes of another object."""
    ending = "_" if hasattr(value, "get_params") else ""
    names = [n for n in dir(value) if n.endswith(ending) and not n.startswith("_") and "time" not in n]
    found = {n: getattr(value, n) for n in names if hasattr(value, n)}
    return {n: item for n, item in found.items() if not callable(item)}


def unfolded(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the parts with the fields of named tuples and of our objects as parts of their own."""
    found = {}
    for part, value in parts.items():
        if hasattr(value, "_asdict") or is_ours(value):
            fields = value._asdict() if hasattr(value, "_asdict") else attributes(value)
            found |= {f"{part}.{name}": item for name, item in fields.items()}
        else:
            found[part] = value
    return found


class Listener:
    """A callback that keeps the figures of each iteration."""

    def __init__(self):
        self.figures = []

    def setup(self, estimator, context):
        """Do nothing."""

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        """Keep the figures."""
        self.figures.append(getattr(context, "figures", None))


OF_ROWS = (
    *("predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "score_samples"),
    *("apply", "decision_path", "tree_features"),
    *("staged_predict", "staged_predict_proba", "staged_decision_function"),
)
OF_TARGETS = ("score", "staged_score", "cost_complexity_pruning_path", "path", "summary")
OF_NOTHING = ("get_depth", "get_n_leaves", "get_feature_names_out")


def answer(model: Any, method: str, *args) -> Any:
    """Return what a method says (a generator's last item), or the name of the error that it raises."""
    try:
        said = getattr(model, method)(*args)
        return list(said)[-1] if inspect.isgenerator(said) else said
    except Exception as error:  # noqa: BLE001 (a refusal is an answer, too)
        return f"raises {type(error).__name__}"


def answers(model: Any, data: Data) -> dict[str, Any]:
    """Return what a fitted model says, by part."""
    said = {"data": list(data), **attributes(model)}
    kind, params = type(model), model.get_params(deep=False)
    for method in (m for m in OF_ROWS if hasattr(model, m)):
        said[method] = answer(model, method, data.new)
        said[f"{method}, one row"] = answer(model, method, data.new[:1])
    if hasattr(model, "tree_arrays"):
        said["tree_arrays"] = model.tree_arrays()
    restored = answer(kind, "from_state", params, model.get_state())
    said["restored"] = restored if isinstance(restored, str) else answer(restored, "predict", data.new)
    if np.prod(data.X.shape) > N_SMALL:
        return said
    said |= {m: answer(model, m, data.X, data.y) for m in OF_TARGETS if hasattr(model, m)}
    said |= {m: answer(model, m) for m in OF_NOTHING if hasattr(model, m)}
    if hasattr(model, "partial_fit"):
        fresh, half = kind(**params), len(data.y) // 2
        first = (np.unique(data.y),) if hasattr(model, "classes_") else ()
        answer(fresh, "partial_fit", data.X[:half], data.y[:half], *first)
        said["partial_fit"] = answer(fresh, "partial_fit", data.X[half:], data.y[half:])
    if hasattr(model, "set_callbacks"):
        listener = Listener()
        answer(kind(**params).set_callbacks(listener), "fit", data.X, data.y)
        said["callbacks"] = listener.figures
    return said


def digests_of(class_name: str, steps: list[dict], data: Data) -> tuple[dict[str, Any], list[str]]:
    """Return (digest and numbers of each part, what was skipped) of one configuration."""
    kind = getattr(models, class_name)
    model = kind(**({"random_state": 0} if "random_state" in inspect.signature(kind).parameters else {}))
    try:
        for params in steps:
            model.set_params(**params).fit(data.X, data.y, **data.more)
        said = answers(model, data)
    except Exception as error:  # noqa: BLE001 (told as a difference, and the others go on)
        said = {"fit": f"raises {type(error).__name__}: {error}"}
        print(f"{class_name} {steps} {said['fit']}")
    found = {part: Digest(value, f"{class_name}.{part}") for part, value in unfolded(said).items()}
    parts = {part: {"sha256": d.sha.hexdigest(), "values": d.values} for part, d in found.items()}
    return parts, [name for d in found.values() for name in d.skipped]


def configurations():
    """Yield (full name, class name, parameters of each fit, data set name) of every configuration."""
    for name, classes, params, sets in CASES:
        steps = params if isinstance(params, list) else [params]
        varied = [key for key, value in steps[0].items() if isinstance(value, Each)]
        for values in itertools.product(*(steps[0][key] for key in varied)):
            chosen = dict(zip(varied, values, strict=True))
            label = " ".join(map(str, (name, *values)))
            for class_name, data_name in itertools.product(classes.split(), sets.split()):
                full = f"{class_name}: {label} on {data_name}"
                yield full, class_name, [{**steps[0], **chosen}, *steps[1:]], data_name


def run(only: str) -> dict[str, dict[str, Any]]:
    """Return the digests of all configurations whose names contain `only`; say what they cost and left out."""
    chosen = [c for c in configurations() if only in c[0]]
    chosen.sort(key=lambda c: c[3])  # data sets are made once
    found, seconds, skipped = {}, {}, set()
    for name, class_name, steps, data_name in chosen:
        assert name not in found, f"two configurations are called {name!r}"
        start = time.perf_counter()
        found[name], left_out = digests_of(class_name, steps, data_of(data_name))
        seconds[name] = time.perf_counter() - start
        skipped |= set(left_out)
    n_parts, slowest = sum(map(len, found.values())), sorted(seconds, key=seconds.__getitem__)[:-4:-1]
    print(f"{models.__file__}: {len(found)} configurations, {n_parts} parts, {sum(seconds.values()):.0f} s")
    print("slowest:", ", ".join(f"{name} ({seconds[name]:.1f} s)" for name in slowest))
    print("skipped:", ", ".join(sorted(skipped)) or "nothing")
    return found


def size_of(now: list, then: list) -> str:
    """Return how far numbers are apart, in words."""
    if len(now) != len(then) or not now:
        return "other numbers" if now or then else "no numbers stored"
    with np.errstate(all="ignore"):
        a, b = np.array(now, float), np.array(then, float)
        apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
        share = np.where(apart == 0.0, 0.0, apart / np.maximum(np.abs(a), np.abs(b)))
    return f"largest difference {apart.max():.3g}, relative {share.max():.3g}, of the first {len(a)} numbers"


def compare(now: dict, then: dict) -> bool:
    """Print each part that differs, and the counts; return whether all parts of `then` are there and equal."""
    count = Counter(equal=0, different=0, missing=0, new=0)
    for name in sorted({*now, *then}):
        here, there = now.get(name, {}), then.get(name, {})
        for part in sorted({*here, *there}):
            if part not in here or part not in there:
                verdict, size = ("new", "") if part in here else ("missing", "")
            elif here[part]["sha256"] == there[part]["sha256"]:
                verdict, size = "equal", ""
            else:
                verdict, size = "different", f" ({size_of(here[part]['values'], there[part]['values'])})"
            count[verdict] += 1
            if verdict != "equal":
                print(f"{name}: {part}: {verdict}{size}")
    print(", ".join(f"{n} {verdict}" for verdict, n in count.items()))
    return not count["different"] + count["missing"]


def main() -> int:
    """Write the digests, or compare them with those of a file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", type=Path, metavar="FILE", help="store the digests in FILE")
    mode.add_argument("--against", type=Path, metavar="FILE", help="compare with the digests in FILE")
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="of a configuration's name")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found = run(options.only)
    if options.write:
        lines = (f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found))
        options.write.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        return 0
    then = json.loads(options.against.read_text())
    return 0 if compare(found, {name: parts for name, parts in then.items() if options.only in name}) else 1


if __name__ == "__main__":
    sys.exit(main())
