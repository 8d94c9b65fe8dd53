"""Absorbing treatments: 0/1 exposures that an entity adopts and keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Ints, Mask
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.language import Coded, marked

# Periods since a start that was before all rows of the entity.
LONG_AGO = 1_000_000


@dataclass(frozen=True, eq=False)
class Treatment:
    """Start of treatment of each row's entity.

    Attributes
    ----------
    is_treated : (n_obs,)
    since : (n_obs,), periods since the start of the entity, negative before it: the period after its last
        untreated row, also where the next row is missing; zero for never-treated entities, `LONG_AGO` for
        always-treated ones
    is_ever : (n_obs,), whether the entity is ever treated
    n_starts : number of distinct start periods among entities observed before treatment
    n_undated : entities without a row between the last untreated and the first treated one, so that the start
        may be later
    """

    is_treated: Mask
    since: Ints
    is_ever: Mask
    n_starts: int
    n_undated: int = 0

    @classmethod
    def of(cls, panel: Panel) -> Treatment:
        """Return the treatment given by the exposure.

        Raises
        ------
        EstimationError
            If it has values other than 0 and 1, an entity returns from 1 to 0, or no entity is observed both
            before and after its start.
        """
        exposure = panel.column(panel.exposure)
        expected = marked("a 0/1 exposure that entities adopt and keep")
        if panel.levels or not np.isin(exposure, (0.0, 1.0)).all():
            what = marked("it is not a treatment: it has values other than 0 and 1")
            raise EstimationError.at(panel.exposure, what, expected)
        order = np.lexsort((panel.period, panel.entity.codes))
        steps, same = np.diff(exposure[order]), np.diff(panel.entity.codes[order]) == 0
        back = np.flatnonzero(same & (steps < 0.0))
        if back.size:
            entity = panel.entity.labels[panel.entity.codes[order[back[0]]]]
            what = Coded("it is not an absorbing treatment: {entity} returns from 1 to 0", entity=entity)
            raise EstimationError.at(panel.exposure, what, expected)
        n_labels, never = len(panel.entity.labels), np.iinfo(np.int64).max
        starts, firsts, lasts = np.full(n_labels, never), np.full(n_labels, never), np.full(n_labels, -1)
        treated = exposure == 1.0
        np.minimum.at(starts, panel.entity.codes[treated], panel.period[treated])
        np.minimum.at(firsts, panel.entity.codes, panel.period)
        np.maximum.at(lasts, panel.entity.codes[~treated], panel.period[~treated])
        does_start = (starts < never) & (starts > firsts)
        if not does_start.any():
            what = marked("no entity is observed both before and after its start")
            raise EstimationError.at(panel.exposure, what, expected)
        n_undated = int(np.count_nonzero(does_start & (starts > lasts + 1)))
        starts = np.where(does_start, lasts + 1, starts)
        own = starts[panel.entity.codes]
        is_ever = own < never
        since = np.where(is_ever, panel.period - np.where(is_ever, own, panel.period), 0)
        since[is_ever & (own == firsts[panel.entity.codes])] = LONG_AGO
        return cls(treated, since, is_ever, int(np.unique(starts[does_start]).size), n_undated)
