"""Scenario ``curve``: the net effect of the exposure on its whole range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import predict_any
from harness.estimators.protocol import Fitted, FittedDraws
from harness.estimators.refusals import require_continuous
from harness.language import marked
from harness.scenarios.ale import Bins, accumulated_effects, quantile_bins
from harness.scenarios.bands import bands, draw_rows, simultaneous_limits
from harness.scenarios.curve.supported_curve import extrapolation_notes, joint_support, supported_dependence
from harness.scenarios.curve.turning_points import own_extremes, significant_slopes, turning_points
from harness.scenarios.draws import Numbers, WithDraws
from harness.scenarios.grid import (
    Spacing,
    Support,
    exposure_grid,
    has_two_values,
    longest_run,
    partial_dependence,
    require_variation,
    row_slopes,
    slope,
    support,
)
from harness.scenarios.scenario import Concluded, Evaluated, Resampled, Rows, Tables
from harness.scenarios.truth import Truths, on_grid
from harness.tables.curves import CURVE_DRAWS, CURVES, RUG, SUPPORT, TURNING_POINTS
from harness.tables.preparation import Note
from harness.tables.table import ResultTable

Held = Literal["average", "mean", "median"]

_CENTRES: Mapping[Held, Callable[[Floats], np.floating]] = {"mean": np.mean, "median": np.median}

# Quantiles of the exposure kept for the rug under a curve.
RUG_POINTS = 500


CurveKind = Literal["level", "slope", "ale", "level_supported", "average_effect"]


@dataclass(frozen=True, eq=False)
class CurveEstimate:
    """One curve of one estimator.

    Attributes
    ----------
    kind : level, level_supported and ale in outcome units, slope and average_effect in those per unit of
        exposure
    at : (n_grid,), increasing, the exposure's unit; one NaN of the average effect, which has no place
    found : the curve, (n_grid,), and its draws
    supported : (n_grid,), whether the data reach there
    share_of_rows : (n_grid,), in [0, 1], rows with data near them at each exposure; NaN where all count
    mean_level : what to add to the curve to set it next to levels; NaN where it is one, or a slope
    """

    kind: CurveKind
    at: Floats
    found: WithDraws
    supported: Mask
    share_of_rows: Floats | float = np.nan
    mean_level: float = np.nan

    def rows(self, evaluated: Evaluated, level: float) -> Rows:
        """Return a row for each band of a level, in (0, 1), and grid point."""
        columns = {name: value for name, value in vars(self).items() if name != "found"}
        draws, rng = self.found.draws, evaluated.rng("bands", self.kind)
        columns |= {"estimate": self.found.estimate, "n_draws": len(draws)}
        return [
            columns
            | {"conf_low": band.low, "conf_high": band.high, "band": band.kind}
            | {"p_value": band.p_value if self.kind == "slope" else np.nan}
            for band in bands(draws, level=level, supported=self.supported, rng=rng)
        ]


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

    def numbers(self, model: Fitted | FittedDraws, panel: Panel, rows: Panel) -> Numbers:
        """Return levels, accumulated local effects, levels of supported rows, and means over the rows.

        Supported rows are those of `joint_support`, which are few already.

        Raises
        ------
        EstimationError
            Where the exposure has levels, or two values only.
        """
        exposure, at = _exposure(panel), self._points(panel)
        bins = self._bins(exposure).of(rows.column(rows.exposure))
        held, supported = hold(rows, self.held, of=panel), hold(panel, self.held, of=panel)
        slopes = row_slopes(model, rows, exposure=exposure)
        return {
            "level": partial_dependence(model, held, at),
            "ale": accumulated_effects(model, rows, rows.exposure, bins),
            "level_supported": supported_dependence(model, supported, at, joint_support(panel, at)),
            "average_effect": slopes.mean(axis=-1, keepdims=True),
            "mean": np.asarray(predict_any(model, rows).mean(axis=-1)),
        }

    def concluded(self, evaluated: Evaluated) -> Concluded:
        """Return ``curves``, each with both bands, and ``turning_points`` of the level."""
        panel, whole = evaluated.panel, evaluated.whole
        at, edges = self._points(panel), self._bins(panel.column(panel.exposure)).edges
        everywhere, share = _support(panel, at).supported, joint_support(panel, at).share
        reached = everywhere & np.isfinite(whole.fit["level_supported"])
        level = CurveEstimate("level", at, whole.of("level"), everywhere)
        slopes = replace(level, kind="slope", found=level.found.by(lambda levels: slope(levels, at)))
        local = CurveEstimate("ale", edges, whole.of("ale"), _support(panel, edges).supported)
        average = whole.of("average_effect")
        curves = (
            level,
            slopes,
            replace(local, mean_level=float(whole.fit["mean"])),
            CurveEstimate("level_supported", at, whole.of("level_supported"), reached, share),
            CurveEstimate("average_effect", np.array([np.nan]), average, np.array([True])),
        )
        unit = "" if evaluated.carries_draws else self.unit
        rows = [row for curve in curves for row in curve.rows(evaluated, self.level)]
        found: dict[str, Rows] = {
            CURVES.name: [{**row, "level": self.level, "unit": unit} for row in rows],
            TURNING_POINTS.name: self._turning_point_rows(level, slopes, evaluated),
        }
        if unit:
            found[CURVE_DRAWS.name] = draw_rows(at, level.found, everywhere)
        return found

    def _turning_point_rows(self, level: CurveEstimate, slopes: CurveEstimate, evaluated: Evaluated) -> Rows:
        """Return a row for each interior extreme; where there is none, one of that kind without numbers."""
        draws, rng = slopes.found.draws, evaluated.rng("bands", slopes.kind)
        low, high = simultaneous_limits(draws, level=self.level, among=slopes.supported, rng=rng)
        steep, rng = significant_slopes(slopes.found.estimate, low, high), evaluated.rng("turning points")
        turns = partial(turning_points, level.at, level.found.estimate, level.found.draws, level=self.level)
        found = turns(slopes=steep, supported=level.supported, rng=rng)
        rows = [asdict(point) for point in found] or [{"kind": "none", "is_established": False}]
        return [row | {"n_draws": len(draws)} for row in rows]

    def _bins(self, exposure: Floats) -> Bins:
        return quantile_bins(exposure, n_bins=self.grid - 1)

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return the true curves, the interior extremes of the level, and the mean slope of the rows."""
        panel = self._about(panel)
        average: Truths = [{"kind": "average_effect", "truth": float(row_slopes(fit, panel).mean())}]
        if panel.levels or has_two_values(panel.column(panel.exposure)):
            return average
        at, rows = self._points(panel), hold(panel, self.held, of=panel)
        bins = self._bins(panel.column(panel.exposure))
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
        return replace(super().quick(), grid=min(self.grid, 25))


