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

from harness.plugin import LONG_AGO, Coded, EstimationError, Floats, Ints, Panel, Treatment, attempt, marked
from harness_causal.event_study import REFERENCE, CohortEffect, EventStudy, PreTrend, leads_of, least_trend

if TYPE_CHECKING:
    import pandas as pd


# By weights and a regression (Sant'Anna & Zhao 2020), or by either alone.
Weighting = Literal["doubly_robust", "inverse_probability", "regression"]

# Entities that those whose treatment starts are compared with, by Callaway & Sant'Anna.
Comparison = Literal["not_yet_treated", "never_treated"]

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
    n_undated : entities whose start may be later, as of `Treatment`
    comparison : entities that Callaway & Sant'Anna compare with
    """

    panel: Panel
    start: Ints
    adjust: bool = True
    weighting: Weighting = "doubly_robust"
    n_always: int = 0
    n_late: int = 0
    n_undated: int = 0
    comparison: Comparison = "not_yet_treated"

    @classmethod
    def of(
        cls,
        panel: Panel,
        *,
        adjust: bool = True,
        weighting: Weighting = "doubly_robust",
        starts: str | None = None,
        comparison: Comparison = "not_yet_treated",
    ) -> StaggeredDesign:
        """Return the design of a panel.

        Parameters
        ----------
        starts : grouping column with the period in which the treatment of the row's entity starts; without
            one it is the period after the last untreated row

        Raises
        ------
        EstimationError
            Where the exposure is no treatment, or not of the starts that a column has, or rows have weights.
        """
        treatment = Treatment.of(panel)
        if panel.weights is not None:
            what, hint = marked("weights are not supported"), marked("drop roles.weights")
            raise EstimationError.at("weights", what, hint=hint)
        is_kept = treatment.since != LONG_AGO
        rows = np.flatnonzero(is_kept)
        n_always = np.unique(panel.entity.codes[~is_kept]).size
        kept, is_ever = panel.take(rows), treatment.is_ever[rows]
        start, n_undated = np.where(is_ever, _from_one(kept) - treatment.since[rows], NEVER), 0
        if starts is None:
            n_undated = treatment.n_undated
        else:
            start = starts_of(kept, starts)
        return cls(kept, start, adjust, weighting, n_always, n_undated=n_undated, comparison=comparison)

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

    def balanced(self) -> tuple[StaggeredDesign, int]:
        """Return the design of entities observed in every period, and how many others there are.

        Raises
        ------
        EstimationError
            Where none is, or too few are to compare.
        """
        panel, n_periods = self.panel, np.bincount(self.panel.entity.codes)
        rows = np.flatnonzero(n_periods[panel.entity.codes] == panel.n_periods)
        if rows.size == panel.n_obs:
            return self, 0
        n_dropped = panel.n_entities - np.unique(panel.entity.codes[rows]).size
        if rows.size == 0:
            what = marked("no entity is observed in every period, and changes since the start need both")
            raise EstimationError.at("rows", what, hint=marked("keep periods in which most are observed"))
        return replace(self, panel=panel.take(rows), start=self.start[rows]).compared(), n_dropped

    def compared(self) -> StaggeredDesign:
        """Return the design with entities to compare with.

        Where all are treated in the end, the last to start are those, until they do (Sun & Abraham 2021).

        Raises
        ------
        EstimationError
            Where all start in one period.
        """
        if (self.start == NEVER).any():
            return self
        first, last = np.unique(self.start)[[0, -1]]
        if first == last:
            what = marked("every entity starts in the same period: there is no comparison group")
            hint = marked("add entities that are never treated or start later")
            raise EstimationError.at(self.panel.exposure, what, hint=hint)
        rows = np.flatnonzero(self.period < last)
        start = np.where(self.start == last, NEVER, self.start)[rows]
        n_late = self.panel.n_obs - rows.size
        return replace(self, panel=self.panel.take(rows), start=start, n_late=n_late)

    def of_several(self) -> StaggeredDesign:
        """Return the same.

        Raises
        ------
        EstimationError
            Where one entity alone is treated or compared with.
        """
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


def starts_of(panel: Panel, column: str) -> Ints:
    """Return the period in which each row's entity starts by a column, from 1; `NEVER` of what is no period.

    Raises
    ------
    EstimationError
        Where a row is treated before its start, or not from then on.
    """
    group, names = panel.group(column), panel.time.labels
    periods = {
        str(names[code]): period for code, period in zip(panel.time.codes, _from_one(panel), strict=True)
    }
    start = np.array([periods.get(str(label).removesuffix(".0"), NEVER) for label in group.labels])[
        group.codes
    ]
    is_treated = (start != NEVER) & (_from_one(panel) >= start)
    wrong = np.flatnonzero(is_treated != (panel.column(panel.exposure) == 1.0))
    if wrong.size:
        entity = panel.entity.labels[panel.entity.codes[wrong[0]]]
        what = Coded("the exposure of {entity} does not start when this column says", entity=entity)
        raise EstimationError.at(column, what, marked("1 from the period of the start on, 0 before it"))
    return np.asarray(start)


# What diff-diff calls the columns of `StaggeredDesign.frame`.
COLUMNS = {"outcome": "y", "unit": "unit", "time": "time", "first_treat": "start"}

OF_TWO_KINDS = marked("its effects before the start are not comparable with those after it (Roth 2024)")

# What diff-diff calls ways to hold regressors fixed.
WEIGHTINGS: Mapping[Weighting, str] = {
    "doubly_robust": "dr",
    "inverse_probability": "ipw",
    "regression": "reg",
}


@contextmanager
def quietly() -> Iterator[None]:
    """Leave out warnings about the library's own use of pandas, and about cells that it leaves out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def sun_abraham(design: StaggeredDesign, window: int) -> EventStudy:
    """Return interaction-weighted effects of a saturated regression (Sun & Abraham 2021, section 4).

    Compared with entities never treated; errors clustered by entity.
    """
    from diff_diff import SunAbraham

    class OfCellsThatAre(SunAbraham):  # type: ignore[misc]  # diff-diff has no types
        """Averages over the cells that are no linear combination of others, as fixest has them."""

        def _fit_saturated_regression(self, *given: Any, **named: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as there
            effects, errors, covariance, index, *rest = super()._fit_saturated_regression(*given, **named)
            kept = [cell for cell in index if np.isfinite(effects[cell])]
            rows = [index[cell] for cell in kept]
            self.collinear = [cell for cell in index if cell not in kept]
            only = ({cell: numbers[cell] for cell in kept} for numbers in (effects, errors))
            return *only, covariance[np.ix_(rows, rows)], {cell: row for row, cell in enumerate(kept)}, *rest

    method = OfCellsThatAre()
    with quietly():
        fit = method.fit(design.frame(), **COLUMNS, covariates=design.covariates)
    times = np.array(fit.event_study_vcov_index, dtype=np.int64)
    estimate = np.array([fit.event_study_effects[time]["effect"] for time in times])
    cells = [*fit.cohort_effects.items(), *((cell, {}) for cell in method.collinear)]
    study = _event_study(design, window, times, estimate, fit.event_study_vcov, fit)
    return replace(study, cohorts=tuple(_cohorts(design, dict(cells))))


def callaway_santanna(design: StaggeredDesign, window: int) -> EventStudy:
    """Return doubly robust effects of cohorts by time since the start (Callaway & Sant'Anna 2021).

    Of entities observed in every period, as R's did has it; compared with those not treated yet, or never,
    all periods with the one before the start, so that effects before and after it are of one kind (Roth
    2024). Next to a regression diff-diff divides weighted changes of the untreated by the number of treated,
    R's DRDID by the sum of weights: they differ by rounding in large samples, in the third digit in small
    ones.

    Raises
    ------
    EstimationError
        Where no entity is observed in every period, since changes need both periods.
    """
    from diff_diff import CallawaySantAnna

    design = design.balanced()[0].of_several()
    method = CallawaySantAnna(
        control_group=design.comparison,
        base_period="universal",
        estimation_method=WEIGHTINGS[design.weighting],
    )
    with quietly():
        fit = method.fit(design.frame(), **COLUMNS, covariates=design.covariates)
        found = fit.aggregate("event_study")
    is_own = np.isin(found.event_time, found.vcov_index)
    times = found.event_time[is_own].astype(np.int64)
    cells = {(start, time - start): cell for (start, time), cell in fit.group_time_effects.items()}
    study = _event_study(design, window, times, found.att[is_own], found.vcov, fit)
    return replace(study, cohorts=tuple(_cohorts(design, cells)))


def _cohorts(
    design: StaggeredDesign, cells: Mapping[tuple[int, int], Mapping[str, float]]
) -> Iterator[CohortEffect]:
    """Yield effects by start and time since, which are the keys; none of the reference."""
    since = design.period - design.start
    for (start, time), cell in sorted(cells.items()):
        if time != REFERENCE:
            n_treated = int(np.count_nonzero((design.start == start) & (since == time)))
            label = design.labels.get(start, marked("not observed"))
            effect, error = (float(cell.get(name, np.nan)) for name in ("effect", "se"))
            yield CohortEffect(str(label), int(time), n_treated, effect, error)


def imputation(design: StaggeredDesign, window: int) -> EventStudy:
    """Return the outcome less what untreated rows predict (Borusyak, Jaravel & Spiess 2024).

    Errors are those of their theorem 3, with effects of entities left out one by one (their appendix A.9);
    leads, and their test, come from a regression on untreated rows alone (their section 4.4).
    """
    from diff_diff import ImputationDiD

    method = ImputationDiD(pretrends=True, leave_one_out=True)
    with quietly():
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
    apart = "" if statistic is None else OF_TWO_KINDS
    return EventStudy(
        times, estimate, covariance, apart, n_treated, *average, n_entities, df, attempt(tested)
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
    with quietly():
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
