"""Scenario ``curve``: the net effect of the exposure on its whole range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.note import Note
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.estimators.dose import require_dose
from harness.estimators.protocol import Fitted, HasDraws
from harness.scenarios.ale import accumulated_effects
from harness.scenarios.bins import quantile_bins
from harness.scenarios.curve.changes import own_extremes
from harness.scenarios.curve.equality import draw_rows
from harness.scenarios.curve.supported_curve import extrapolation_notes, supported_dependence
from harness.scenarios.curve.tables import CurveEstimate, curve_rows, turning_point_rows
from harness.scenarios.grid import Spacing, exposure_grid
from harness.scenarios.joint_support import joint_support
from harness.scenarios.partial_dependence import partial_dependence, row_slopes, slope
from harness.scenarios.resampled import QUICK_DRAWS, Resampled
from harness.scenarios.scenario import Tables
from harness.scenarios.subject import Subject
from harness.scenarios.support import Support, has_two_values, longest_run, require_variation, support
from harness.scenarios.truth import Truths, on_grid
from harness.tables import CURVE_DRAWS, CURVES, RUG, SUPPORT, TURNING_POINTS, ResultTable

if TYPE_CHECKING:
    import pandas as pd

Held = Literal["average", "mean", "median"]

_CENTRES: Mapping[Held, Callable[[Floats], np.floating]] = {"mean": np.mean, "median": np.median}

RUG_POINTS = 500
"""Quantiles of the exposure kept for the rug under a curve."""


@dataclass(frozen=True, kw_only=True)
class CurveScenario(Resampled):
    """Mean predicted outcome were every row's exposure the same, at each exposure, with its slope.

    Beside it stand the same curve over rows with data near them, accumulated local effects, which predict no
    row far from where it was observed, the turning points of the curve, and the average effect, the mean
    slope of the rows at their own exposures. The three curves answer different questions: of all rows, with
    extrapolation where a row's like was never observed at that exposure; of the rows whose like was; of the
    rows observed at each exposure.

    Attributes
    ----------
    grid : number of grid points; accumulated local effects have one bin less, of equal shares of the rows
    spacing : equal steps, or equal shares of the rows
    held : what the other columns are for level and slope; as observed, their predictions averaged, or all at
        their mean or median. Accumulated local effects take them as observed in any case
    exposure : a regressor whose curve is asked; every estimator is fitted with it as the exposure, and the
        exposure of the study is a control. Left out, the exposure of the study
    """

    name: ClassVar[str] = "curve"
    tables: ClassVar[tuple[ResultTable, ...]] = (CURVES, TURNING_POINTS, CURVE_DRAWS)
    data_tables: ClassVar[tuple[ResultTable, ...]] = (SUPPORT, RUG)

    grid: Annotated[int, Field(ge=2, le=1000)] = 40
    spacing: Spacing = "uniform"
    held: Held = "average"
    exposure: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """A curve needs no groups."""
        return ()

    @property
    def about(self) -> Mapping[str, str]:
        """The exposure, which needs no column."""
        return {}

    def _points(self, panel: Panel) -> Floats:
        return exposure_grid(panel.column(panel.exposure), n_grid=self.grid, spacing=self.spacing)

    def _about(self, panel: Panel) -> Panel:
        """Return the panel with the exposure that is asked about."""
        return panel if self.exposure is None else panel.with_exposure(self.exposure)

    def describe(self, panel: Panel) -> Tables:
        """Return ``support`` (rows and entities near each grid point) and ``rug`` (exposure quantiles)."""
        import pandas as pd

        panel = self._about(panel)
        if panel.levels:
            return {}
        exposure = panel.column(panel.exposure)
        at = self._points(panel)
        near = _support(panel, at)
        rug = np.quantile(exposure, np.linspace(0.0, 1.0, min(RUG_POINTS, exposure.size)))
        columns = {"at": at, "n_obs": near.n_obs, "n_entities": near.n_entities, "supported": near.supported}
        return {"support": pd.DataFrame(columns), "rug": pd.DataFrame({"exposure": rug})}

    def answer(self, subject: Subject) -> Tables:
        """Return ``curves``, each with both bands, its ``turning_points``, and draws that are shared.

        Raises
        ------
        EstimationError
            Where the exposure has levels, or two values only, or the estimator refuses the draws.
        """
        subject = subject if self.exposure is None else subject.about(self.exposure)
        panel = subject.panel
        require_dose(panel)
        require_variation(panel, panel.exposure)
        if has_two_values(panel.column(panel.exposure)):
            what = "has two values only, between which there is no curve"
            raise EstimationError(
                Problem(
                    panel.exposure, what, expected="a dose", hint="ask `use: contrast` for the difference"
                )
            )
        level = self._level(subject)
        slopes = replace(
            level, kind="slope", curve=slope(level.curve, level.at), draws=slope(level.draws, level.at)
        )
        curves = (level, slopes, self._ale(subject), self._supported(subject), self._average(subject))
        unit = "" if isinstance(subject.fit, HasDraws) else self.unit
        shared = {} if not unit else {CURVE_DRAWS.name: _draw_rows(level)}
        return shared | {
            "curves": curve_rows(curves, subject, level=self.level, unit=unit),
            "turning_points": turning_point_rows(level, level=self.level, rng=subject.rng("turning points")),
        }

    def _level(self, subject: Subject) -> CurveEstimate:
        at = self._points(subject.panel)
        panel = hold(subject.panel, self.held)
        return CurveEstimate(
            kind="level",
            at=at,
            curve=partial_dependence(subject.fit, panel, at),
            draws=partial_dependence(subject.draws(self.plan), panel, at),
            supported=_support(subject.panel, at).supported,
        )

    def _ale(self, subject: Subject) -> CurveEstimate:
        panel, name = subject.panel, subject.panel.exposure
        bins = quantile_bins(panel.column(name), n_bins=self.grid - 1)
        return CurveEstimate(
            kind="ale",
            at=bins.edges,
            curve=accumulated_effects(subject.fit, panel, name, bins),
            draws=accumulated_effects(subject.draws(self.plan), panel, name, bins),
            supported=_support(panel, bins.edges).supported,
            mean_level=float(subject.fit.predict(panel).mean()),
        )

    def _supported(self, subject: Subject) -> CurveEstimate:
        at = self._points(subject.panel)
        joint = joint_support(subject.panel, at)
        panel = hold(subject.panel, self.held)
        curve = supported_dependence(subject.fit, panel, at, joint)
        return CurveEstimate(
            kind="level_supported",
            at=at,
            curve=curve,
            draws=supported_dependence(subject.draws(self.plan), panel, at, joint),
            supported=_support(subject.panel, at).supported & np.isfinite(curve),
            share_of_rows=joint.share,
        )

    def _average(self, subject: Subject) -> CurveEstimate:
        draws = row_slopes(subject.draws(self.plan), subject.panel)
        return CurveEstimate(
            kind="average_effect",
            at=np.array([np.nan]),
            curve=np.array([row_slopes(subject.fit, subject.panel).mean()]),
            draws=draws.mean(axis=-1, keepdims=True),
            supported=np.array([True]),
        )

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return the true curves, the interior extremes of the level, and the mean slope of the rows."""
        panel = self._about(panel)
        average: Truths = [{"kind": "average_effect", "truth": float(row_slopes(fit, panel).mean())}]
        if panel.levels or has_two_values(panel.column(panel.exposure)):
            return average
        at, rows = self._points(panel), hold(panel, self.held)
        bins = quantile_bins(panel.column(panel.exposure), n_bins=self.grid - 1)
        level = partial_dependence(fit, rows, at)
        stretch = longest_run(_support(panel, at).supported)
        turns = own_extremes(at[stretch], level[stretch], (), scale=float(np.abs(fit.predict(panel)).max()))
        return [
            *on_grid("level", at, level),
            *on_grid("slope", at, slope(level, at)),
            *on_grid("ale", bins.edges, accumulated_effects(fit, panel, panel.exposure, bins)),
            *on_grid("level_supported", at, supported_dependence(fit, rows, at, joint_support(panel, at))),
            *(
                {"kind": kind, "at": at[stretch][place], "truth": level[stretch][place]}
                for place, kind in turns
            ),
            *average,
        ]

    def notes(self, panel: Panel) -> tuple[Note, ...]:
        """Return warnings about few draws, resampled rows, and exposures at which the curve extrapolates."""
        panel = self._about(panel)
        if panel.levels:
            return super().notes(panel)
        at = self._points(panel)
        return (*super().notes(panel), *extrapolation_notes(panel, at, joint_support(panel, at)))

    def quick(self) -> Self:
        """Return a copy with at most 40 draws and 25 grid points."""
        return replace(self, draws=min(self.draws, QUICK_DRAWS), grid=min(self.grid, 25))


def _draw_rows(level: CurveEstimate) -> pd.DataFrame:
    return draw_rows(level.at, level.curve, level.draws, level.supported)


def hold(panel: Panel, held: Held) -> Panel:
    """Return the panel on whose rows a curve is averaged.

    With ``average`` it is the panel itself, and the curve is a partial dependence. Otherwise every column
    other than the exposure has its mean, or its median, in all rows; columns that follow from others are
    computed from those. Entities and periods stay, so that their effects are averaged in any case.
    """
    if held == "average":
        return panel
    derived = {derivation.into for derivation in panel.derived}
    centre = _CENTRES[held]
    held_columns = [name for name in panel.columns if name != panel.exposure and name not in derived]
    return panel.with_columns({name: float(centre(panel.column(name))) for name in held_columns})


def _support(panel: Panel, at: Floats) -> Support:
    return support(panel.column(panel.exposure), panel.entity.codes, at)
