"""Panel econometrics for the harness: linear estimators, with their covariances named."""

from collections.abc import Iterable

from harness.plugin import Estimator, hookimpl
from harness.plugin.reporting import Section
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.conley import Conley
from harness_panel.covariance.driscoll_kraay import DriscollKraay
from harness_panel.covariance.robust import Classical, Robust
from harness_panel.covariance.wild_cluster import WildCluster
from harness_panel.estimators.between import Between
from harness_panel.estimators.first_difference import FirstDifference
from harness_panel.estimators.fixed_effects import FixedEffects
from harness_panel.estimators.instrumental import Instrumental
from harness_panel.estimators.last_value import LastValue
from harness_panel.estimators.mean import EntityMean, Mean
from harness_panel.estimators.mundlak import Mundlak
from harness_panel.estimators.polynomial_effects import PolynomialEffects
from harness_panel.estimators.pooled_ols import PooledOLS
from harness_panel.estimators.random_effects import RandomEffects
from harness_panel.estimators.threshold_effects import ThresholdEffects

__all__ = [
    "Between",
    "Classical",
    "Clustered",
    "Conley",
    "DriscollKraay",
    "EntityMean",
    "FirstDifference",
    "FixedEffects",
    "Instrumental",
    "LastValue",
    "Mean",
    "Mundlak",
    "PolynomialEffects",
    "PooledOLS",
    "RandomEffects",
    "Robust",
    "ThresholdEffects",
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
        PolynomialEffects,
        ThresholdEffects,
        Instrumental,
        RandomEffects,
        Between,
        FirstDifference,
        Mundlak,
    )


@hookimpl
def harness_sections() -> Iterable[Section]:
    """Return the section of the report on thresholds and treatments."""
    from harness_panel.report.section import ThresholdsSection

    return (ThresholdsSection(),)
