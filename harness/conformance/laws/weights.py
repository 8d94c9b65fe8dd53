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
from harness.evaluation.resample import draw_weights
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
    """A row that no draw trains or selects on is as good as absent where its levels are known."""

    name: ClassVar[str] = "zero_weights"
    says: ClassVar[str] = "rows of weight zero are as good as absent where their levels have others"
    needs: ClassVar[tuple[str, ...]] = (*ABLE, "draws")

    def check(self, case: Case) -> str:
        """Give a quarter of the rows other numbers and no weight, and leave them out.

        Every entity and period keeps rows that are trained on, since a draw takes levels that it left out
        from any row of theirs.
        """
        panel = case.panel
        rows = np.arange(panel.n_obs)
        is_first = np.isin(rows, np.unique(panel.entity.codes, return_index=True)[1])
        is_absent, is_aside = ((rows % 4 == rest) & ~is_first for rest in (0, 1))
        spoiled = replace(
            panel,
            observed=np.where(is_absent, 100.0 + 3.0 * panel.observed, panel.observed),
            X=np.where(is_absent[:, None], panel.X + 20.0 * panel.X.std(axis=0), panel.X),
        )
        kept = np.flatnonzero(~is_absent)
        counts = 1.0 + draw_weights(panel, 2, unit="row", rng=random_stream(SEED, "zero weights"))
        weights, aside = np.where(is_absent | is_aside, 0.0, counts), np.tile(1.0 * is_aside, (2, 1))

        def without(label: str) -> Floats:
            return case.predicted_draws(
                panel.take(kept), weights[:, kept], selection=aside[:, kept], at=panel, label=label
            )

        found = case.predicted_draws(spoiled, weights, selection=aside, at=panel)
        return require_agreement(found, without, case=case, what="with rows of weight zero and without")
