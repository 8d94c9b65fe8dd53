"""Draws that can be made apart: which of them are made together changes nothing."""

from __future__ import annotations

import pickle
from typing import ClassVar

import numpy as np

from harness.conformance.agreement import require_equal
from harness.conformance.case import FIRST, Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE, not_declared
from harness.conformance.laws.draws import N_DRAWS
from harness.conformance.panels import SEED, fresh
from harness.estimators.draws import CanPrepareDraws, FitsByDraws
from harness.estimators.guard import predict_draws
from harness.evaluation.resample import draw_weights, left_out
from harness.rng import random_stream, stream_at


class DrawsInAnyCompany(Law[Case]):
    """What draws have in common is found once, and each draw is the same in any company."""

    name: ClassVar[str] = "prepared_draws"
    says: ClassVar[str] = "draws after prepare_draws do not depend on which others there are"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Make draws together, and the last of them alone by what was sent to another process."""
        if not isinstance(case.estimator, CanPrepareDraws):
            raise not_declared(CanPrepareDraws)
        weights = draw_weights(case.panel, N_DRAWS, unit="entity", rng=random_stream(SEED, "weights"))
        asides, root = left_out(weights), random_stream(SEED, FIRST)
        prepared = case.estimator.prepare_draws(fresh(case.panel), selection=None, rng=root)
        together = prepared.fit(
            weights.copy(), selection=asides.copy(), rngs=[stream_at(root, draw) for draw in range(N_DRAWS)]
        )
        last = slice(N_DRAWS - 1, N_DRAWS)
        apart = pickle.loads(pickle.dumps(prepared)).fit(  # noqa: S301 - what was dumped just now
            weights[last].copy(), selection=asides[last].copy(), rngs=[stream_at(root, N_DRAWS - 1)]
        )
        return require_equal(
            predict_draws(apart, fresh(case.panel)),
            predict_draws(together, fresh(case.panel))[last],
            case=case,
            what="a draw made alone",
        )


class FitOfAnyBlocks(Law[Case]):
    """A fit that is the mean of draws is that of draws made in blocks."""

    name: ClassVar[str] = "fit_by_draws"
    says: ClassVar[str] = "a fit that is a mean of draws is that of draws made in any blocks"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Make all draws in two blocks, the later one first, and set their mean beside the fit."""
        estimator = case.estimator
        if not isinstance(estimator, FitsByDraws):
            raise not_declared(FitsByDraws)
        maker = estimator.prepare(fresh(case.panel), rng=random_stream(SEED, FIRST))
        n_draws, cut = estimator.draws, estimator.draws // 2
        blocks = [maker.draw(draws) for draws in (range(cut, n_draws), range(cut))]
        predicted = np.concatenate([predict_draws(block, fresh(case.panel)) for block in blocks])
        return require_equal(
            predicted.mean(axis=0),
            case.predictions(),
            case=case,
            what=f"the mean of {n_draws} draws in two blocks",
        )
