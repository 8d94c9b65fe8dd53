"""Order, names and units carry no information."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.conformance import panels
from harness.conformance.case import Case, require_agreement
from harness.conformance.check import SOUND, Rules
from harness.rng import random_stream

RULES = Rules(needs=SOUND)

UNIT, LEVEL = 250.0, -40.0
"""Of an outcome or a column in another unit."""


@RULES.add()
def row_order(case: Case) -> str:
    """Check that the order of the training rows changes nothing.

    Fit on the rows in a random order.
    """
    order = random_stream(panels.SEED, "row order").permutation(case.panel.n_obs)
    found = case.predicted(case.panel.take(order), at=case.panel)
    return require_agreement(found, case.predictions, case=case, what="on rows in another order")


@RULES.add()
def column_order(case: Case) -> str:
    """Check that the order of the controls changes nothing.

    Fit with the controls in the reverse order.
    """
    panel = case.panel
    first = len(panel.columns) - len(panel.controls)
    columns = [*range(first), *range(len(panel.columns) - 1, first - 1, -1)]
    found = case.predicted(replace(panel, controls=panel.controls[::-1], X=panel.X[:, columns]))
    return require_agreement(found, case.predictions, case=case, what="on controls in reverse order")


@RULES.add()
def renamed(case: Case) -> str:
    """Check that other names of entities and periods, and later periods, change nothing.

    Give new names that sort as the old ones do.
    """
    found = case.predicted(panels.renamed(case.panel))
    return require_agreement(found, case.predictions, case=case, what="under new names")


@RULES.add()
def reordered(case: Case) -> str:
    """Check that names of entities that sort in another order change nothing.

    Give names that sort in the reverse order.
    """
    found = case.predicted(panels.reordered(case.panel))
    return require_agreement(found, case.predictions, case=case, what="under names in reverse order")


@RULES.add()
def outcome_units(case: Case) -> str:
    """Check that an outcome a y + b is predicted by a f + b.

    Fit on a multiple of the outcome with another level.
    """
    moved = replace(case.panel, observed=UNIT * case.panel.observed + LEVEL)
    found = (case.predicted(moved) - LEVEL) / UNIT
    return require_agreement(found, case.predictions, case=case, what="on an outcome in another unit")


@RULES.add()
def column_units(case: Case) -> str:
    """Check that columns c x + d in the place of x change no prediction.

    Fit on columns of which each has a unit and a level of its own.
    """
    at = np.arange(len(case.panel.columns))
    units, levels = np.where(at % 2 == 0, UNIT, 1.0 / UNIT), np.where(at % 3 == 0, LEVEL, 0.5)
    found = case.predicted(replace(case.panel, X=units * case.panel.X + levels))
    return require_agreement(found, case.predictions, case=case, what="on columns in other units")
