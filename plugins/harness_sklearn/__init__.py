"""Estimators between OLS and networks, on scikit-learn."""

from __future__ import annotations

from harness import Estimator, hookimpl
from harness_sklearn.boosting import Boosting
from harness_sklearn.elastic_net import ElasticNet
from harness_sklearn.random_forest import RandomForest
from harness_sklearn.splines import Splines

__all__ = ["Boosting", "ElasticNet", "RandomForest", "Splines", "harness_estimators"]


@hookimpl
def harness_estimators() -> list[type[Estimator]]:
    """Offer the estimators of this plugin."""
    return [ElasticNet, Splines, RandomForest, Boosting]
