"""A weight counts how often a row is there, not only whether."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.conformance.agreement import SLACK, STREAMS, gap
from harness.conformance.case import FIRST, Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE
from harness.conformance.verdict import Broken
from harness.data.panel import Panel
from harness.estimators.guard import predict

HEAVY = 4
"""Weight of the entities that count more than the others."""


@dataclass(frozen=True, eq=False)
class _Trial:
    """Rows of which half have another slope and more weight, and the same rows as copies.

    Attributes
    ----------
    panel : all rows
    train, aside : rows of it that are trained on, and those that are selected on
    weights : (1, n_train), > 0
    copies : the rows of `train`, each entity as often as its weight says
    """

    panel: Panel
    train: Panel
    aside: Panel
    weights: Floats
    copies: Panel


def _trial(ordinary: Panel) -> _Trial:
    is_heavy, is_aside = ordinary.entity.codes % 2 == 0, ordinary.entity.codes % 5 == 0
    steeper = 3.0 * is_heavy * ordinary.column(ordinary.exposure)
    panel = replace(ordinary, observed=ordinary.observed + steeper)
    train, aside = panel.take(np.flatnonzero(~is_aside)), panel.take(np.flatnonzero(is_aside))
    present = np.unique(train.entity.codes)
    return _Trial(
        panel=panel,
        train=train,
        aside=aside,
        weights=np.where(is_heavy[~is_aside], HEAVY, 1.0)[None],
        copies=train.resample(np.repeat(present, np.where(present % 2 == 0, HEAVY, 1))),
    )


class HeavyRows(Law[Case]):
    """A weight counts how often a row is there."""

    name: ClassVar[str] = "heavy_rows"
    says: ClassVar[str] = "entities of a larger weight count as so many entities"
    needs: ClassVar[tuple[str, ...]] = (*ABLE, "draws", "unit_weights", "zero_weights")

    def check(self, case: Case) -> str:
        """Give half of the entities more weight, and compare with copies of them.

        What a panel of copies cannot have in common with a weighted one, such as knots at its quantiles, is
        allowed for: the draw has to be nearer by half to the fit on copies than the fit without weights is.
        """
        trial = _trial(case.panel)
        scale = float(trial.panel.observed.std())

        def apart(found: Floats, label: str = FIRST) -> float:
            return gap(found, _fitted(case, trial, trial.copies, label), scale=scale)

        (draw,) = case.predicted_draws(trial.train, trial.weights, selection=trial.aside, at=trial.panel)
        off, matter = apart(draw), apart(_fitted(case, trial, trial.train))
        if off > max(case.tight, matter / 2.0):
            on_copies = _fitted(case, trial, trial.copies)
            if off > SLACK * max(apart(on_copies, label) for label in STREAMS):
                raise Broken(
                    f"a draw is {off:.2g} standard deviations of the outcome from the fit on copies, from "
                    f"which the fit without weights is {matter:.2g}"
                )
        return f"{off:.2g} standard deviations from copies, of {matter:.2g} that the weights move the fit"


def _fitted(case: Case, trial: _Trial, rows: Panel, label: str = FIRST) -> Floats:
    """Return predictions, for all rows, of a fit on some; selected on the rows set aside."""
    return predict(case.fitted(rows, selection=trial.aside, label=label), trial.panel)
