"""Panels with many effects, by pyfixest."""

from collections.abc import Iterable, Mapping

from harness.plugin import Estimator, hookimpl
from harness_fixest.clustered import CRV1
from harness_fixest.covariance import Hetero, Iid
from harness_fixest.feols import Feols
from harness_fixest.jackknife import CRV3
from harness_fixest.wild_bootstrap import WildBootstrap

__all__ = ["CRV1", "CRV3", "Feols", "Hetero", "Iid", "WildBootstrap"]

harness_needs: Mapping[str, str] = {"pyfixest": "pip install 'panel-harness[fixest]'"}


@hookimpl
def harness_estimators() -> Iterable[type[Estimator]]:
    """Return the estimators of this plugin."""
    return (Feols,)
