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
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.plugin import LONG_AGO, EstimationError, Floats, Ints, Panel, Treatment, attempt, marked
from harness_causal.event_study import REFERENCE, EventStudy, PreTrend, leads_of, least_trend

if TYPE_CHECKING:
    import pandas as pd


# By weights and a regression (Sant'Anna & Zhao 2020), or by either alone.
Weighting = Literal["doubly_robust", "inverse_probability", "regression"]

# Start of entities that never do, as diff-diff has it; periods count from 1.
NEVER = 0


@dataclass(frozen=True, eq=False)
class StaggeredDesign:
    """Entities by the period in which their treatment starts.

    Attributes
    ----------
    panel : rows, without entities that were never seen untreated
    start : (n_obs,), period in which the treatment of the row's entity starts, from 1; `NEVER` of others
    adjust : whether further regressors are held fixed
    weighting : how comparisons of changes hold them fixed
    n_always : entities left out, since they are treated in all of their rows
    n_late : rows left out, since every entity is treated then
    """

    panel: Panel
    start: Ints
    adjust: bool = True
    weighting: Weighting = "doubly_robust"
    n_always: int = 0
    n_late: int = 0

    @classmethod
    def of(
        cls, panel: Panel, *, adjust: bool = True, weighting: Weighting = "doubly_robust"
    ) -> StaggeredDesign:
        """Return the design of a panel.

        Raises
        ------
        EstimationError
            Where the exposure is no treatment, or rows have weights.
        """
        treatment = Treatment.of(panel)
        if panel.weights is not None:
            what, hint = marked("weights are not supported"), marked("drop roles.weights")
            raise EstimationError.at("weights", what, hint=hint)
        is_kept = treatment.since != LONG_AGO
        rows = np.flatnonzero(is_kept)
        n_always = np.unique(panel.entity.codes[~is_kept]).size
        kept, is_ever = panel.take(rows), treatment.is_ever[rows]
        start = np.where(is_ever, _from_one(kept) - treatment.since[rows], NEVER)
        return cls(kept, start, adjust, weighting, n_always)

    @cached_property
    def period(self) -> Ints:
        """Period of every row, (n_obs,), from 1."""
        return _from_one(self.panel)

    @property
    def labels(self) -> Mapping[int, str]:
        """What periods are called in the data."""
        names = (self.panel.time.labels[code] for code in self.panel.time.codes)
        return dict(zip(self.period.tolist(), names, strict=True))

    @property
    def df(self) -> int:
        """Entities less one, treated or compared with, whichever are fewer.

        So many degrees of freedom a difference of two means has at least (Satterthwaite 1946).
        """
        n_treated = np.unique(self.panel.entity.codes[self.start != NEVER]).size
        return min(n_treated, self.panel.n_entities - n_treated) - 1

    def compared(self) -> StaggeredDesign:
        """Return the design with entities to compare with.

        Where all are treated in the end, the last to start are those, until they do (Sun & Abraham 2021).

        Raises
        ------
        EstimationError
            Where all start in one period, or one entity alone is treated or compared with.
        """
        if (self.start == NEVER).any():
            return self._of_several()
        first, last = np.unique(self.start)[[0, -1]]
        if first == last:
            what = marked("every entity starts in the same period: there is no comparison group")
            hint = marked("add entities that are never treated or start later")
            raise EstimationError.at(self.panel.exposure, what, hint=hint)
        rows = np.flatnonzero(self.period < last)
        start = np.where(self.start == last, NEVER, self.start)[rows]
        n_late = self.panel.n_obs - rows.size
        return replace(self, panel=self.panel.take(rows), start=start, n_late=n_late)._of_several()

    def _of_several(self) -> StaggeredDesign:
        if self.df == 0:
            what = marked("a single entity is treated or serves as comparison: there is no standard error")
            raise EstimationError.at(self.panel.exposure, what)
        return self

    def frame(self) -> pd.DataFrame:
        """Return the columns that diff-diff reads."""
        import pandas as pd

        panel = self.panel
        columns = {"y": panel.observed, "unit": panel.entity.codes, "time": self.period, "start": self.start}
        return pd.DataFrame(columns | dict(zip(self.covariates or (), panel.X.T[1:], strict=False)))

    @property
    def covariates(self) -> list[str] | None:
        """Columns of the frame that are held fixed; None where there are none."""
        return [f"c{at}" for at in range(self.panel.X.shape[1] - 1) if self.adjust] or None


def _from_one(panel: Panel) -> Ints:
    return np.asarray(panel.period - panel.period.min() + 1)


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
        test = PreTrend(float(joint), leads.size, df, float(f.sf(joint, leads.size, df)))
        if statistic is not None:
            return test
        line = (times - REFERENCE)[leads].astype(np.float64)
        slope = least_trend(line, covariance[np.ix_(leads, leads)], df)
        after = times > REFERENCE
        return replace(
            test,
            least_trend=slope,
            bias=slope * float(np.average((times - REFERENCE)[after], weights=n_treated[after])),
        )

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
