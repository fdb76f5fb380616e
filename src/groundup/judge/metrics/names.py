"""Names of metrics: ours, and what scikit-learn and others call the same."""

from __future__ import annotations

ALIASES = {
    "acc": "accuracy",
    "bacc": "balanced_accuracy",
    "sensitivity": "recall",
    "tpr": "recall",
    "true_positive_rate": "recall",
    "ppv": "precision",
    "tnr": "specificity",
    "true_negative_rate": "specificity",
    "auc": "roc_auc",
    "auroc": "roc_auc",
    "roc_auc_ovr_macro": "roc_auc",
    "roc_auc_ovr": "roc_auc",
    "roc_auc_ovo_macro": "roc_auc_ovo",
    "pr_auc": "average_precision",
    "prauc": "average_precision",
    "auprc": "average_precision",
    "ap": "average_precision",
    "logloss": "log_loss",
    "cross_entropy": "log_loss",
    "nll": "log_loss",
    "brier_loss": "brier",
    "f_1": "f1",
    "f_2": "f2",
    "f05": "f0.5",
    "mcc": "matthews_corrcoef",
    "matthews": "matthews_corrcoef",
    "kappa": "cohen_kappa",
    "qwk": "quadratic_kappa",
    "quadratic_weighted_kappa": "quadratic_kappa",
    "zero_one_loss": "error_rate",
    "hamming_loss": "error_rate",
    "top_k_accuracy": "top_2_accuracy",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "root_mean_squared_error": "rmse",
    "r_squared": "r2",
    "coefficient_of_determination": "r2",
    "medae": "median_absolute_error",
    "mdae": "median_absolute_error",
    "mean_absolute_percentage_error": "mape",
    "symmetric_mean_absolute_percentage_error": "smape",
    "root_mean_squared_log_error": "rmsle",
    "root_mean_squared_logarithmic_error": "rmsle",
    "mean_squared_log_error": "msle",
    "mean_poisson_deviance": "poisson_deviance",
    "poisson": "poisson_deviance",
    "mean_gamma_deviance": "gamma_deviance",
    "pearsonr": "pearson",
    "spearmanr": "spearman",
    "cost": "mean_cost",
    "expected_cost": "mean_cost",
}


def normalized(name: str) -> str:
    """Return the name under which a metric is listed: ``neg_root_mean_squared_error`` and ``RMSE`` are ``rmse``.

    The prefix ``neg_`` of scikit-learn's scorers only turns a loss into a score; the direction of a metric is known here.
    """
    plain = "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())
    plain = plain.removeprefix("neg_")
    for word in (plain, plain.removesuffix("_score"), plain.removesuffix("_score_loss")):
        if word in ALIASES:
            return ALIASES[word]
    return plain.removesuffix("_score_loss").removesuffix("_score")
