"""Sun & Abraham, imputation, Callaway & Sant'Anna and the two-way weights, as diff-diff computes them.

diff-diff has all of them, needs numpy, pandas and SciPy alone, and agrees with R's did, didimputation, fixest
and bacondecomp. pyfixest has Sun & Abraham and two-stage imputation only; its estimates equal these. Bounds
under violated trends are our own (`harness_causal.bounds`): those of diff-diff for relative magnitudes take
the estimated trend before the start as if it were known.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.plugin import Attempt, EstimationError, Floats, Ints, attempt, marked
from harness_causal.design import NEVER, StaggeredDesign
from harness_causal.event_study import EventStudy, PreTrend, require_leads, wald_of_leads

# What diff-diff calls the columns of `StaggeredDesign.frame`.
COLUMNS = {"outcome": "y", "unit": "unit", "time": "time", "first_treat": "start"}


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
        fit = SunAbraham(df_convention="cluster").fit(design.frame(), **COLUMNS, **_covariates(design))
    times = np.array(fit.event_study_vcov_index, dtype=np.int64)
    estimate = np.array([fit.event_study_effects[time]["effect"] for time in times])
    covariance = fit.event_study_vcov
    tested = _tested(design, window, times, estimate, covariance)
    return _event_study(design, times, estimate, covariance, fit, tested)


def callaway_santanna(design: StaggeredDesign, window: int) -> EventStudy:
    """Return doubly robust effects of cohorts by time since the start (Callaway & Sant'Anna 2021).

    Compared with entities not treated yet, all periods with the one before the start, so that effects before
    and after it are of one kind (Roth 2024).

    Raises
    ------
    EstimationError
        Where the panel is unbalanced, since changes need both periods of every entity.
    """
    from diff_diff import CallawaySantAnna

    _require_balanced(design)
    method = CallawaySantAnna(control_group="not_yet_treated", base_period="universal")
    with _quietly():
        fit = method.fit(design.frame(), **COLUMNS, **_covariates(design))
        found = fit.aggregate("event_study")
    is_own = np.isin(found.event_time, found.vcov_index)
    times = found.event_time[is_own].astype(np.int64)
    tested = _tested(design, window, times, found.att[is_own], found.vcov)
    return _event_study(design, times, found.att[is_own], found.vcov, fit, tested)


def imputation(design: StaggeredDesign, window: int) -> EventStudy:
    """Return the outcome less what untreated rows predict (Borusyak, Jaravel & Spiess 2024).

    Errors are those of their theorem 3, with effects of entities left out one by one (their appendix A.9);
    leads, and their test, come from a regression on untreated rows alone (their section 4.4).
    """
    from diff_diff import ImputationDiD

    method = ImputationDiD(pretrends=True, leave_one_out=True)
    with _quietly():
        fit = method.fit(design.frame(), **COLUMNS, **_covariates(design))
        found = fit.aggregate("event_study")
        tested = fit.pretrend_test(n_leads=window - 1)
    is_own = ~found.is_reference & np.isfinite(found.se)
    times = found.event_time[is_own].astype(np.int64)
    covariance = np.diag(np.square(found.se[is_own]))
    df = design.panel.n_entities - 1

    def pre_trend() -> PreTrend:
        require_leads(tested["n_leads"])
        return PreTrend(float(tested["f_stat"]), int(tested["n_leads"]), df)

    return _event_study(design, times, found.att[is_own], covariance, fit, attempt(pre_trend))


def _covariates(design: StaggeredDesign) -> dict[str, list[str] | None]:
    return {"covariates": list(design.covariates) or None}


def _require_balanced(design: StaggeredDesign) -> None:
    if not design.is_balanced:
        what = marked("entities have different periods, and changes since a start need both of its periods")
        raise EstimationError.at("rows", what, hint=marked("keep entities that are there in every period"))


def _event_study(
    design: StaggeredDesign,
    times: Ints,
    estimate: Floats,
    covariance: Floats,
    fit: Any,  # noqa: ANN401 - results of diff-diff, which states no types
    pre_trend: Attempt[PreTrend],
) -> EventStudy:
    since = (design.period - design.start)[design.start != NEVER]
    n_treated = np.array([np.count_nonzero(since == time) for time in times])
    average = float(fit.overall_att), float(fit.overall_se)
    n_entities, is_joint = design.panel.n_entities, bool(np.any(covariance - np.diag(np.diag(covariance))))
    return EventStudy(times, estimate, covariance, is_joint, n_treated, *average, n_entities, pre_trend)


def _tested(
    design: StaggeredDesign, window: int, times: Ints, estimate: Floats, covariance: Floats
) -> Attempt[PreTrend]:
    df = design.panel.n_entities - 1
    return attempt(lambda: wald_of_leads(times, estimate, covariance, window=window, df=df))


METHODS: Mapping[str, Callable[[StaggeredDesign, int], EventStudy]] = {
    "sun_abraham": sun_abraham,
    "imputation": imputation,
    "callaway_santanna": callaway_santanna,
}


@dataclass(frozen=True)
class CohortComparison:
    """A comparison of two cohorts that the two-way estimate is a mean of (Goodman-Bacon 2021, theorem 1).

    Attributes
    ----------
    kind : ``treated_vs_never``, ``earlier_vs_later``, or with those that were treated already `FORBIDDEN`
    start, other : periods in which the two start; `NEVER` of those that do not
    weight : in the two-way estimate; all add up to one
    estimate : outcome units
    """

    kind: str
    start: int
    other: int
    weight: float
    estimate: float


def two_way_comparisons(design: StaggeredDesign) -> tuple[CohortComparison, ...]:
    """Return the comparisons that the coefficient of the treatment is made of, without controls.

    Raises
    ------
    EstimationError
        Where the panel is unbalanced, since the weights add up in balanced panels alone.
    """
    from diff_diff import BaconDecomposition

    _require_balanced(design)
    with _quietly():
        found = BaconDecomposition().fit(design.frame(), **COLUMNS)
    others = (NEVER if isinstance(one.control_group, str) else one.control_group for one in found.comparisons)
    return tuple(
        CohortComparison(one.comparison_type, int(one.treated_group), int(other), one.weight, one.estimate)
        for one, other in zip(found.comparisons, others, strict=True)
    )
