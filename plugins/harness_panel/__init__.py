"""Panel econometrics for the harness: linear estimators, with their covariances named."""

from collections.abc import Iterable

from harness.plugin import Estimator, Scenario, hookimpl
from harness.plugin.findings import Rule
from harness.plugin.reporting import Section
from harness_panel.covariance import (
    Classical,
    Clustered,
    CommonShocks,
    Conley,
    DriscollKraay,
    Robust,
    Tested,
    WildCluster,
)
from harness_panel.diagnostics.scenario import DataDiagnostics
from harness_panel.dynamic.estimator import DynamicGMM
from harness_panel.estimators.conditional_logit import ConditionalLogit
from harness_panel.estimators.fixed_effects import FixedEffects, PooledOLS
from harness_panel.estimators.linear import EntityMean, LastValue, Mean
from harness_panel.estimators.poisson import Poisson
from harness_panel.estimators.polynomial_effects import PolynomialEffects
from harness_panel.estimators.transformed import Between, FirstDifference, Mundlak, RandomEffects
from harness_panel.instrumental.estimator import Instrumental
from harness_panel.instrumental.hausman_taylor import HausmanTaylor
from harness_panel.quantiles.estimator import QuantileEffects
from harness_panel.spatial.estimator import SpatialDurbin
from harness_panel.thresholds.estimator import ThresholdEffects

__all__ = [
    "Classical",
    "Clustered",
    "CommonShocks",
    "Conley",
    "DriscollKraay",
    "Robust",
    "Tested",
    "WildCluster",
]
__all__ += ["DataDiagnostics", "EntityMean", "LastValue", "Mean", "Poisson"]
__all__ += [
    "ConditionalLogit",
    "DynamicGMM",
    "FixedEffects",
    "HausmanTaylor",
    "Instrumental",
    "Poisson",
    "PolynomialEffects",
    "PooledOLS",
    "QuantileEffects",
]
__all__ += ["Between", "FirstDifference", "Mundlak", "RandomEffects", "SpatialDurbin", "ThresholdEffects"]

harness_loads = ("linearmodels.panel", "statsmodels.stats.outliers_influence")


@hookimpl
def harness_estimators() -> Iterable[type[Estimator]]:
    """Return the estimators of this plugin."""
    naive = (Mean, EntityMean, LastValue)
    levels = (PooledOLS, FixedEffects, Poisson, PolynomialEffects, ThresholdEffects, Instrumental)
    return (
        *naive,
        *levels,
        ConditionalLogit,
        DynamicGMM,
        HausmanTaylor,
        SpatialDurbin,
        QuantileEffects,
        RandomEffects,
        Between,
        FirstDifference,
        Mundlak,
    )


@hookimpl
def harness_scenarios() -> Iterable[type[Scenario]]:
    """Return the scenario of this plugin."""
    return (DataDiagnostics,)


@hookimpl
def harness_sections() -> Iterable[Section]:
    """Return the sections on thresholds and treatments, spatial impacts, quantiles, and the data."""
    from harness_panel import section
    from harness_panel.diagnostics import section as diagnostics
    from harness_panel.quantiles import section as quantiles
    from harness_panel.spatial import section as spatial

    return (section.SECTION, spatial.SECTION, quantiles.SECTION, diagnostics.SECTION)


@hookimpl
def harness_findings() -> Iterable[Rule]:
    """Return the rules on tests of data and fits, effects before a start, and spatial impacts."""
    from harness_panel.diagnostics.findings import DATA_RULE
    from harness_panel.findings import FIT_RULE, IMPACT_RULE

    return (DATA_RULE, FIT_RULE, IMPACT_RULE)
