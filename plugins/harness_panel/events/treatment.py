"""A binary exposure that switches on and stays on, and when it does for each entity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats, Ints, Mask, Panel
from harness_panel.resampling.regression import Regression

LONG_AGO = 1_000_000
"""Periods since a start that was before all rows of the entity."""


@dataclass(frozen=True, eq=False)
class Treatment:
    """When each row's entity starts to be treated.

    Attributes
    ----------
    is_treated : (n_obs,)
    since : (n_obs,), periods since the first treated row of the entity, negative before it; zero for rows of
        entities that are never treated, `LONG_AGO` for those that were never seen without
    is_ever : (n_obs,), whether the entity is treated at all
    n_starts : different periods in which a treatment starts after the entity was seen without it
    """

    is_treated: Mask
    since: Ints
    is_ever: Mask
    n_starts: int

    @classmethod
    def of(cls, panel: Panel) -> Treatment | None:
        """Return the treatment that the exposure is; None where it is none.

        It is one where its values are 0 and 1, no entity goes back from 1 to 0, some entity is seen before it
        starts, and some row is not treated at any time.
        """
        exposure = panel.column(panel.exposure)
        if not np.isin(exposure, (0.0, 1.0)).all():
            return None
        order = np.lexsort((panel.period, panel.entity.codes))
        steps, same = np.diff(exposure[order]), np.diff(panel.entity.codes[order]) == 0
        if np.any(same & (steps < 0.0)):
            return None
        n_labels, never = len(panel.entity.labels), np.iinfo(np.int64).max
        starts, firsts = np.full(n_labels, never), np.full(n_labels, never)
        treated = exposure == 1.0
        np.minimum.at(starts, panel.entity.codes[treated], panel.period[treated])
        np.minimum.at(firsts, panel.entity.codes, panel.period)
        does_start = (starts < never) & (starts > firsts)
        if not does_start.any() or treated.all():
            return None
        own = starts[panel.entity.codes]
        is_ever = own < never
        since = np.where(is_ever, panel.period - np.where(is_ever, own, panel.period), 0)
        since[is_ever & (own == firsts[panel.entity.codes])] = LONG_AGO
        return cls(treated, since, is_ever, int(np.unique(starts[does_start]).size))


@dataclass(frozen=True)
class TwoWayWeights:
    """What two-way effects weigh the effects of treated rows by (de Chaisemartin & D'Haultfoeuille 2020).

    Attributes
    ----------
    n_treated, n_negative : treated rows, and those among them that count negatively
    negative_sum : <= 0, sum of the negative weights; all weights sum to one
    """

    n_treated: int
    n_negative: int
    negative_sum: float


_ROUNDING = 1e-12


def two_way_weights(regression: Regression, treatment: Treatment) -> TwoWayWeights:
    """Return the weights of treated rows in the coefficient of the exposure.

    The coefficient is a weighted sum of outcomes, with the residuals of the exposure on all else as weights;
    so it is the same weighted sum of the treated rows' effects (theorem 1, with their sizes in the weights).
    """
    weights = linear_weights(regression)[treatment.is_treated]
    is_negative = weights < -_ROUNDING * np.abs(weights).max()
    return TwoWayWeights(weights.size, int(is_negative.sum()), float(weights[is_negative].sum()))


def linear_weights(regression: Regression) -> Floats:
    """Return what each row's outcome counts in the coefficient of the exposure, (n_obs,)."""
    within = regression.within
    weights: Floats = np.sqrt(regression.weights) * (within.basis @ within.to_slopes[0])
    return weights
