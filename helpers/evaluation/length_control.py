"""How much a judge's verdicts depend on the lengths of the answers.

The win rate at equal lengths follows AlpacaEval's length control (Dubois et al. 2024): a logistic
regression of the verdicts on the difference in length, evaluated where that difference is zero.
"""

import math
import statistics
import warnings
from collections.abc import Sequence
from typing import TypedDict

from helpers.evaluation.intervals import Interval, wilson
from helpers.evaluation.verdict_records import Verdict, points_of

RIDGE = 0.01  # penalty that keeps the regression finite where length explains every verdict


class LengthPreference(TypedDict):
    """How verdicts depend on length; see :func:`length_preference`."""

    longer_wins: Interval | None
    correlation: float | None
    controlled: Interval


def length_preference(verdicts: Sequence[Verdict]) -> LengthPreference:
    """How much length decided, from verdict records with ``chars``.

    ``longer_wins``: share of the decided prompts won by the longer answer, with Wilson's interval;
    None where none was decided. ``correlation``: Pearson's correlation of points and difference in
    length; None where one of them never varies. ``controlled``: the win rate at equal lengths
    (:func:`win_rate_at_equal_length`).
    """
    points = points_of(verdicts)
    differences = [left - right for left, right in (record["chars"] for record in verdicts)]
    decided = [
        (point == 1.0) == (difference > 0)
        for point, difference in zip(points, differences, strict=True)
        if point != 0.5 and difference != 0
    ]
    spread = math.sqrt(sum(d * d for d in differences) / len(differences)) or 1.0
    scaled = [math.tanh(difference / spread) for difference in differences]
    return {
        "longer_wins": wilson(sum(decided), len(decided)) if decided else None,
        "correlation": _correlation(differences, points),
        "controlled": win_rate_at_equal_length(list(zip(scaled, points, strict=True))),
    }


def _correlation(differences: Sequence[float], points: Sequence[float]) -> float | None:
    try:
        return statistics.correlation(differences, points)
    except statistics.StatisticsError:  # a single prompt, or one of both never varies
        return None


def win_rate_at_equal_length(data: Sequence[tuple[float, float]]) -> Interval:
    """The win rate at difference zero by logistic regression, with the regression's interval.

    ``data`` has a pair for each prompt: the difference in length, scaled to -1 … 1, and the points
    of the left answer. The interval uses Student's t. A bootstrap interval holds the true value too
    seldom where prompts are few (``benchmarks/intervals.py``).
    """
    from scipy.stats import t  # a second to import

    intercept, variance = _intercept(data)
    half = t.ppf(0.975, max(1, len(data) - 2)) * math.sqrt(variance)
    value, low, high = (_logistic(x) for x in (intercept, intercept - half, intercept + half))
    return {"value": value, "low": low, "high": high}


def _intercept(data: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The intercept of the regression and its variance. Intercept and slope have the penalty."""
    import numpy as np
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    differences, points = np.array(data, dtype=float).T
    design = np.column_stack([np.ones(len(data)), differences])
    # scikit-learn takes wins and losses only. So each prompt is a win and a loss, each with its
    # weight: half a point is half a win and half a loss.
    outcomes, weights = np.repeat([1, 0], len(data)), np.concatenate([points, 1 - points])
    model = LogisticRegression(
        C=1 / RIDGE, fit_intercept=False, solver="newton-cholesky", tol=1e-10, max_iter=1000
    )
    with warnings.catch_warnings():
        # Where the solver starts at the optimum (only ties), it warns and L-BFGS takes over.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(np.vstack([design, design]), outcomes, sample_weight=weights)
    rates = model.predict_proba(design)[:, 1]
    curvature = design.T @ (design * (rates * (1 - rates))[:, None]) + RIDGE * np.eye(2)
    return float(model.coef_[0, 0]), float(np.linalg.inv(curvature)[0, 0])


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
