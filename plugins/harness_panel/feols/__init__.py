"""Panels with many effects, by pyfixest."""

from collections.abc import Iterable, Mapping

from harness.plugin import Estimator, hookimpl
from harness_panel.feols.estimator import Feols
from harness_panel.feols.regression import CRV3

__all__ = ["CRV3", "Feols"]

harness_needs: Mapping[str, str] = {"pyfixest": "pip install 'panel-harness[fixest]'"}


@hookimpl
def harness_estimators() -> Iterable[type[Estimator]]:
    """Return the estimators of this plugin."""
    return (Feols,)
