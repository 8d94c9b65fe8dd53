"""RAB: a bootstrap ensemble around any estimator that can fit draws."""

from __future__ import annotations

from collections.abc import Iterable

from harness.plugin import Estimator, hookimpl


@hookimpl
def harness_estimators() -> Iterable[type[Estimator]]:
    """Offer the estimators of this plugin."""
    from harness_rab.rab import Rab

    return [Rab]
