"""Estimators between OLS and networks, on scikit-learn."""

from __future__ import annotations

from harness import Estimator, hookimpl
from harness_sklearn.boosting import Boosting


@hookimpl
def harness_estimators() -> list[type[Estimator]]:
    """Offer the estimators of this plugin."""
    return [Boosting]
