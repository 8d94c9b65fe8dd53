"""Treatments that start: event studies, and what two-way effects make of starts that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.plugin import CoefficientTable, EstimationError, Floats, Ints, Mask, Note, Panel
from harness.plugin.reporting import marked
from harness_panel.diagnostics.diagnostic import Diagnostic, Refusal, outcome_of
from harness_panel.diagnostics.effects import wald_of_slopes
from harness_panel.solver.regression import Regression

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


REFERENCE = -1
"""Period before the start, which the others are compared with."""


@dataclass(frozen=True)
class EventWindow:
    """Periods around the start of a treatment; the outermost hold those further away as well.

    Attributes
    ----------
    leads, lags : periods before and after, >= 1
    """

    leads: int
    lags: int

    @property
    def periods(self) -> tuple[int, ...]:
        """Periods since the start that have a coefficient, ascending."""
        return tuple(at for at in range(-self.leads, self.lags + 1) if at != REFERENCE)

    def expand(self, panel: Panel, treatment: Treatment) -> Panel:
        """Return the panel with a dummy for each period in the place of the exposure.

        The period of the start comes first, as the exposure; the others are the last controls.
        """
        since = np.clip(treatment.since, -self.leads, self.lags)
        dummies = {
            self.term(panel.exposure, at): (treatment.is_ever & (since == at)).astype(np.float64)
            for at in self.periods
        }
        start = self.term(panel.exposure, 0)
        first = dummies.pop(start)
        return replace(
            panel,
            exposure=start,
            levels=(),
            controls=(*panel.controls, *dummies),
            X=np.column_stack([first, panel.X[:, 1:], *dummies.values()]),
            derived=(),
        )

    def term(self, exposure: str, at: int) -> str:
        """Return the name of a period's coefficient, such as ``zone, 2 periods before``."""
        if at == 0:
            return f"{exposure}, period of the start"
        further = " or more" if at in (-self.leads, self.lags) else ""
        plural = "" if abs(at) == 1 and not further else "s"
        return f"{exposure}, {abs(at)}{further} period{plural} {'before' if at < 0 else 'after'}"


@dataclass(frozen=True, eq=False)
class EventStudy:
    """Coefficients by period since the start.

    Attributes
    ----------
    window : which periods
    exposure : the treatment
    table : coefficients of the dummies, among others
    n_obs : rows of each period of the window, by period
    """

    window: EventWindow
    exposure: str
    table: CoefficientTable
    n_obs: Mapping[int, int]

    def columns(self) -> Mapping[str, Sequence[object]]:
        """Return a tidy table by columns, the reference period with its zero among them."""
        place = {term: at for at, term in enumerate(self.table.terms)}
        limits = self.table.conf_int(0.95)
        rows: list[tuple[object, ...]] = []
        for period in range(-self.window.leads, self.window.lags + 1):
            at = place.get(self.window.term(self.exposure, period))
            if period == REFERENCE:
                rows.append((period, 0.0, None, None, None, self.n_obs.get(period, 0)))
            elif at is not None:
                numbers = (self.table.estimate[at], self.table.std_error[at], *limits[at])
                rows.append((period, *map(float, numbers), self.n_obs.get(period, 0)))
        names = ("event_time", "estimate", "std_error", "conf_low", "conf_high", "n_obs")
        return {name: [row[at] for row in rows] for at, name in enumerate(names)}

    def pre_trend(self) -> Diagnostic:
        """Test jointly that there is no effect before the start.

        Raises
        ------
        EstimationError
            Where no lead has a coefficient, or clusters are too few for their covariance.
        """
        wanted = {self.window.term(self.exposure, at) for at in self.window.periods if at < 0}
        at = [place for place, term in enumerate(self.table.terms) if term in wanted]
        found = wald_of_slopes(self.table, at)
        return replace(found, name="pre_trend", null=marked("no effect before the treatment starts"))


def rows_of_periods(treatment: Treatment, window: EventWindow) -> Mapping[int, int]:
    """Return the number of rows of each period since the start, the outermost with those further away."""
    since = np.clip(treatment.since[treatment.is_ever], -window.leads, window.lags)
    periods, counts = np.unique(since, return_counts=True)
    return dict(zip(periods.tolist(), counts.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Events:
    """What is told of a treatment besides its coefficient.

    Attributes
    ----------
    study : by periods since the start; None where these rows cannot carry it
    reason : why there is none
    n_starts : different periods in which treatment starts
    weights : of the treated rows in the coefficient
    """

    study: EventStudy | None
    reason: str
    n_starts: int
    weights: TwoWayWeights

    @classmethod
    def of(
        cls,
        panel: Panel,
        window: EventWindow,
        regress: Callable[[Panel], Regression],
        tabulate: Callable[[Panel], CoefficientTable],
    ) -> Events | None:
        """Return what is told of a panel's exposure; None where it is no treatment.

        Parameters
        ----------
        regress : regresses the panel on the estimator's effects
        tabulate : fits the panel of the event study with the estimator's effects and covariance
        """
        treatment = Treatment.of(panel)
        if treatment is None:
            return None
        try:
            table = tabulate(window.expand(panel, treatment))
        except EstimationError as error:
            study, reason = None, error.problems[0].what
        else:
            study, reason = EventStudy(window, panel.exposure, table, rows_of_periods(treatment, window)), ""
        return cls(study, reason, treatment.n_starts, two_way_weights(regress(panel), treatment))

    def effect_tests(self, n_entities: int) -> Mapping[str, Sequence[object]]:
        """Return the test that there is no effect before the start; no columns without an event study."""
        if self.study is None:
            return {}
        found = outcome_of("pre_trend", self.study.pre_trend)
        row: dict[str, object] = {
            "exposure": self.study.exposure,
            "test": "pre_trend",
            "against": "no effect before",
        }
        if isinstance(found, Refusal):
            row |= {"status": "refused", "reason": found.reason}
        else:
            row |= {"statistic": found.statistic, "p_value": found.p_value, "n_entities": n_entities}
        return {name: [value] for name, value in row.items()}

    def notes(self, exposure: str) -> Iterator[Note]:
        """Yield a warning where treatment is staggered, and one where there is no event study."""
        if self.n_starts > 1:
            weights = self.weights
            message = (
                f"{exposure!r} starts in {self.n_starts} different periods. With two-way effects its "
                f"coefficient weighs the effects of {weights.n_treated} treated rows, {weights.n_negative} "
                f"of them negatively, by {weights.negative_sum:.3g} in all; where effects differ, it need "
                "not be near any of them (de Chaisemartin & D'Haultfoeuille 2020)."
            )
            yield Note("W-STAGGERED", exposure, message)
        if self.study is None:
            yield Note("W-EVENTS", exposure, f"There is no event study of {exposure!r}: {self.reason}.")
