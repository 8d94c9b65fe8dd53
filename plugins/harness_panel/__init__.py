"""Panel econometrics for the harness: pooled OLS and fixed effects, with their covariances named."""

from collections.abc import Iterable

from harness import Estimator, hookimpl
from harness_panel.clustered import Clustered
from harness_panel.driscoll_kraay import DriscollKraay
from harness_panel.fixed_effects import FixedEffects
from harness_panel.pooled_ols import PooledOLS
from harness_panel.robust import Classical, Robust

__all__ = ["Classical", "Clustered", "DriscollKraay", "FixedEffects", "PooledOLS", "Robust"]


@hookimpl
def harness_estimators() -> Iterable[type[Estimator]]:
    """Return the estimators of this plugin."""
    return (PooledOLS, FixedEffects)
