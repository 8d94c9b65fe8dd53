"""Shapes of draws: of those fitted at once, and of those that a fit carries."""

from __future__ import annotations

from typing import ClassVar

from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE, not_declared
from harness.conformance.panels import SEED, fresh
from harness.conformance.verdict import Broken
from harness.estimators.draws import CanFitDraws, HasDraws
from harness.estimators.guard import predict_draws
from harness.evaluation.resample import draw_weights, left_out
from harness.rng import random_stream

N_DRAWS = 3


class Draws(Law[Case]):
    """Draws are as many as there are weights, whatever they select on."""

    name: ClassVar[str] = "draws"
    says: ClassVar[str] = "fit_draws returns one fit a draw, whose predictions are finite"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Fit bootstrap draws in each way and predict the rows they share."""
        if not isinstance(case.estimator, CanFitDraws):
            raise not_declared(CanFitDraws)
        weights = draw_weights(case.panel, N_DRAWS, unit="entity", rng=random_stream(SEED, "weights"))
        for selection in (left_out(weights), case.aside, None):
            predicted = case.predicted_draws(case.panel, weights, selection=selection)
            if len(predicted) != N_DRAWS:
                raise Broken(f"{N_DRAWS} draws of weights were fitted, and {len(predicted)} predict")
        return ""


class CarriedDraws(Law[Case]):
    """A fit that carries draws carries more than one."""

    name: ClassVar[str] = "own_draws"
    says: ClassVar[str] = "a fit that carries draws has at least two, whose predictions are finite"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Predict by the draws of the ordinary fit."""
        if not isinstance(case.fit, HasDraws):
            raise not_declared(HasDraws)
        n_draws = len(predict_draws(case.fit.draws, fresh(case.panel)))
        if n_draws < 2:
            raise Broken(f"the fit carries {n_draws} draw")
        return f"{n_draws} draws"
