"""Ensembles: random forests, extremely randomised trees, isolation forests, adaptive boosting.

All grow their trees with `groundup.models.trees` (`exact_growing`) and store them packed (`packed`), except for isolation
forests, which grow their own; adaptive boosting also takes any other estimator (`stages`).
"""

from groundup._lazy import attach
from groundup.models.registry import models_in

__getattr__, __dir__, __all__ = attach(__name__, models_in(__name__))
