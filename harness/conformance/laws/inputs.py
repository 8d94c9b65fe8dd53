"""What is handed to an estimator stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from harness.arrays import Floats, Ints
from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.panels import SEED, fresh
from harness.conformance.verdict import Broken
from harness.data.panel import Panel
from harness.estimators.draws import CanFitDraws
from harness.rng import random_stream


class InputsUnchanged(Law[Case]):
    """Neither fitting nor predicting changes the panel it is given, nor do weights change."""

    name: ClassVar[str] = "inputs_unchanged"
    says: ClassVar[str] = "panels and weights are left as they are"

    def check(self, case: Case) -> str:
        """Fit, predict, and compare what was handed over with copies."""
        original, aside = case.train, case.aside
        given, selection = fresh(original), fresh(aside)
        fit = case.estimator.fit(given, rng=random_stream(SEED, "inputs"), selection=selection)
        _require_same(given, original, "fit changed the panel's")
        _require_same(selection, aside, "fit changed the selection rows'")
        given = fresh(original)
        fit.predict(given)
        _require_same(given, original, "predict changed the panel's")
        if isinstance(case.estimator, CanFitDraws):
            weights = np.ones((2, original.n_obs))
            case.estimator.fit_draws(
                given, weights=weights, selection=None, rng=random_stream(SEED, "inputs")
            )
            _require_same(given, original, "fit_draws changed the panel's")
            if not np.array_equal(weights, np.ones_like(weights)):
                raise Broken("fit_draws changed the weights")
        return ""


def _require_same(given: Panel, original: Panel, what: str) -> None:
    for (name, one), (_, other) in zip(_arrays(given), _arrays(original), strict=True):
        if not np.array_equal(one, other):
            raise Broken(f"{what} {name}; work on a copy")


def _arrays(panel: Panel) -> Iterator[tuple[str, Floats | Ints]]:
    yield "X", panel.X
    yield "observed", panel.observed
    yield "period", panel.period
    yield "entity codes", panel.entity.codes
    yield "time codes", panel.time.codes
