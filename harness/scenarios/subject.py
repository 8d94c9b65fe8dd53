"""An estimator under question: its fit on some rows, and draws of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from numpy.random import Generator

from harness.arrays import Ints
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.estimators.protocol import Estimator, Fitted, FittedDraws, HasDraws
from harness.evaluation.resample import ResampleUnit, draw_weights
from harness.rng import random_stream
from harness.scenarios.draws import fit_draws


@dataclass(frozen=True)
class DrawPlan:
    """The bootstrap draws a scenario asks for; equal plans share their draws.

    Attributes
    ----------
    n_draws : >= 2
    unit : what is resampled
    """

    n_draws: int
    unit: ResampleUnit


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
    rows: str = "all rows"
    _drawn: dict[DrawPlan, FittedDraws] = field(default_factory=dict, init=False, repr=False)

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
