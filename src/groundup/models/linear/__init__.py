"""Linear models: least squares, ridge and logistic regression."""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "elastic_net": ["ElasticNet", "Lasso"],
        "glm": ["GammaRegressor", "PoissonRegressor", "TweedieRegressor"],
        "huber": ["HuberRegressor"],
        "lasso_cv": ["ElasticNetCV", "LassoCV"],
        "least_squares": ["LinearRegression"],
        "logistic": ["LogisticRegression"],
        "logistic_cv": ["LogisticRegressionCV"],
        "quantile": ["QuantileRegressor"],
        "ridge": ["Ridge"],
        "ridge_classifier": ["RidgeClassifier"],
        "ridge_cv": ["RidgeCV"],
        "sgd_classifier": ["SGDClassifier"],
        "sgd_regressor": ["SGDRegressor"],
    },
)
