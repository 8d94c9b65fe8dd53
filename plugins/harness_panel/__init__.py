"""Panel econometrics for the harness: linear estimators, with their covariances named."""

from collections.abc import Iterable

from harness import Estimator, hookimpl
from harness_panel.between import Between
from harness_panel.clustered import Clustered
from harness_panel.curved_effects import CurvedEffects
from harness_panel.driscoll_kraay import DriscollKraay
from harness_panel.entity_mean import EntityMean
from harness_panel.first_difference import FirstDifference
from harness_panel.fixed_effects import FixedEffects
from harness_panel.last_value import LastValue
from harness_panel.mean import Mean
from harness_panel.mundlak import Mundlak
from harness_panel.pooled_ols import PooledOLS
from harness_panel.random_effects import RandomEffects
from harness_panel.regression_table import RegressionTable
from harness_panel.robust import Classical, Robust
from harness_panel.wild_cluster import WildCluster

__all__ = [
    "Between",
    "Classical",
    "Clustered",
    "CurvedEffects",
    "DriscollKraay",
    "EntityMean",
    "FirstDifference",
    "FixedEffects",
    "LastValue",
    "Mean",
    "Mundlak",
    "PooledOLS",
    "RandomEffects",
    "RegressionTable",
    "Robust",
    "WildCluster",
]


@hookimpl
def harness_estimators() -> Iterable[type[Estimator]]:
    """Return the estimators of this plugin."""
    return (
        Mean,
        EntityMean,
        LastValue,
        PooledOLS,
        FixedEffects,
        CurvedEffects,
        RandomEffects,
        Between,
        FirstDifference,
        Mundlak,
    )
