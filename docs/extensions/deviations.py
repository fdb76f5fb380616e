"""The tables of ``docs/guide/deviations.md``, made by comparing our classes with scikit-learn's of the same name.

``python docs/extensions/deviations.py`` writes them anew; a test fails while they are not those of the code. Only the
reasons of differences are written by hand, below; those of parameters without effect stand in the docstrings.
"""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from sklearn.datasets import make_blobs
from sklearn.utils import all_estimators, get_tags

from groundup.models.registry import MODELS, load_model

PAGE = Path(__file__).resolve().parents[1] / "guide" / "deviations.md"
THEIRS = dict(all_estimators())
SHARED = sorted(name for name in MODELS if name in THEIRS)
X, Y = make_blobs(80, 3, centers=2, random_state=0)

#: Why a name differs: of all classes, or of one.
REASONS = {
    "batch_size": "number of rows in a gradient step",
    "densify": "coefficients are always dense, so a row is predicted in about a microsecond",
    "estimator_": "the trees are not separate estimators",
    "estimators_": "the trees are stored packed, in a fifth of the memory: see `tree_arrays()`",
    "estimators_features_": "the trees use the feature numbers of X",
    "estimators_samples_": "the drawn rows are not stored; they are drawn again where needed",
    "feature_importances_": "each feature's share of the gain",
    "feature_splits_": "number of splits on each feature",
    "gap_": "estimated distance of `objective_` from the minimum",
    "loss_curve_": "mean loss of each epoch",
    "loss_functions": "losses are chosen by name",
    "min_gain_to_split": "minimum gain of a split; scikit-learn has it internally, under this name",
    "momentum": "share of the previous step that is added to each step",
    "objective_": "final value of the objective",
    "param": "a variable left over in the body of scikit-learn's class",
    "sparse_coef_": "as in `Lasso`",
    "sparsify": "as `densify`",
    "splitter_": "whether the splits are between any two values ('exact') or between bins ('histogram')",
    "subsample": "share of the rows drawn for each iteration, under the name of scikit-learn's `GradientBoosting*`",
    "AdaBoostClassifier.estimators_": "our trees are stored packed; any other models are listed",
    "AdaBoostRegressor.estimators_": "our trees are stored packed; any other models are listed",
    "IsolationForest.estimators_samples_": "the drawn rows are not stored",
    "QuantileRegressor.gap_": "upper bound of the distance of `objective_` from the minimum",
}


def parameters_of(function) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function, without ``self``."""
    return {n: p for n, p in inspect.signature(function).parameters.items() if n != "self"}


def fitted(cls, **params):
    """Return `cls` fitted on a few rows, in few iterations."""
    quick = {"n_clusters": 2, "max_iter": 5, "Cs": 2, "random_state": 0}
    allowed = inspect.signature(cls).parameters
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = cls(**{k: v for k, v in quick.items() if k in allowed} | params)
        return model.fit(X, Y + 1 if get_tags(model).target_tags.positive_only else Y)


def differences(name: str) -> dict[str, tuple[str, str]]:
    """Return what differs from scikit-learn's class: name -> (scikit-learn's, ours)."""
    ours, theirs = load_model(name), THEIRS[name]
    found = dict(_changed_parameters(ours.__init__, theirs.__init__, ""))
    for method in sorted(_public(theirs) & _public(ours)):
        a, b = getattr(ours, method), getattr(theirs, method)
        if inspect.isfunction(a) and inspect.isfunction(b) and not method.endswith("_request"):
            found |= _changed_parameters(a, b, f"{method}: ")
    lost = {m for m in _public(theirs) - _public(ours) if not m.endswith("_request")}
    a, b = _attributes(ours), _attributes(theirs)
    found |= dict.fromkeys(sorted(a - b), ("absent", "present"))
    found |= dict.fromkeys(sorted(lost | b - a), ("present", "absent"))
    return found


def without_effect(name: str) -> dict[str, str]:
    """Return the parameters that have no effect, and why: from the docstring, or that of the class it refers to."""
    cls = load_model(name)
    doc = f"{inspect.getdoc(cls)}\n"
    texts = {
        m[1]: " ".join(m[2].split()) for m in re.finditer(r"^(\w+) : .*\n((?: +.*\n)+)", doc, re.MULTILINE)
    }
    silent = {
        p: text.partition("No effect")[2].strip(":. ") for p, text in texts.items() if "No effect" in text
    }
    reasons = {p: re.split(r"[.;] |, which", why)[0] or "nothing depends on it" for p, why in silent.items()}
    if other := re.search(r"^Parameters and attributes .*are those of `(\w+)`", doc, re.MULTILINE):
        inherited = without_effect(other[1]).items()
        reasons |= {p: why for p, why in inherited if p not in texts and p in parameters_of(cls.__init__)}
    return reasons


def tables() -> dict[str, str]:
    """Return the tables of the page by name."""
    names = [
        f"| `{name}` | `{what}` | {theirs} | {ours} | {REASONS.get(f'{name}.{what}') or REASONS[what]} |"
        for name in SHARED
        for what, (theirs, ours) in differences(name).items()
    ]
    silent = [f"| `{name}` | `{p}` | {why} |" for name in SHARED for p, why in without_effect(name).items()]
    return {
        "names": "\n".join(["| class | name | scikit-learn | groundup | why |", "| --- " * 5 + "|", *names]),
        "no effect": "\n".join(["| class | parameter | why |", "| --- " * 3 + "|", *silent]),
    }


def page() -> str:
    """Return the page with the tables of the code."""
    text = PAGE.read_text(encoding="utf-8")
    for name, table in tables().items():
        begin, end = f"<!-- table: {name} -->\n", "<!-- end of table -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table}\n\n{end}{rest.partition(end)[2]}"
    return text


def _changed_parameters(ours, theirs, prefix: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each parameter that differs, and the order if that of those given by position does."""
    a, b = parameters_of(ours), parameters_of(theirs)
    for name in {**b, **a}:
        mine, other = _default(a.get(name)), _default(b.get(name))
        if mine != other:
            yield f"{prefix}{name}", (other, mine)
    mine, other = (
        [n for n, p in x.items() if p.kind is p.POSITIONAL_OR_KEYWORD and n in a and n in b] for x in (a, b)
    )
    if mine != other:
        yield f"{prefix}(order)", (", ".join(other), ", ".join(mine))


def _default(parameter: inspect.Parameter | None) -> str:
    """Return a parameter's default as the table shows it."""
    if parameter is None:
        return "absent"
    default = "required" if parameter.default is inspect.Parameter.empty else f"`{parameter.default!r}`"
    return f"{default}, by name only" if parameter.kind is inspect.Parameter.KEYWORD_ONLY else default


def _public(cls) -> set[str]:
    """Return the public names of a class."""
    return {n for n in dir(cls) if not n.startswith("_")}


def _attributes(cls) -> set[str]:
    """Return the fitted attributes of a class."""
    model = fitted(cls)
    names = {n for n in dir(model) if n.endswith("_") and not n.startswith("_")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {n for n in names if hasattr(model, n)}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} is up to date.\n")
