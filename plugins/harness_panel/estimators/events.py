"""Treatments that start: event studies, and what two-way effects make of starts that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.plugin import (
    CoefficientTable,
    EstimationError,
    Floats,
    Ints,
    Message,
    Note,
    Panel,
    Treatment,
    marked,
)
from harness_panel.diagnostics.effects import effect_tests, wald_of_slopes
from harness_panel.solver.regression import Regression
from harness_panel.statistics import by_columns

_ROUNDING = 1e-12


def linear_weights(regression: Regression) -> Floats:
    """Return what each row's outcome counts in the coefficient of the exposure, (n_obs,)."""
    within = regression.within
    return np.asarray(np.sqrt(regression.weights) * (within.basis @ within.to_slopes[0]))


# Period before the start, which the others are compared with.
REFERENCE = -1


@dataclass(frozen=True, eq=False)
class Events:
    """What is known of a treatment besides its coefficient.

    Attributes
    ----------
    exposure : name of the treatment
    treatment : of the exposure
    width : periods before and after the start; the outermost hold those further away as well
    weights : (n_treated,), of the treated rows in the coefficient, by `linear_weights`
    table : coefficients of the dummies of periods, among others; None where these rows cannot carry it
    reason : why there is none
    """

    exposure: str
    treatment: Treatment
    width: int
    weights: Floats
    table: CoefficientTable | None = None
    reason: str = ""

    @property
    def terms(self) -> Mapping[int, str]:
        """Names of the coefficients, such as ``zone, 2 periods before``, by periods since the start."""
        periods = [at for at in range(-self.width, self.width + 1) if at != REFERENCE]
        return {at: self._term(at) for at in periods}

    def _term(self, at: int) -> str:
        if at == 0:
            return f"{self.exposure}, period of the start"
        further = " or more" if abs(at) == self.width else ""
        plural = "" if abs(at) == 1 and not further else "s"
        return f"{self.exposure}, {abs(at)}{further} period{plural} {'before' if at < 0 else 'after'}"

    @property
    def since(self) -> Ints:
        """Periods since the start, (n_obs,), those outside the window as its outermost."""
        return np.clip(self.treatment.since, -self.width, self.width)

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with a dummy for each period in the place of the exposure.

        The period of the start comes first, as the exposure; the others are the last controls.
        """
        since, is_ever = self.since, self.treatment.is_ever
        dummies = {name: (is_ever & (since == at)).astype(np.float64) for at, name in self.terms.items()}
        start = self._term(0)
        first = dummies.pop(start)
        X = np.column_stack([first, panel.X[:, 1:], *dummies.values()])
        controls = (*panel.controls, *dummies)
        return replace(panel, exposure=start, levels=(), controls=controls, X=X, derived=())

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the event study as a tidy table, its reference period with a zero; none without one."""
        if self.table is None:
            return {}
        place = {term: at for at, term in enumerate(self.table.terms)}
        limits, terms = self.table.conf_int(0.95), {**self.terms, REFERENCE: ""}
        since = self.since[self.treatment.is_ever]
        n_obs = dict(zip(*map(np.ndarray.tolist, np.unique(since, return_counts=True)), strict=True))
        rows: list[tuple[object, ...]] = []
        for period, term in sorted(terms.items()):
            at = place.get(term)
            if period == REFERENCE:
                rows.append((period, 0.0, None, None, None, n_obs.get(period, 0)))
            elif at is not None:
                numbers = (self.table.estimate[at], self.table.std_error[at], *limits[at])
                rows.append((period, *map(float, numbers), n_obs.get(period, 0)))
        names = ("event_time", "estimate", "std_error", "conf_low", "conf_high", "n_obs")
        return {"event_study": by_columns(names, rows)}

    def result_rows(self, panel: Panel) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the joint test that there is no effect before the start; none without an event study.

        It is refused where no lead has a coefficient, or clusters are too few for their covariance.
        """
        if self.table is None:
            return {}
        name, against, kept = "pre_trend", "no effect before", self.table.terms
        leads = [kept.index(term) for at, term in self.terms.items() if at < 0 and term in kept]
        try:
            found = wald_of_slopes(self.table, leads)
        except EstimationError as error:
            row = (panel.exposure, name, against, "refused", error.problems[0].what)
            return {"effect_tests": by_columns(("exposure", "test", "against", "status", "reason"), [row])}
        tests = [(name, against, found.statistic, found.p_value)]
        return {"effect_tests": effect_tests(panel, tests, exposure=panel.exposure)}

    def notes(self) -> Iterator[Note]:
        """Yield a warning where treatment is staggered, and one where there is no event study.

        With two-way effects the coefficient is a weighted sum of the treated rows' effects, whose weights sum
        to one (theorem 1 of de Chaisemartin & D'Haultfoeuille 2020, with their sizes in the weights).
        """
        exposure = repr(self.exposure)
        if self.treatment.n_starts > 1:
            negative = self.weights[self.weights < -_ROUNDING * np.abs(self.weights).max()]
            message = Message(
                "{exposure} starts in {n_starts} different periods. Its two-way fixed effects "
                "coefficient weights the effects of {size} treated rows, {size_2} of them "
                "negatively (total weight {sum}). If effects differ, it may lie far from all of "
                "them (de Chaisemartin & D'Haultfoeuille 2020), and the event study and its test "
                "are biased too: use `use: did`.",
                exposure=exposure,
                n_starts=self.treatment.n_starts,
                size=self.weights.size,
                size_2=negative.size,
                sum=f"{float(negative.sum()):.3g}",
            )
            yield Note("W-STAGGERED", self.exposure, message)
        if self.table is None:
            words = marked("No event study of {exposure}: {reason}.")
            yield Note("W-EVENTS", self.exposure, Message(words, exposure=exposure, reason=self.reason))
