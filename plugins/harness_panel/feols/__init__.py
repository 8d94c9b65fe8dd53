"""Panels with many effects, by pyfixest."""

from collections.abc import Iterable, Mapping

from harness.plugin import Estimator, hookimpl
from harness_panel.feols.estimator import Feols
from harness_panel.feols.regression import CRV1, CRV3, Hetero, Iid, WildBootstrap

__all__ = ["CRV1", "CRV3", "Feols", "Hetero", "Iid", "WildBootstrap"]

harness_needs: Mapping[str, str] = {"pyfixest": "pip install 'panel-harness[fixest]'"}


@hookimpl
def harness_estimators() -> Iterable[type[Estimator]]:
    """Return the estimators of this plugin."""
    return (Feols,)
