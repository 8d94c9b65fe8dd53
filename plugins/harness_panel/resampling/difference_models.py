"""What first differences predict in levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Floats, Panel
from harness_panel.diagnostics.residuals import pesaran, wooldridge
from harness_panel.resampling.absorb import divide
from harness_panel.resampling.grouping import Grouping
from harness_panel.resampling.levels import LevelModels, RawEffects, level_models
from harness_panel.results.diagnostic import Check
from harness_panel.results.linear_fit import EffectsFit
from harness_panel.results.statistics import squared_correlation


@dataclass(frozen=True, eq=False)
class DifferenceModels:
    """Linear models with entity effects and a trend, one a draw.

    Attributes
    ----------
    model : everything but the trend
    trends : (n_draws,), outcome units per period
    start : period where the trend is zero
    """

    model: LevelModels
    trends: Floats
    start: float

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        predicted: Floats = self.model.predict(panel) + self.trends[:, None] * (panel.period - self.start)
        return predicted

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.CanProfile` has it."""
        trends = self.trends * float(panel.period.mean() - self.start)
        means: Floats = self.model.profile(panel, columns, points) + trends[:, None]
        return means


@dataclass(frozen=True, eq=False, repr=False)
class DifferenceFit(EffectsFit):
    """A fit by first differences.

    Attributes
    ----------
    levels : predicts, the trend included
    """

    title: ClassVar[str] = "First differences"

    levels: DifferenceModels

    @property
    def predictor(self) -> DifferenceModels:
        """What predicts; one draw."""
        return self.levels

    def level(self) -> None:
        """Return None, since a constant of differences is a trend and no level."""
        return

    def r2(self) -> float:
        """Return the squared correlation of outcome and fitted values of differences, in [0, 1]."""
        return squared_correlation(self.regression)

    def checks(self) -> tuple[Check, ...]:
        """Return tests of correlation over time, and across entities in differences."""
        differences = self.regression
        return (
            *super().checks(),
            Check("serial_correlation", lambda: wooldridge(self.rows)),
            Check(
                "cross_section_dependence",
                lambda: pesaran(differences.panel, differences.within.residuals),
            ),
        )


def difference_models(panel: Panel, slopes: Floats, trends: Floats, weights: Floats) -> DifferenceModels:
    """Return models in levels from slopes of differences.

    An entity's effect is the weighted mean over its rows of outcome less x b less trend.

    Parameters
    ----------
    slopes : (n_draws, n_columns)
    trends : (n_draws,)
    weights : (n_draws, n_obs), >= 0, of the rows
    """
    grouping = Grouping.of(panel.entity.codes)
    centre, start = panel.X.mean(axis=0), float(panel.period.mean())
    left = panel.observed - slopes @ (panel.X - centre).T - trends[:, None] * (panel.period - start)
    totals = grouping.sums(weights.T)
    values = divide(grouping.sums((weights * left).T), totals)
    labels = tuple(panel.entity.labels[level] for level in grouping.levels.tolist())
    model = level_models(
        centre=centre,
        slopes=slopes,
        intercept=0.0,
        raw=[RawEffects(values.T, totals.T)],
        levels=[("entity", labels)],
    )
    return DifferenceModels(model, trends, start)
