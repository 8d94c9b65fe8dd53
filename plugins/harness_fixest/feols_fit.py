"""What fitting `feols` returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from harness.plugin import (
    CoefficientTable,
    Floats,
    Note,
    Panel,
    ShownFit,
    Statistic,
    rows_in_company,
    statistic_columns,
)
from harness_fixest.estimate import Estimate
from harness_fixest.independent_effects import count_effects
from harness_fixest.models import FeolsModels
from harness_fixest.regression import FeolsRegression


@dataclass(frozen=True, eq=False, repr=False)
class FeolsFit(ShownFit):
    """One fit.

    Attributes
    ----------
    regression : the equation that was estimated
    described : what describes the fit
    table : slopes with their covariance
    model : what predicts; one draw
    notes : what was dropped
    """

    title: ClassVar[str] = "Fixed effects by pyfixest"

    regression: FeolsRegression
    described: tuple[Statistic, ...]
    table: CoefficientTable
    model: FeolsModels
    notes: tuple[Note, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        predicted: Floats = self.model.predict(panel)[0]
        return predicted

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.plugin.CanProfile` has it."""
        means: Floats = self.model.profile(panel, columns, points)[0]
        return means

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since one of their levels is new."""
        return self.model.n_unseen(panel)

    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named."""
        return self.table

    @property
    def outcome(self) -> str:
        """Name of the outcome."""
        return self.regression.panel.outcome

    @property
    def absorbed(self) -> tuple[str, ...]:
        """Keys and columns whose effects are absorbed, by name."""
        return tuple(levels.name for levels in self.regression.design.sets)

    def statistics(self) -> Sequence[Statistic]:
        """Return what describes the fit, every number with its definition."""
        return self.described

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics of the fit, each with its definition."""
        return {"statistics": statistic_columns(self.described)}


def summary(whole: FeolsRegression, used: FeolsRegression, estimate: Estimate) -> tuple[Statistic, ...]:
    """Return what describes a fit.

    Parameters
    ----------
    whole : all training rows
    used : the rows that slopes and errors are computed from
    """
    n_effects = count_effects(used.design)
    df = used.panel.n_obs - estimate.kept.size - n_effects
    left = float(estimate.outcome @ estimate.outcome) * estimate.scale**2
    n_alone = whole.panel.n_obs - rows_in_company(whole.design.sets).size
    rss = estimate.rss
    levels = [
        Statistic(f"n_levels_{levels.name}", levels.n_levels, "levels of this set of effects")
        for levels in used.design.sets
    ]
    return (
        Statistic("n_obs", used.panel.n_obs, "rows of the estimated equation"),
        Statistic("df_resid", df, "rows less coefficients less independent effects"),
        Statistic("rss", rss, "sum of squared residuals of the estimated equation, times weights if any"),
        Statistic("sigma", sqrt(rss / df), "square root of rss / df_resid"),
        Statistic("r2", 1.0 - rss / left, "share of what effects leave of the outcome that columns explain"),
        Statistic("n_effects", n_effects, "independent effects, slopes in time among them"),
        Statistic("n_singleton_rows", n_alone, "rows alone in a level, or so once such rows are left out"),
        *levels,
    )
