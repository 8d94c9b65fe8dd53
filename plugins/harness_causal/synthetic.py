"""Synthetic difference in differences (Arkhangelsky et al. 2021), as diff-diff computes it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.random import Generator

from harness.plugin import Attempt, Coded, EstimationError, marked
from harness_causal.event_study import EventStudy
from harness_causal.methods import NEVER, StaggeredDesign, quietly, require_balanced

# Their algorithms 4 and 3.
Variance = Literal["placebo", "jackknife"]

BY_DESIGN = marked("weights make trends agree before the start: there is no test of them")


def synthetic(design: StaggeredDesign, variance: Variance, *, n_draws: int, rng: Generator) -> EventStudy:
    """Return differences from weighted entities, less those of weighted periods before the start.

    Effects by period, whose mean after the start is the average, have no errors. Statistics are normal, as
    those of R's synthdid.

    Parameters
    ----------
    n_draws : of placebos

    Raises
    ------
    EstimationError
        Where entities lack periods, treatments start in several or in the second one, further regressors
        are to be held fixed, or there are too few entities for a standard error.
    """
    from diff_diff import SyntheticDiD

    start = _common_start(design)
    is_treated = design.start != NEVER
    seed = int(rng.integers(2**31))
    method = SyntheticDiD(variance_method=variance, n_bootstrap=n_draws, seed=seed)
    after = np.unique(design.period[design.period >= start]).tolist()
    with quietly():
        rows = design.frame().assign(treated=is_treated.astype(int))
        fit = method.fit(rows, "y", "treated", "unit", "time", post_periods=after)
    if not fit.se > 0.0:
        counts = {"n_treated": fit.n_treated, "n_untreated": fit.n_control}
        what = Coded("{n_treated} treated and {n_untreated} other entities give no standard error", **counts)
        few = marked("`placebo` needs more others than treated ones, `jackknife` two treated ones")
        raise EstimationError.at("variance", what, hint=few)
    before = fit.treated_pre_trajectory - fit.synthetic_pre_trajectory
    gaps = np.r_[before, fit.treated_post_trajectory - fit.synthetic_post_trajectory]
    times = np.r_[fit.pre_periods, fit.post_periods] - start
    return EventStudy(
        event_time=times,
        estimate=gaps - fit.time_weights_array @ before,
        covariance=np.full((times.size, times.size), np.nan),
        incomparable=BY_DESIGN,
        n_treated=np.full(times.size, fit.n_treated),
        average=float(fit.att),
        std_error=float(fit.se),
        n_entities=design.panel.n_entities,
        df=np.inf,
        pre_trend=Attempt(None, "refused", BY_DESIGN),
    )


def _common_start(design: StaggeredDesign) -> int:
    """Return the period in which all treatments start, or refuse a panel that weights cannot be found of."""
    require_balanced(design)
    starts, exposure = np.unique(design.start[design.start != NEVER]), design.panel.exposure
    if starts.size > 1:
        what = Coded("treatments start in {n_starts} periods, synthetic needs one", n_starts=starts.size)
        hint = marked("keep entities of one start and those never treated, or leave out this method")
        raise EstimationError.at(exposure, what, hint=hint)
    if np.unique(design.period[design.period < starts[0]]).size == 1:
        once = marked("there is one period before the start, and weights need two")
        raise EstimationError.at(exposure, once, hint=marked("add earlier periods"))
    if design.covariates:
        fixed = marked("synthetic holds no further regressors fixed")
        raise EstimationError.at("adjust", fixed, hint=marked("set adjust: false"))
    return int(starts[0])
