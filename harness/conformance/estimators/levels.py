"""Entities and periods that a fit never saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.conformance.case import Case, gap
from harness.conformance.check import SOUND, Rules, Skipped, Violation
from harness.conformance.estimators.capabilities import ABLE, not_declared
from harness.conformance.panels import renamed
from harness.errors import EstimationError
from harness.estimators.guard import in_one_line, predict
from harness.estimators.protocol import HasEffects
from harness.evaluation.resample import out_of_bag

RULES = Rules(needs=SOUND)

RISE = 3.0
"""By how many standard deviations of the outcome an entity rises."""

LEAST_SHARE = 0.5
"""Share of the rise that predictions follow at least."""


@RULES.add()
def new_levels(case: Case) -> str:
    """Check that rows of new entities and periods are predicted, or refused with EstimationError.

    Predict the rows of the ordinary panel under names and periods of which none is known.
    """
    try:
        predict(case.fit, renamed(case.panel))
    except EstimationError as error:
        return f"refused: {in_one_line(error.problems[0])}"
    return "predicted"


@RULES.add(needs=(*ABLE, "new_levels"))
def unseen(case: Case) -> str:
    """Check that n_unseen counts the rows that are predicted without effects of their own.

    Count known rows and rows of new levels; where new names change predictions, some must count.
    """
    if not isinstance(case.fit, HasEffects):
        raise not_declared(HasEffects)
    new = renamed(case.panel)
    n_known, n_new = case.fit.n_unseen(case.panel), case.fit.n_unseen(new)
    for count in (n_known, n_new):
        if not isinstance(count, int | np.integer) or not 0 <= count <= case.panel.n_obs:
            raise Violation(f"n_unseen is {count!r}, not a whole number from 0 to {case.panel.n_obs}")
    if n_new < n_known:
        raise Violation(f"{n_known} rows trained on count as unseen, but of new levels only {n_new}")
    apart = gap(predict(case.fit, new), case.predictions(), scale=case.scale)
    if n_new == 0 and apart > case.tight:
        raise Violation("new entities and periods are predicted in another way, but none is counted")
    return f"{n_new} of {new.n_obs} rows of new levels"


@RULES.add(needs=(*ABLE, "draws", "unseen"))
def left_out_levels(case: Case) -> str:
    """Check that a draw that leaves an entity out takes its level from the entity's rows.

    Raise the outcome of an entity that draws leave out, and see its predictions follow.

    They need not follow all the way: random effects shrink a level towards the mean.
    """
    panel = case.panel
    if not isinstance(case.fit, HasEffects):
        raise not_declared(HasEffects)
    if case.fit.n_unseen(replace(panel, entity=renamed(panel).entity)) == 0:
        raise Skipped("entities have no effects")
    is_left_out = panel.entity.codes == panel.entity.codes[0]
    weights = np.where(is_left_out, 0.0, np.ones((2, panel.n_obs)))
    rise = RISE * case.scale
    raised = replace(panel, observed=panel.observed + np.where(is_left_out, rise, 0.0))
    before, after = (
        case.predicted_draws(rows, weights, selection=out_of_bag(weights), at=panel)
        for rows in (panel, raised)
    )
    moved = (after - before)[:, is_left_out].mean(axis=1) / rise
    if moved.min() < LEAST_SHARE:
        raise Violation(
            f"rows of an entity that a draw left out rise by {rise:.3g}, their predictions by "
            f"{moved.min():.2g} of it"
        )
    return f"predictions follow an entity left out by {moved.min():.2g} to {moved.max():.2g} of its rise"
