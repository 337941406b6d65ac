"""From a score to the log-odds of acceptance: a logistic regression of one variable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

__all__ = ["fit_link"]

_PENALTY = 0.5


def fit_link(score: NDArray[np.float64], accepted: NDArray[np.bool_]) -> tuple[float, float]:
    """Intercept and slope of the log-odds (Platt 1999).

    The slope has a weak penalty, half a paper's worth: a score that separates a small sample
    perfectly would otherwise have an infinite one. It is never negative: a score that orders left
    out papers wrongly says nothing.

    Args:
        score: ``[P]``, of about unit spread, on papers that its weights were not fitted to.
        accepted: ``[P]``.
    """
    target = accepted.astype(np.float64)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = parameters[0] + parameters[1] * score
        value = np.logaddexp(0, odds).sum() - (target * odds).sum()
        residual = expit(odds) - target
        gradient = np.array([residual.sum(), residual @ score + _PENALTY * parameters[1]])
        return float(value + 0.5 * _PENALTY * parameters[1] ** 2), gradient

    share = float(target.mean())
    start = np.array([np.log(share / (1 - share)), 0.5])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(None, None), (0, None)])
    return float(found.x[0]), float(found.x[1])
