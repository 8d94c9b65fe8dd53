"""Several outcomes of the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from harness.conformance.agreement import require_equal
from harness.conformance.case import FIRST, Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE, not_declared
from harness.conformance.panels import SEED, fresh
from harness.estimators.guard import predict_draws
from harness.estimators.protocol import CanFitOutcomes
from harness.rng import random_stream


class OutcomesTogether(Law[Case]):
    """An outcome that is fitted beside others is fitted as by itself."""

    name: ClassVar[str] = "outcomes"
    says: ClassVar[str] = "fit_outcomes fits each outcome as fit does"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Fit the outcome and its squared deviations together, and each alone."""
        if not isinstance(case.estimator, CanFitOutcomes):
            raise not_declared(CanFitOutcomes)
        observed = case.panel.observed
        outcomes = np.stack([np.square(observed - observed.mean()), observed])
        rngs = [random_stream(SEED, FIRST) for _ in outcomes]
        together = case.estimator.fit_outcomes(fresh(case.panel), outcomes.copy(), rngs=rngs)
        alone = [case.predicted(replace(case.panel, observed=outcome)) for outcome in outcomes]
        return require_equal(
            predict_draws(together, fresh(case.panel)), np.stack(alone), case=case, what="outcomes together"
        )
