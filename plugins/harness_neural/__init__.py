"""Neural networks for panels: one hidden layer alone, or after a self-organising map."""

from __future__ import annotations

from collections.abc import Iterable

from harness import Estimator, hookimpl


@hookimpl
def harness_estimators() -> Iterable[type[Estimator]]:
    """Offer the estimators of this plugin; torch is imported when one of them fits."""
    from harness_neural.mlp import Mlp
    from harness_neural.som_ann import SomAnn

    return [Mlp, SomAnn]
