"""Treatments that start: event studies, and what two-way effects make of starts that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness import plugin
from harness.plugin import CoefficientTable, EstimationError, Floats, Ints, Mask, Message, Note, Panel, marked
from harness_panel.diagnostics.effects import Diagnostic, effect_tests, wald_of_slopes
from harness_panel.solver.regression import Regression
from harness_panel.statistics import by_columns

# Periods since a start that was before all rows of the entity.
LONG_AGO = 1_000_000


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


_ROUNDING = 1e-12


def linear_weights(regression: Regression) -> Floats:
    """Return what each row's outcome counts in the coefficient of the exposure, (n_obs,)."""
    within = regression.within
    return np.asarray(np.sqrt(regression.weights) * (within.basis @ within.to_slopes[0]))


# Period before the start, which the others are compared with.
REFERENCE = -1


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
        since = self.clip(treatment.since)
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

    def clip(self, since: Ints) -> Ints:
        """Return periods since the start, (n,), those outside the window as its outermost."""
        return np.clip(since, -self.leads, self.lags)

    def term(self, exposure: str, at: int) -> str:
        """Return the name of a period's coefficient, such as ``zone, 2 periods before``."""
        if at == 0:
            return f"{exposure}, period of the start"
        further = " or more" if at in (-self.leads, self.lags) else ""
        plural = "" if abs(at) == 1 and not further else "s"
        return f"{exposure}, {abs(at)}{further} period{plural} {'before' if at < 0 else 'after'}"


@dataclass(frozen=True, eq=False)
class Events:
    """What is known of a treatment besides its coefficient.

    Attributes
    ----------
    treatment : of the exposure
    window : periods of the event study
    table : coefficients of its dummies, among others; None where these rows cannot carry it
    reason : why there is none
    weights : (n_treated,), of the treated rows in the coefficient, by `linear_weights`
    """

    treatment: Treatment
    window: EventWindow
    table: CoefficientTable | None
    reason: str
    weights: Floats

    @classmethod
    def of(
        cls,
        panel: Panel,
        window: EventWindow,
        regress: Callable[[Panel], Regression],
        tabulate: Callable[[Panel], CoefficientTable],
    ) -> Events | None:
        """Return what is known of a panel's exposure; None where it is no treatment.

        Parameters
        ----------
        regress : regresses the panel on the estimator's effects
        tabulate : fits the panel of the event study with the estimator's effects and covariance
        """
        treatment = Treatment.of(panel)
        if treatment is None:
            return None
        table, reason = None, ""
        try:
            table = tabulate(window.expand(panel, treatment))
        except EstimationError as error:
            reason = error.problems[0].what
        return cls(treatment, window, table, reason, linear_weights(regress(panel))[treatment.is_treated])

    def details(self, exposure: str) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the event study as a tidy table, its reference period with a zero; none without one."""
        if self.table is None:
            return {}
        place = {term: at for at, term in enumerate(self.table.terms)}
        limits = self.table.conf_int(0.95)
        since = self.window.clip(self.treatment.since[self.treatment.is_ever])
        n_obs = dict(zip(*map(np.ndarray.tolist, np.unique(since, return_counts=True)), strict=True))
        rows: list[tuple[object, ...]] = []
        for period in range(-self.window.leads, self.window.lags + 1):
            at = place.get(self.window.term(exposure, period))
            if period == REFERENCE:
                rows.append((period, 0.0, None, None, None, n_obs.get(period, 0)))
            elif at is not None:
                numbers = (self.table.estimate[at], self.table.std_error[at], *limits[at])
                rows.append((period, *map(float, numbers), n_obs.get(period, 0)))
        names = ("event_time", "estimate", "std_error", "conf_low", "conf_high", "n_obs")
        return {"event_study": by_columns(names, rows)}

    def pre_trend(self, exposure: str) -> Diagnostic:
        """Test jointly that there is no effect before the start.

        Raises
        ------
        EstimationError
            Where there is no event study, no lead has a coefficient, or clusters are too few for their
            covariance.
        """
        if self.table is None:
            raise EstimationError(plugin.Problem("event study", self.reason))
        wanted = {self.window.term(exposure, at) for at in self.window.periods if at < 0}
        at = [place for place, term in enumerate(self.table.terms) if term in wanted]
        found = wald_of_slopes(self.table, at)
        return replace(found, name="pre_trend", null=marked("no effect before the treatment starts"))

    def result_rows(self, panel: Panel) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the test that there is no effect before the start; none without an event study."""
        if self.table is None:
            return {}
        against = "no effect before"
        try:
            found = self.pre_trend(panel.exposure)
        except EstimationError as error:
            row = (panel.exposure, "pre_trend", against, "refused", error.problems[0].what)
            return {"effect_tests": by_columns(("exposure", "test", "against", "status", "reason"), [row])}
        tests = [("pre_trend", against, found.statistic, found.p_value)]
        return {"effect_tests": effect_tests(panel, tests, exposure=panel.exposure)}

    def notes(self, exposure: str) -> Iterator[Note]:
        """Yield a warning where treatment is staggered, and one where there is no event study.

        With two-way effects the coefficient is a weighted sum of the treated rows' effects, whose weights sum
        to one (theorem 1 of de Chaisemartin & D'Haultfoeuille 2020, with their sizes in the weights).
        """
        if self.treatment.n_starts > 1:
            negative = self.weights[self.weights < -_ROUNDING * np.abs(self.weights).max()]
            message = Message(
                "{exposure} starts in {n_starts} different periods. With two-way effects its coefficient "
                "weighs the effects of {size} treated rows, {size_2} of them negatively, by {sum} in "
                "all; where effects differ, it need not be near any of them (de Chaisemartin & "
                "D'Haultfoeuille 2020).",
                exposure=repr(exposure),
                n_starts=self.treatment.n_starts,
                size=self.weights.size,
                size_2=negative.size,
                sum=f"{float(negative.sum()):.3g}",
            )
            yield Note("W-STAGGERED", exposure, message)
        if self.table is None:
            yield Note(
                "W-EVENTS",
                exposure,
                Message(
                    "There is no event study of {exposure}: {reason}.",
                    exposure=repr(exposure),
                    reason=self.reason,
                ),
            )
