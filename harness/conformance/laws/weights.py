"""What a weight means: how often a row is there."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.conformance.agreement import require_agreement
from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE
from harness.conformance.panels import SEED
from harness.evaluation.resample import draw_weights, left_out
from harness.rng import random_stream


class UnitWeights(Law[Case]):
    """A draw that trains on every row once is the fit."""

    name: ClassVar[str] = "unit_weights"
    says: ClassVar[str] = "draws in which every row counts once equal the fit"
    needs: ClassVar[tuple[str, ...]] = (*ABLE, "draws")

    def check(self, case: Case) -> str:
        """Fit two such draws."""
        predicted = case.predicted_draws(case.panel, np.ones((2, case.panel.n_obs)))
        found = [
            require_agreement(draw, case.predictions, case=case, what="a draw of unit weights and the fit")
            for draw in predicted
        ]
        return found[-1]


class ZeroWeights(Law[Case]):
    """A row that no draw trains or selects on is as good as absent."""

    name: ClassVar[str] = "zero_weights"
    says: ClassVar[str] = "rows of weight zero are as good as absent"
    needs: ClassVar[tuple[str, ...]] = (*ABLE, "draws")

    def check(self, case: Case) -> str:
        """Give every fourth row and two whole entities other numbers and no weight, and leave them out."""
        panel = case.panel
        is_absent = (np.arange(panel.n_obs) % 4 == 0) | (panel.entity.codes < 2)
        spoiled = replace(
            panel,
            observed=np.where(is_absent, 100.0 + 3.0 * panel.observed, panel.observed),
            X=np.where(is_absent[:, None], panel.X + 20.0 * panel.X.std(axis=0), panel.X),
        )
        kept = np.flatnonzero(~is_absent)
        weights = draw_weights(panel.take(kept), 2, unit="row", rng=random_stream(SEED, "zero weights"))
        aside = left_out(weights)
        padded, padded_aside = np.zeros((2, panel.n_obs)), np.zeros((2, panel.n_obs))
        padded[:, kept], padded_aside[:, kept] = weights, aside

        def without(label: str) -> Floats:
            return case.predicted_draws(panel.take(kept), weights, selection=aside, at=panel, label=label)

        found = case.predicted_draws(spoiled, padded, selection=padded_aside, at=panel)
        return require_agreement(found, without, case=case, what="with rows of weight zero and without")
