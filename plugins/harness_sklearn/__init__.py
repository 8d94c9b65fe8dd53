"""Estimators between OLS and networks, on scikit-learn, and the best of several by rows set aside."""

from __future__ import annotations

from harness.plugin import Estimator, hookimpl
from harness_sklearn.any_regressor import Sklearn
from harness_sklearn.elastic_net import ElasticNet
from harness_sklearn.splines import Splines
from harness_sklearn.trees import Boosting, RandomForest
from harness_sklearn.tuned import Tuned

__all__ = ["Boosting", "ElasticNet", "RandomForest", "Sklearn", "Splines", "Tuned", "harness_estimators"]


@hookimpl
def harness_estimators() -> list[type[Estimator]]:
    """Offer the estimators of this plugin."""
    return [ElasticNet, Splines, RandomForest, Boosting, Tuned, Sklearn]