def _exposure(panel: Panel) -> Floats:
    """Return the exposure, (n_obs,), or refuse one between whose values there is no curve."""
    require_continuous(panel)
    require_variation(panel, panel.exposure)
    exposure = panel.column(panel.exposure)
    if has_two_values(exposure):
        what = marked("has only two values: there is no curve between them")
        hint = marked("use `use: contrast` for the difference")
        raise EstimationError.at(panel.exposure, what, expected="a continuous exposure", hint=hint)
    return exposure


def hold(rows: Panel, held: Held, *, of: Panel) -> Panel:
    """Return the rows over which a curve is averaged.

    With ``average`` it is the panel itself, and the curve is a partial dependence. Otherwise every column
    other than the exposure has its mean, or its median, in all rows; columns that follow from others are
    computed from those. Entities and periods stay, so that their effects are averaged in any case.

    Parameters
    ----------
    of : whose means and medians they are
    """
    if held == "average":
        return rows
    derived = {derivation.into for derivation in rows.derived}
    centre = _CENTRES[held]
    held_columns = [name for name in rows.columns if name != rows.exposure and name not in derived]
    return rows.with_columns({name: float(centre(of.column(name))) for name in held_columns})


def _support(panel: Panel, at: Floats) -> Support:
    return support(panel.column(panel.exposure), panel.entity.codes, at)
