"""An estimator under question: its fit on some rows, and draws of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from numpy.random import Generator

from harness.arrays import Ints
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.estimators.draws import FittedDraws, HasDraws
from harness.estimators.guard import attempt
from harness.estimators.protocol import Estimator, Fitted
from harness.evaluation.resample import draw_weights
from harness.rng import random_stream
from harness.scenarios.asked import ALL_ROWS, Asked, AsksModels, Sample, Tables
from harness.scenarios.draw_source import ScenarioDraws, draws_of_all, scenario_draws
from harness.scenarios.draws import (
    DrawPlan,
    FitAndDraws,
    Numbers,
    cut_draws,
    fit_draws,
    joined,
    refusals_of,
    too_many_refused,
)
from harness.scenarios.place import FitPlace


@dataclass(frozen=True, eq=False)
class Subject:
    """What a scenario may ask of one estimator.

    Attributes
    ----------
    estimator : its options
    panel : the rows it is fitted on
    fit : the estimator on these rows
    seed : root seed of the study
    name : of the estimator in the study; labels its random streams
    rows : what `panel` holds, such as ``all rows``; labels the streams as well
    """

    estimator: Estimator
    panel: Panel
    fit: Fitted
    seed: int
    name: str
    rows: str = ALL_ROWS
    _drawn: dict[DrawPlan, FittedDraws] = field(default_factory=dict, init=False, repr=False)

    @property
    def carries_draws(self) -> bool:
        """Whether the fit has draws of its own."""
        return isinstance(self.fit, HasDraws)

    def draws(self, plan: DrawPlan) -> FittedDraws:
        """Return the draws the fit carries, or bootstrap draws; all estimators are drawn the same entities.

        Raises
        ------
        EstimationError
            Where the estimator refuses the draws.
        """
        if isinstance(self.fit, HasDraws):
            return self.fit.draws
        if plan not in self._drawn:
            labels = plan.unit, plan.n_draws
            weights = draw_weights(self.panel, plan.n_draws, unit=plan.unit, rng=self.rng("weights", *labels))
            own = self.rng("draws", *labels, self.name)
            self._drawn[plan] = fit_draws(self.estimator, self.panel, weights=weights, rng=own)
        return self._drawn[plan]

    def answers(self, scenario: AsksModels) -> Tables:
        """Return what the estimator answers to a scenario that asks models for numbers, draws made here.

        Raises
        ------
        EstimationError
            Where the estimator refuses the draws, or nothing can be asked on these rows.
        """
        whole = self.numbers(scenario)
        samples = {
            sample.name: attempt(partial(self._numbers_of_sample, scenario, sample))
            for sample in scenario.samples(self.panel)
        }
        return scenario.concluded(Asked(self.panel, self.seed, self.carries_draws, whole, samples))

    def _numbers_of_sample(self, scenario: AsksModels, sample: Sample) -> FitAndDraws:
        return self.refitted(sample.rows, name=sample.name).numbers(scenario)

    def numbers(self, scenario: AsksModels) -> FitAndDraws:
        """Return what a scenario asks of the fit and of its draws, made block by block.

        Raises
        ------
        EstimationError
            Where the estimator refuses the draws, or nothing can be asked on these rows.
        """
        fit = scenario.numbers(self.fit, self.panel, self.panel)
        if isinstance(self.fit, HasDraws):
            return FitAndDraws(fit, scenario.numbers(self.fit.draws, self.panel, self.panel))
        place = FitPlace(self.panel.outcome, self.name, self.rows)
        sources = scenario_draws(self.estimator, self.panel, scenario.plan, place, self.seed)
        drawn = [(source, self._of_draws(source, place, scenario)) for source in sources]
        return FitAndDraws(fit, draws_of_all(fit, drawn))

    def _of_draws(self, source: ScenarioDraws, place: FitPlace, scenario: AsksModels) -> Numbers:
        parts: list[Numbers] = []
        refusals: list[EstimationError] = []
        maker = source.resamples(self.estimator, self.panel, place, self.seed).prepare()
        rows = source.averaged(self.panel)
        for draws in cut_draws(source.n_draws, n_obs=rows.n_obs):
            fits = maker.draw(draws)
            refusals += refusals_of(fits)
            if len(refusals_of(fits)) < len(draws):
                parts.append(scenario.numbers(fits, self.panel, rows))
        if too_many_refused(len(refusals), source.n_draws):
            raise refusals[0]
        return joined(parts)

    def refitted(self, rows: Ints, *, name: str) -> Subject:
        """Return the same estimator fitted on some of the rows, (n_rows,) positions.

        Raises
        ------
        EstimationError
            Where the estimator refuses these rows.
        """
        panel = self.panel.take(rows)
        rng = random_stream(self.seed, "fit", panel.outcome, self.name, name)
        fit = self.estimator.fit(panel, rng=rng)
        return Subject(self.estimator, panel, fit, seed=self.seed, name=self.name, rows=name)

    def about(self, exposure: str) -> Subject:
        """Return the same estimator fitted on these rows with another of its regressors as the exposure.

        Raises
        ------
        EstimationError
            Where it has no such regressor, or the estimator refuses it as the exposure.
        """
        if exposure == self.panel.exposure:
            return self
        if exposure not in self.panel.columns:
            what, known = f"'{exposure}' is none of its regressors", ", ".join(self.panel.columns)
            raise EstimationError(Problem(self.name, what, expected=known))
        panel = self.panel.with_exposure(exposure)
        rng = random_stream(self.seed, "fit", panel.outcome, self.name, self.rows, exposure)
        fit = self.estimator.fit(panel, rng=rng)
        return Subject(self.estimator, panel, fit, seed=self.seed, name=self.name, rows=self.rows)

    def rng(self, what: str, *labels: str | int) -> Generator:
        """Return the random stream of these rows and of this outcome that is for something.

        It is the same for all estimators unless a label says which; equal labels give equal numbers, whatever
        was asked before, in whatever process.
        """
        return random_stream(self.seed, what, self.panel.outcome, self.rows, *labels)
