"""Linear models: least squares, ridge, lasso, logistic, quantile, robust and generalised regression, gradient descent."""

from groundup._lazy import attach
from groundup.models.registry import models_in

__getattr__, __dir__, __all__ = attach(__name__, models_in(__name__))
