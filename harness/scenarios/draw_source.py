"""Whose draws answer a scenario: those that a fit is the mean of, or bootstrap draws of all rows or some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.data.panel import Panel
from harness.estimators.protocol import Estimator
from harness.rng import random_stream
from harness.scenarios.draws import DrawPlan, Numbers, Resamples, joined
from harness.scenarios.place import FitPlace
from harness.scenarios.subsample import Subsample, carried_on, is_trained_anew, subsamples


@dataclass(frozen=True)
class OwnDraws:
    """The draws that a fit is the mean of."""

    n_draws: int

    def __str__(self) -> str:
        return f"{self.n_draws} draws of its own"


@dataclass(frozen=True)
class ScenarioDraws:
    """Bootstrap draws that scenarios ask for.

    Attributes
    ----------
    some : the rows that are drawn of; None for all
    """

    plan: DrawPlan
    some: Subsample | None = None

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return self.plan.n_draws

    def __str__(self) -> str:
        own = f"{self.n_draws} draws by {self.plan.unit}"
        return own if self.some is None else f"{own}, of {self.some}"

    def drawn_of(self, panel: Panel) -> Panel:
        """Return the rows of a panel that are drawn of."""
        if self.some is None:
            return panel
        some = panel.take(self.some.rows)
        return replace(some, entity=some.entity.without_absent())

    def averaged(self, panel: Panel) -> Panel:
        """Return the rows of a panel that predictions of draws are averaged over."""
        return panel if self.some is None else panel.take(self.some.averaged)

    def resamples(self, estimator: Estimator, panel: Panel, place: FitPlace, seed: int) -> Resamples:
        """Return the draws of an estimator.

        Parameters
        ----------
        panel : all rows of the fit
        seed : root seed of the study
        """
        rows = place.sample if self.some is None else f"{place.sample}, {self.some}"
        return Resamples(estimator, self.drawn_of(panel), self.plan, seed, place.estimator, rows)


def scenario_draws(
    estimator: Estimator, panel: Panel, plan: DrawPlan, place: FitPlace, seed: int
) -> tuple[ScenarioDraws, ...]:
    """Return whose draws answer a plan: those of all rows, or half of them of each of two subsamples.

    Parameters
    ----------
    seed : root seed of the study
    """
    if not is_trained_anew(estimator):
        return (ScenarioDraws(plan),)
    rng = random_stream(seed, "subsample", panel.outcome, place.sample)
    found = subsamples(panel, most_rows=plan.most_rows, unit=plan.unit, rng=rng)
    half = replace(plan, n_draws=max(2, plan.n_draws // 2))
    return tuple(ScenarioDraws(half, some) for some in found) or (ScenarioDraws(plan),)


DrawSource = OwnDraws | ScenarioDraws
"""Whose draws they are."""


def draws_of_all(fit: Numbers, drawn: Sequence[tuple[ScenarioDraws, Numbers]]) -> Numbers:
    """Return the numbers of draws as draws of all rows give them, or would.

    Parameters
    ----------
    fit : numbers of the fit on all rows
    drawn : whose draws answer a plan, see `scenario_draws`, and what they answered
    """
    somes = [source.some for source, _ in drawn if source.some is not None]
    numbers = [own for _, own in drawn]
    return carried_on(fit, numbers, somes) if somes else joined(numbers)
