r"""Standard errors, t and p values and confidence intervals of least squares coefficients.

For y = b + Xw + noise of one variance, with k coefficients (the intercept is one) and N = sum v_i rows,

    sigma^2 = sum v_i r_i^2 / (N - k),    Cov(b, w) = sigma^2 (Z'VZ)^-1,     Z = [1, X]

and t = w_j / se_j has Student's distribution with N - k degrees of freedom if the true w_j is 0. A weight of 2 is
equivalent to repeating the row. The inverse is computed from the triangle of orthogonal transformations
(`orthogonal.Triangle`), not from Z'VZ, so its error grows with the condition number and not with its square;
`test_nist` needs the nine digits of the standard errors on NIST's data sets, and `test_summary` compares with
statsmodels. Columns that depend on others have no standard error; a warning names them.

Source: G. Seber, A. Lee, Linear Regression Analysis (2nd ed. 2003), sections 3.3, 3.4 and 5.1.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.stats import t as student

from groundup.engine.rows import one_blas_thread
from groundup.engine.statistics.gram import origin_of
from groundup.models.linear import matvec
from groundup.models.linear.orthogonal import Largest, Triangle, powers_of_two


class Summary(NamedTuple):
    """Coefficients with their uncertainty, the intercept first; ``print`` shows a table.

    Attributes
    ----------
    names : list of str
    coef, std_error, t, p, low, high : ndarray of shape (n_coefficients,)
        Errors and intervals of dependent columns are NaN.
    level : float
        Confidence level of the intervals (low, high).
    sigma : float
        Standard deviation of the noise.
    degrees : float
        Degrees of freedom, N - k.
    r2, adjusted_r2 : float
    dependent : list of str
        Columns that depend on others.
    """

    names: list[str]
    coef: np.ndarray
    std_error: np.ndarray
    t: np.ndarray
    p: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float
    sigma: float
    degrees: float
    r2: float
    adjusted_r2: float
    dependent: list[str]

    def __str__(self):
        width = max(len(n) for n in self.names)
        head = f"{'':{width}}  {'coef':>12}  {'std error':>12}  {'t':>9}  {'p':>9}  {100 * self.level:.0f}% interval"
        lines = [
            f"{n:{width}}  {c:12.6g}  {s:12.6g}  {t:9.3f}  {p:9.3g}  {a:.6g} to {b:.6g}"
            for n, c, s, t, p, a, b in zip(
                self.names, self.coef, self.std_error, self.t, self.p, self.low, self.high, strict=True
            )
        ]
        foot = (
            f"R2 {self.r2:.4f}, adjusted {self.adjusted_r2:.4f}; noise {self.sigma:.6g} "
            f"on {self.degrees:g} degrees of freedom"
        )
        return "\n".join([head, *lines, foot])


def summarise(
    rows, coef: np.ndarray, intercept: float, names: list[str], *, centred: bool, level: float
) -> Summary:
    """Return the summary of a least squares fit to `rows` ("y" of shape (n_rows,), "weight").

    Parameters
    ----------
    rows : Rows
    coef : ndarray of shape (n_features,)
    intercept : float
    names : list of str
        Names of the features.
    centred : bool
        Whether an intercept was fitted.
    level : float
        Confidence level, in (0, 1).
    """
    d = rows.n_features
    scale = powers_of_two(rows.reduce(Largest).finish())
    origin = origin_of(rows, rows["y"]) if centred else np.zeros(d + 1)
    with one_blas_thread(), np.errstate(over="ignore"):
        R = rows.reduce(Triangle, origin, scale, centred).R[: d + centred, : d + centred]
    y, v = rows["y"], rows["weight"]
    fitted = matvec.rows_matvec(rows, coef, intercept)
    total, k = float(v.sum()), d + centred
    kept = _independent(R)
    degrees = total - len(kept)
    rss = float(v @ (y - fitted) ** 2)
    tss = float(v @ (y - (v @ y / total) * centred) ** 2)
    sigma = np.sqrt(rss / degrees) if degrees > 0 else np.nan
    error = np.full(k, np.nan)
    inverse = np.zeros((k, k))
    square = np.linalg.qr(R[:, kept], mode="r")
    inverse[np.ix_(kept, range(len(kept)))] = solve_triangular(square, np.eye(len(kept)))
    error[kept] = np.linalg.norm(inverse[kept], axis=1) * sigma
    error[centred:] *= scale[:d]
    if centred:  # the intercept of the triangle is the value at `origin`: transform it to zero
        shift = np.append(1.0, -origin[:d] * scale[:d])
        error[0] = np.linalg.norm(shift @ inverse) * sigma
    beta = np.append(intercept, coef) if centred else np.asarray(coef)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = beta / error
    half = student.ppf(0.5 + 0.5 * level, max(degrees, 1e-9)) * error
    labels = ["(intercept)"] * centred + list(names)
    dependent = [labels[j] for j in range(k) if j not in set(kept)]
    if dependent:
        warnings.warn(
            f"The columns {', '.join(dependent)} are linearly dependent on others, up to rounding: they have no standard "
            "error, and the coefficients are not unique. Drop them, or use Ridge.",
            stacklevel=3,
        )
    r2 = 1.0 - rss / tss if tss > 0.0 else np.nan
    adjusted = 1.0 - (1.0 - r2) * (total - centred) / degrees if degrees > 0 else np.nan
    p = 2.0 * student.sf(np.abs(t), max(degrees, 1e-9))
    return Summary(
        labels, beta, error, t, p, beta - half, beta + half, level,
        float(sigma), float(degrees), float(r2), float(adjusted), dependent,
    )  # fmt: skip


def _independent(R: np.ndarray) -> list[int]:
    """Return the columns that do not depend on earlier ones, up to rounding."""
    kept: list[int] = []
    basis = np.zeros((len(R), 0))
    for j in range(R.shape[1]):
        column = R[:, j]
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        size = np.linalg.norm(rest)
        if size > 1e-13 * max(10, R.shape[1]) * np.linalg.norm(column) and size > 0.0:
            kept.append(j)
            basis = np.column_stack([basis, rest / size])
    return kept
