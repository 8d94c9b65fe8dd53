"""Neural networks for panels: one hidden layer alone, or after a self-organising map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.plugin import Estimator, hookimpl
from harness.plugin.reporting import Section

_INSTALL = "pip install panel-harness-neural"

harness_needs: Mapping[str, str] = {"torch": _INSTALL, "minisom": _INSTALL}
harness_loads = ("harness_neural.batch.training",)


@hookimpl
def harness_estimators() -> Iterable[type[Estimator]]:
    """Offer the estimators of this plugin; torch is imported when one of them fits."""
    from harness_neural.mlp import Mlp
    from harness_neural.som_ann import SomAnn

    return [Mlp, SomAnn]


@hookimpl
def harness_sections() -> Iterable[Section]:
    """Offer the section of the report on networks and maps."""
    from harness_neural.section import SECTION

    return [SECTION]
