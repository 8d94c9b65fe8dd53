"""Sun & Abraham, imputation, Callaway & Sant'Anna and the two-way weights, as diff-diff computes them.

diff-diff has all of them, needs numpy, pandas and SciPy alone, and agrees with R's did, didimputation, fixest
and bacondecomp. pyfixest has Sun & Abraham and two-stage imputation only; its estimates equal these. Bounds
under violated trends are our own (`event_study`): those of diff-diff for relative magnitudes take the
estimated trend before the start as if it were known.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from harness.plugin import EstimationError, Floats, Ints, attempt, marked
from harness_causal.design import NEVER, StaggeredDesign, Weighting
from harness_causal.event_study import EventStudy, PreTrend, leads_of

# What diff-diff calls the columns of `StaggeredDesign.frame`.
COLUMNS = {"outcome": "y", "unit": "unit", "time": "time", "first_treat": "start"}

# What diff-diff calls ways to hold regressors fixed.
WEIGHTINGS: Mapping[Weighting, str] = {
    "doubly_robust": "dr",
    "inverse_probability": "ipw",
    "regression": "reg",
}


@contextmanager
def _quietly() -> Iterator[None]:
    """Leave out warnings about the library's own use of pandas, and about cells that it leaves out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def sun_abraham(design: StaggeredDesign, window: int) -> EventStudy:
    """Return interaction-weighted effects of a saturated regression (Sun & Abraham 2021, section 4).

    Compared with entities never treated; errors clustered by entity.
    """
    from diff_diff import SunAbraham

    with _quietly():
        fit = SunAbraham().fit(design.frame(), **COLUMNS, covariates=design.covariates)
    times = np.array(fit.event_study_vcov_index, dtype=np.int64)
    estimate = np.array([fit.event_study_effects[time]["effect"] for time in times])
    return _event_study(design, window, times, estimate, fit.event_study_vcov, fit)


def callaway_santanna(design: StaggeredDesign, window: int) -> EventStudy:
    """Return doubly robust effects of cohorts by time since the start (Callaway & Sant'Anna 2021).

    Compared with entities not treated yet, all periods with the one before the start, so that effects before
    and after it are of one kind (Roth 2024). Next to a regression diff-diff divides weighted changes of the
    untreated by the number of treated, R's DRDID by the sum of weights: they differ by rounding in large
    samples, in the third digit in small ones.

    Raises
    ------
    EstimationError
        Where the panel is unbalanced, since changes need both periods of every entity.
    """
    from diff_diff import CallawaySantAnna

    require_balanced(design)
    method = CallawaySantAnna(
        control_group="not_yet_treated",
        base_period="universal",
        estimation_method=WEIGHTINGS[design.weighting],
    )
    with _quietly():
        fit = method.fit(design.frame(), **COLUMNS, covariates=design.covariates)
        found = fit.aggregate("event_study")
    is_own = np.isin(found.event_time, found.vcov_index)
    times = found.event_time[is_own].astype(np.int64)
    return _event_study(design, window, times, found.att[is_own], found.vcov, fit)


def imputation(design: StaggeredDesign, window: int) -> EventStudy:
    """Return the outcome less what untreated rows predict (Borusyak, Jaravel & Spiess 2024).

    Errors are those of their theorem 3, with effects of entities left out one by one (their appendix A.9);
    leads, and their test, come from a regression on untreated rows alone (their section 4.4).
    """
    from diff_diff import ImputationDiD

    method = ImputationDiD(pretrends=True, leave_one_out=True)
    with _quietly():
        fit = method.fit(design.frame(), **COLUMNS, covariates=design.covariates)
        found = fit.aggregate("event_study")
        statistic = fit.pretrend_test(n_leads=window - 1)["f_stat"]
    is_own = ~found.is_reference & np.isfinite(found.se)
    times, covariance = found.event_time[is_own].astype(np.int64), np.diag(np.square(found.se[is_own]))
    return _event_study(design, window, times, found.att[is_own], covariance, fit, statistic=statistic)


def require_balanced(design: StaggeredDesign) -> None:
    """Refuse entities that lack periods.

    Raises
    ------
    EstimationError
        Where there are some.
    """
    if design.panel.n_obs != design.panel.n_entities * design.panel.n_periods:
        what = marked("the panel is unbalanced, and changes since the start need both periods")
        raise EstimationError.at("rows", what, hint=marked("keep entities observed in every period"))


def _event_study(
    design: StaggeredDesign,
    window: int,
    times: Ints,
    estimate: Floats,
    covariance: Floats,
    fit: Any,  # noqa: ANN401 - results of diff-diff, which states no types
    *,
    statistic: float | None = None,
) -> EventStudy:
    """Return an event study; the test of its leads is of their joint covariance where none is given."""
    from scipy.stats import f

    df = design.df

    def tested() -> PreTrend:
        leads = leads_of(times, window)
        among = np.linalg.pinv(covariance[np.ix_(leads, leads)], hermitian=True)
        joint = estimate[leads] @ among @ estimate[leads] / leads.size if statistic is None else statistic
        return PreTrend(float(joint), leads.size, df, float(f.sf(joint, leads.size, df)))

    since = (design.period - design.start)[design.start != NEVER]
    n_treated = np.array([np.count_nonzero(since == time) for time in times])
    average, n_entities = (float(fit.overall_att), float(fit.overall_se)), design.panel.n_entities
    return EventStudy(
        times, estimate, covariance, statistic is None, n_treated, *average, n_entities, df, attempt(tested)
    )


METHODS: Mapping[str, Callable[[StaggeredDesign, int], EventStudy]] = {
    "sun_abraham": sun_abraham,
    "imputation": imputation,
    "callaway_santanna": callaway_santanna,
}


def two_way_comparisons(design: StaggeredDesign) -> list[dict[str, Any]]:
    """Return the comparisons that the coefficient is a mean of, without controls (Goodman-Bacon 2021).

    As rows of a table; weights add up to one (theorem 1).

    Raises
    ------
    EstimationError
        Where the panel is unbalanced, since the weights add up in balanced panels alone.
    """
    from diff_diff import BaconDecomposition

    require_balanced(design)
    with _quietly():
        found = BaconDecomposition().fit(design.frame(), **COLUMNS)
    return [
        {
            "comparison": one.comparison_type,
            "start": design.labels[int(one.treated_group)],
            "other": design.labels.get(one.control_group),
            "weight": one.weight,
            "estimate": one.estimate,
        }
        for one in found.comparisons
    ]
