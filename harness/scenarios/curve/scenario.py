"""Scenario ``curve``: the net effect of the exposure on its whole range."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Ints, Mask
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import predict_any
from harness.estimators.protocol import Fitted, FittedDraws
from harness.estimators.refusals import require_continuous
from harness.language import Coded, marked
from harness.scenarios import grid as grids
from harness.scenarios.ale import Bins, accumulated_effects, quantile_bins
from harness.scenarios.bands import bands, draw_rows, simultaneous_limits
from harness.scenarios.curve.turning_points import own_extremes, significant_slopes, turning_points
from harness.scenarios.draws import Numbers, WithDraws
from harness.scenarios.grid import WINDOW, Spacing, Support
from harness.scenarios.scenario import Concluded, Evaluated, Resampled, Rows, Tables
from harness.scenarios.truth import Truths, on_grid
from harness.tables.curves import CURVE_DRAWS, CURVES, RUG, SUPPORT, TURNING_POINTS
from harness.tables.preparation import Note
from harness.tables.table import ResultTable

# Rows that are compared with each other; of more, so many are taken evenly.
MOST_ROWS = 2000

# Share of the rows that count as near others at their own exposure; it sets what near means.
NEAR_SHARE = 0.95

# Share of the longest direction's length below which a direction is rounding.
LEAST_SIZE = 1e-8

# Answers that a process keeps: all estimators of an outcome, and all blocks of their draws, ask the same.
MOST_KEPT = 16


@dataclass(frozen=True, eq=False)
class JointSupport:
    """Rows that are supported at each exposure of a grid.

    Attributes
    ----------
    rows : (n_rows,), positions in the panel of the rows that were compared
    near : (n_grid, n_rows), whether rows like each are observed at each exposure
    """

    rows: Ints
    near: Mask

    @property
    def share(self) -> Floats:
        """Share of the rows that are supported at each exposure, (n_grid,), in [0, 1]."""
        return np.asarray(self.near.mean(axis=1))


def joint_support(panel: Panel, grid: Floats) -> JointSupport:
    """Return which rows are supported at each exposure: rows of other entities like them are observed there.

    At an exposure a row is as far from the data as from the nearest row of another entity with an exposure
    within `WINDOW` of the range, by the Mahalanobis distance of the main covariates' ranks, which heavy tails
    do not distort (Rosenbaum 2010, section 8.3). It is supported if that is no farther than all but one in
    twenty rows are at their own exposure: as near as data are to each other (on distance to the data as a
    measure of extrapolation, King and Zeng 2006). The main covariates are the moderators, or the controls of
    a study without any; columns that follow from the exposure are none. Without covariates every row is
    supported wherever another entity is observed.

    Parameters
    ----------
    grid : (n_grid,), the exposure's unit
    """
    rows = np.unique(np.linspace(0, panel.n_obs - 1, min(panel.n_obs, MOST_ROWS)).round().astype(np.int64))
    rows = rows[np.argsort(panel.column(panel.exposure)[rows], kind="stable")]
    exposure, entities = panel.column(panel.exposure)[rows], panel.entity.codes[rows].astype(np.int64)
    moved = panel.dependents(panel.exposure)
    names = [name for name in panel.moderators or panel.controls if name not in moved]
    # A row of zeros, which is no direction, stands there also where there is no covariate.
    covariates = np.stack([np.zeros(rows.size), *(panel.column(name)[rows] for name in names)])
    near = _near(exposure.tobytes(), entities.tobytes(), covariates.tobytes(), grid.tobytes())
    return JointSupport(rows, near)


@lru_cache(maxsize=MOST_KEPT)
def _near(exposure_bytes: bytes, entity_bytes: bytes, covariate_bytes: bytes, grid_bytes: bytes) -> Mask:
    """Return whether rows like each are observed at each exposure of a grid, (n_grid, n_rows), read-only.

    Arrays come as their bytes, so that equal ones of different objects are known again.
    """
    exposure, grid = np.frombuffer(exposure_bytes), np.frombuffer(grid_bytes)
    entities = np.frombuffer(entity_bytes, dtype=np.int64)
    distance = _distances(np.frombuffer(covariate_bytes).reshape(-1, exposure.size))
    distance[entities[:, None] == entities[None, :]] = np.inf
    half_width = WINDOW * np.ptp(exposure)

    def within(at: Floats) -> Iterator[slice]:
        starts, ends = (
            np.searchsorted(exposure, at - half_width),
            np.searchsorted(exposure, at + half_width, "right"),
        )
        return map(slice, starts, ends)

    own = np.array([row[others].min() for row, others in zip(distance, within(exposure), strict=True)])
    farthest = np.quantile(own, NEAR_SHARE, method="inverted_cdf")
    nearest = np.stack([distance[:, others].min(axis=1, initial=np.inf) for others in within(grid)])
    near: Mask = np.isfinite(nearest) & (nearest <= farthest)
    near.setflags(write=False)
    return near


def _distances(covariates: Floats) -> Floats:
    """Return the squared distance between any two rows, (n_rows, n_rows).

    Parameters
    ----------
    covariates : (n_covariates, n_rows); those that do not vary are no direction
    """
    import pandas as pd
    from scipy.spatial.distance import cdist

    # scipy's ranks come with all its distributions, which take longer to import than any study to compare.
    varying = pd.DataFrame(covariates[np.ptp(covariates, axis=1) > 0.0].T).rank().to_numpy()
    points = whitened(np.column_stack([np.zeros(covariates.shape[1]), varying]))
    if not points.shape[1]:
        return np.zeros((len(points), len(points)))
    return np.asarray(cdist(points, points, "sqeuclidean"))


def whitened(columns: Floats) -> Floats:
    """Return columns, (n_rows, n_columns), turned and scaled to be uncorrelated, with mean 0 and variance 1.

    Directions in which they do not vary are left out.
    """
    centred = columns - columns.mean(axis=0)
    spread = centred.std(axis=0)
    turned, sizes, _ = np.linalg.svd(centred[:, spread > 0.0] / spread[spread > 0.0], full_matrices=False)
    kept = turned[:, sizes > LEAST_SIZE * sizes.max(initial=0.0)]
    return np.asarray(kept * np.sqrt(len(columns)))


# Share of rows with data near them below which the curve of all rows is said to extrapolate.
SMALL_SHARE = 0.5


def supported_dependence(
    model: Fitted | FittedDraws, panel: Panel, grid: Floats, joint: JointSupport
) -> Floats:
    """Return mean predictions at each exposure, moved only as far as rows with data near them move.

    From each grid point to the next it changes by the mean change of the rows that are supported at both. So
    a row counts where data are near it, and that other rows count elsewhere does not move the curve, as it
    would move the mean over those supported at each point (Apley and Zhu 2020, section 2, on conditional
    means). At the point with the greatest share the level is the mean over the rows supported there. Where
    every row is supported it is the partial dependence.

    Returns
    -------
    (n_grid,) for one fit and (n_draws, n_grid) for draws, outcome units; NaN beyond a step for which rows of
    too few entities are supported.
    """
    some, anchor = panel.take(joint.rows), int(joint.share.argmax())
    least = grids.least_entities(panel.entity.codes)
    before = predict_any(model, some.with_column(panel.exposure, float(grid[0])))
    level, changes = _mean(before, some, joint.near[0], least), []
    for place in range(1, grid.size):
        here = predict_any(model, some.with_column(panel.exposure, float(grid[place])))
        both = joint.near[place] & joint.near[place - 1]
        changes.append(_mean(here - before, some, both, least))
        if place == anchor:
            level = _mean(here, some, joint.near[anchor], least)
        before = here
    climbed = np.stack([np.zeros_like(level), *changes[anchor:]], axis=-1).cumsum(axis=-1)
    behind = np.stack([np.zeros_like(level), *changes[:anchor][::-1]], axis=-1).cumsum(axis=-1)
    moved = np.concatenate([-behind[..., :0:-1], climbed], axis=-1)
    return np.asarray(level[..., None] + moved)


def _mean(values: Floats, panel: Panel, rows: Mask, least: float) -> Floats:
    """Return the mean of values, (..., n_obs), over some rows; NaN where these are of too few entities."""
    if np.unique(panel.entity.codes[rows]).size < least:
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(values[..., rows].mean(axis=-1))


def extrapolation_notes(panel: Panel, grid: Floats, joint: JointSupport) -> Iterator[Note]:
    """Yield a warning where the curve of all rows rests on rows without data near them, most of all rows."""
    share = joint.share
    small = grid[share < SMALL_SHARE]
    if small.size:
        range_of = {"small": f"{small.min():.4g}", "small_2": f"{small.max():.4g}"}
        shares = {"SMALL_SHARE": f"{SMALL_SHARE:.0%}", "share": f"{share.min():.0%}"}
        sizes = {"size": small.size, "size_2": grid.size, "exposure": panel.exposure}
        message = Coded(
            "the curve extrapolates at {size} of {size_2} values of {exposure}, from {small} to {small_2}: "
            "fewer than {SMALL_SHARE} of the rows (at one value {share}) have rows near them there, in "
            "exposure and main covariates; level_supported in curves.csv is the mean over those that have",
            **(sizes | range_of | shares),
        )
        yield Note("W-EXTRAPOLATED", panel.exposure, message)


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
    exposure : a regressor whose curve is estimated; every estimator is fitted with it as the exposure, and
        the exposure of the study is a control. Left out, the exposure of the study
    """

    name: ClassVar[str] = "curve"
    tables: ClassVar[tuple[ResultTable, ...]] = (CURVES, TURNING_POINTS, CURVE_DRAWS)
    data_tables: ClassVar[tuple[ResultTable, ...]] = (SUPPORT, RUG)

    grid: Annotated[int, Field(ge=2, le=1000)] = 40
    spacing: Spacing = "uniform"
    held: Held = "average"
    exposure: str | None = None

    def _points(self, panel: Panel) -> Floats:
        return grids.exposure_grid(panel.column(panel.exposure), n_grid=self.grid, spacing=self.spacing)

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
        slopes = grids.row_slopes(model, rows, exposure=exposure)
        return {
            "level": grids.partial_dependence(model, held, at),
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
        slopes = replace(level, kind="slope", found=level.found.by(lambda levels: grids.slope(levels, at)))
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
        average: Truths = [{"kind": "average_effect", "truth": float(grids.row_slopes(fit, panel).mean())}]
        if panel.levels or grids.has_two_values(panel.column(panel.exposure)):
            return average
        at, rows = self._points(panel), hold(panel, self.held, of=panel)
        bins = self._bins(panel.column(panel.exposure))
        level = grids.partial_dependence(fit, rows, at)
        stretch = grids.longest_run(_support(panel, at).supported)
        turns = own_extremes(at[stretch], level[stretch], (), scale=float(np.abs(fit.predict(panel)).max()))
        return [
            *on_grid("level", at, level),
            *on_grid("slope", at, grids.slope(level, at)),
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
    grids.require_variation(panel, panel.exposure)
    exposure = panel.column(panel.exposure)
    if grids.has_two_values(exposure):
        what = marked("has only two values: there is no curve between them")
        hint = marked("use `use: contrast` for the difference")
        raise EstimationError.at(panel.exposure, what, expected=marked("a continuous exposure"), hint=hint)
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
    return grids.support(panel.column(panel.exposure), panel.entity.codes, at)
