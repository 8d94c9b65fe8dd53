"""Scenario ``conditional``: how the effect of the exposure depends on a moderator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import groupby, pairwise
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Floats, Ints, Mask
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.protocol import Fitted, FittedDraws
from harness.estimators.refusals import require_continuous
from harness.language import marked
from harness.scenarios import grid
from harness.scenarios.ale import interaction_share, local_changes
from harness.scenarios.bands import bands, limits_of, pointwise_limits, simultaneous_limits
from harness.scenarios.draws import FitAndDraws, Numbers, WithDraws, some_at_a_time
from harness.scenarios.grid import Spacing, exposure_grid, require_separate, require_variation
from harness.scenarios.scenario import Concluded, Evaluated, Resampled, Rows
from harness.scenarios.truth import Truths
from harness.tables.heterogeneity import CONDITIONAL_EFFECTS, INTERACTIONS, SURFACES, THRESHOLDS
from harness.tables.table import ResultTable

# Half-width of the neighbourhood of a cell along each axis, as a share of the variable's range.
CELL_WINDOW = 0.1

# A cell this close to the convex hull, as a share of the ranges, is in it.
TOUCH = 1e-9


def cell_support(values: Floats, entities: Ints, first_grid: Floats, second_grid: Floats) -> grid.Support:
    """Return where pairs of values are near to data: enough entities around, and inside their convex hull.

    Parameters
    ----------
    values : (n_obs, 2), units of the two variables
    entities : (n_obs,), codes
    first_grid, second_grid : (n_first,) and (n_second,)

    Raises
    ------
    EstimationError
        Where all pairs lie on a line, so that there is no surface.
    """
    half_width = CELL_WINDOW * np.ptp(values, axis=0)
    first, second = (
        np.abs(points[:, None] - column) <= half
        for points, column, half in zip((first_grid, second_grid), values.T, half_width, strict=True)
    )
    counts = grid.counts_of((one & other for one in first for other in second), entities)
    n_obs, n_entities = counts.reshape(2, first_grid.size, second_grid.size)
    enough = n_entities >= grid.least_entities(entities)
    return grid.Support(n_obs, n_entities, enough & in_hull(values, first_grid, second_grid))


def in_hull(values: Floats, first_grid: Floats, second_grid: Floats) -> Mask:
    """Return which cells of a grid are in the convex hull of pairs, (n_obs, 2), as (n_first, n_second).

    Raises
    ------
    EstimationError
        Where the pairs lie on a line.
    """
    from scipy.spatial import ConvexHull, QhullError

    low, width = values.min(axis=0), np.ptp(values, axis=0)
    try:
        hull = ConvexHull((values - low) / width)
    except QhullError as error:
        what = marked("exposure and moderator are collinear: there is no surface over them")
        raise EstimationError.at("surface", what, hint=marked("choose another moderator")) from error
    cells = np.stack(np.meshgrid(first_grid, second_grid, indexing="ij"), axis=-1)
    beyond = ((cells - low) / width) @ hull.equations[:, :2].T + hull.equations[:, 2]
    inside: Mask = (beyond <= TOUCH).all(axis=-1)
    return inside


@dataclass(frozen=True, eq=False)
class Axes:
    """The values of exposure and moderator at whose pairs, the cells, levels are asked for.

    Attributes
    ----------
    moderator : name
    exposure_at : (n_exposure,), increasing
    moderator_at : (n_moderator,), increasing
    """

    moderator: str
    exposure_at: Floats
    moderator_at: Floats

    @property
    def cells(self) -> Floats:
        """Exposure and moderator of each cell, (n_cells, 2), the moderator running faster."""
        both = np.meshgrid(self.exposure_at, self.moderator_at, indexing="ij")
        return np.stack(both, axis=-1).reshape(-1, 2)


@dataclass(frozen=True, eq=False)
class Plane(Axes):
    """Cells, and the data near them.

    Attributes
    ----------
    support : of the cells, (n_exposure, n_moderator)
    """

    support: grid.Support

    @property
    def has_support(self) -> Mask:
        """Whether any cell at each moderator value is supported, (n_moderator,)."""
        return np.asarray(self.support.supported.any(axis=0))


def levels_on(model: Fitted | FittedDraws, panel: Panel, axes: Axes) -> Floats:
    """Return mean predictions were exposure and moderator the same in all rows, at each cell.

    Returns
    -------
    (n_exposure, n_moderator) for one fit, after (n_draws, ...) for draws, outcome units.
    """
    columns = (panel.exposure, axes.moderator)
    means = grid.mean_predictions(model, panel, columns=columns, points=axes.cells)
    return means.reshape(*means.shape[:-1], axes.exposure_at.size, axes.moderator_at.size)


def effects_on(levels: Floats, plane: Plane) -> Floats:
    """Return the derivative of levels along the exposure at each cell, same shape."""
    return grid.slope(levels, plane.exposure_at, axis=-2)


def conditional_effects(effects: Floats, plane: Plane) -> Floats:
    """Return the effect at each moderator value, averaged over the exposures that go with it.

    Supported cells count by the rows near them, so that the average is over exposures as they are observed
    around that moderator value; NaN where no cell is supported.

    Parameters
    ----------
    effects : (..., n_exposure, n_moderator), outcome units per unit of exposure

    Returns
    -------
    (..., n_moderator)
    """
    weights = plane.support.n_obs * plane.support.supported
    totals = weights.sum(axis=0).astype(np.float64)
    sums = (effects * weights).sum(axis=-2)
    means: Floats = np.divide(sums, totals, out=np.full_like(sums, np.nan), where=totals > 0.0)
    return means


def axis_levels(model: Fitted | FittedDraws, panel: Panel, axes: Axes) -> Numbers:
    """Return mean predictions along each axis alone, ``along_exposure`` and ``along_moderator``."""
    along = partial(grid.mean_predictions, model, panel)
    return {
        "along_exposure": along(columns=(panel.exposure,), points=axes.exposure_at[:, None]),
        "along_moderator": along(columns=(axes.moderator,), points=axes.moderator_at[:, None]),
    }


def friedman_h(found: Numbers, panel: Panel, axes: Axes) -> Floats:
    """Return the H statistic of exposure and moderator (Friedman and Popescu 2008).

    The root of the share of the variance of their joint partial dependence that their own do not add up to.
    Partial dependence at the rows is taken from the grid, on straight lines between its points. Estimated
    from noisy predictions it is above zero even where there is no interaction.

    Parameters
    ----------
    found : ``levels``, see `levels_on`, and those of `axis_levels`, of one fit or of draws

    Returns
    -------
    One number >= 0 for one fit, (n_draws,) for draws; NaN where the joint dependence is flat.
    """
    positions = (
        grid.locate(axes.exposure_at, panel.column(panel.exposure)),
        grid.locate(axes.moderator_at, panel.column(axes.moderator)),
    )
    joint = grid.centred(grid.on_surface(found["levels"], *positions))
    residuals = joint
    for own, at in zip((found["along_exposure"], found["along_moderator"]), positions, strict=True):
        residuals = residuals - grid.centred(grid.on_curve(own, at))
    whole = np.square(joint).sum(axis=-1)
    share = np.square(residuals).sum(axis=-1)
    ratio: Floats = np.divide(share, whole, out=np.full_like(whole, np.nan), where=whole > 0.0)
    return np.sqrt(ratio)


def surface_rows(levels: WithDraws, plane: Plane, *, level: float) -> Rows:
    """Return a row for each cell: level and effect, each with its pointwise interval, and the data near it.

    There is no surface where exposure or moderator has two values only: one row says so.

    Parameters
    ----------
    levels : (n_exposure, n_moderator), outcome units
    """
    if plane.moderator_at.size == 2 or plane.exposure_at.size == 2:
        reason = marked("exposure or moderator has only two values: there is no surface over them")
        return [{"status": "refused", "reason": reason}]
    effects, near = levels.by(lambda own: effects_on(own, plane)), plane.support
    (low, high), (effect_low, effect_high) = (
        pointwise_limits(own.draws, level=level) for own in (levels, effects)
    )
    columns = {"estimate": levels.estimate, "conf_low": low, "conf_high": high}
    columns |= {"effect": effects.estimate, "effect_low": effect_low, "effect_high": effect_high}
    columns |= vars(near)
    exposure_at, moderator_at = plane.cells.T
    cells = {"exposure_at": exposure_at, "moderator_at": moderator_at, "n_draws": len(levels.draws)}
    return [cells | {name: values.ravel() for name, values in columns.items()}]


def effect_rows(effects: WithDraws, plane: Plane, *, level: float, rng: Generator) -> Rows:
    """Return a row for each band and moderator value; numbers are empty where no cell is supported."""
    known = {"n_draws": len(effects.draws), "supported": plane.has_support}
    return [
        {"moderator_at": plane.moderator_at, "effect": effects.estimate}
        | {"conf_low": band.low, "conf_high": band.high, "band": band.kind, "p_value": band.p_value}
        | known
        for band in bands(effects.draws, level=level, supported=plane.has_support, rng=rng)
    ]


def threshold_rows(effects: WithDraws, plane: Plane, *, level: float, rng: Generator) -> Rows:
    """Return a row for each change of sign of the effect, or one of kind ``none`` without numbers."""
    drawn, supported = effects.draws, plane.has_support
    at, estimate = plane.moderator_at, effects.estimate
    found = thresholds(at, estimate, drawn, supported=supported, level=level, rng=rng)
    rows = [asdict(change) for change in found] or [{"kind": "none"}]
    return [row | {"n_draws": len(drawn)} for row in rows]


def interaction_rows(measures: Mapping[str, WithDraws], *, level: float) -> Rows:
    """Return a row for each measure of interaction, with its percentile interval."""
    rows = []
    for name, measure in measures.items():
        low, high = limits_of(measure.draws, level=level)
        numbers = {"measure": name, "estimate": float(measure.estimate), "n_draws": len(measure.draws)}
        rows.append(numbers | {"conf_low": low, "conf_high": high})
    return rows


Change = Literal["negative_to_positive", "positive_to_negative"]


@dataclass(frozen=True)
class Threshold:
    """A change of sign.

    Attributes
    ----------
    kind : from which sign to which, as the moderator grows
    at : the moderator there
    conf_low, conf_high : percentile interval of `at` over the draws that have the change; NaN where none has
    share_of_draws : in [0, 1], draws that have it between the outer ends of the two stretches of one sign
    """

    kind: Change
    at: float
    conf_low: float
    conf_high: float
    share_of_draws: float


def thresholds(
    at: Floats, effect: Floats, draws: Floats, *, supported: Mask, level: float, rng: Generator
) -> tuple[Threshold, ...]:
    """Return the changes of sign on the longest supported stretch of a grid; none is an answer.

    The effect must be significant on both sides: where the simultaneous band excludes zero from below, and
    further on from above, or the reverse. So an effect that truly keeps its sign, or is zero, is given a
    threshold with a chance of at most one less `level`.

    Parameters
    ----------
    at : (n_grid,), increasing, the moderator's unit
    effect : (n_grid,), outcome units per unit of exposure
    draws : (n_draws, n_grid)
    supported : (n_grid,)
    level : in (0, 1), of the band and of the intervals
    rng : of the band
    """
    stretch = grid.longest_run(supported)
    at, effect, draws = at[stretch], effect[stretch], draws[:, stretch]
    if at.size < 2:
        return ()
    low, high = simultaneous_limits(draws, level=level, among=np.ones(at.size, dtype=np.bool_), rng=rng)
    sign = np.where(low > 0.0, 1, np.where(high < 0.0, -1, 0))
    runs = [list(run) for _, run in groupby(np.flatnonzero(sign).tolist(), key=sign.__getitem__)]
    found = []
    for before, after in pairwise(runs):
        inner, outer = slice(before[-1], after[0] + 1), slice(before[0], after[-1] + 1)
        towards = sign[after[0]]
        own = crossings(at[inner], towards * effect[None, inner])
        own = own[np.isfinite(own)]
        if own.size:  # the estimate itself may have none, unlike its draws
            place = float(own[own.size // 2])
            drawn = _nearest(crossings(at[outer], towards * draws[:, outer]), place)
            kind: Change = "negative_to_positive" if towards > 0 else "positive_to_negative"
            limits = limits_of(drawn, level=level)
            found.append(Threshold(kind, place, *limits, drawn.size / len(draws)))
    return tuple(found)


def _nearest(found: Floats, place: float) -> Floats:
    """Return of each curve's crossings, (n_curves, n_steps), that nearest to a place, if it has any."""
    distance = np.where(np.isfinite(found), np.abs(found - place), np.inf)
    nearest = found[np.arange(len(found)), distance.argmin(axis=1)]
    return np.asarray(nearest[np.isfinite(nearest)])


def crossings(at: Floats, curves: Floats) -> Floats:
    """Return where curves, (n_curves, n_grid), rise through zero on each step, NaN where they do not.

    Returns
    -------
    (n_curves, n_grid - 1), the unit of `at`.
    """
    start, end = curves[:, :-1], curves[:, 1:]
    rises = (start < 0.0) & (end >= 0.0)
    share = np.divide(-start, end - start, out=np.full_like(start, np.nan), where=rises)
    where: Floats = at[:-1] + share * np.diff(at)
    return where


def sign_changes(at: Floats, curve: Floats) -> Floats:
    """Return where a curve, (n_grid,), goes through zero, upwards or downwards, increasing."""
    found = np.concatenate([crossings(at, sign * curve[None])[0] for sign in (1.0, -1.0)])
    return np.sort(found[np.isfinite(found)])


QUICK_GRID = 12


@dataclass(frozen=True, kw_only=True)
class ConditionalScenario(Resampled):
    """Levels and effects over exposure and moderator, and whether the two interact.

    Levels are mean predictions were every row's exposure and moderator the same; effects are their slopes
    along the exposure. A cell is supported where entities enough are near it and it is inside the convex hull
    of the data. The conditional effect at a moderator value is the mean effect over the supported exposures,
    which count by the rows near them.

    Attributes
    ----------
    moderator : a regressor other than the exposure
    grid : number of points along the exposure and along the moderator
    spacing : equal steps, or equal shares of the rows, along both
    """

    name: ClassVar[str] = "conditional"
    tables: ClassVar[tuple[ResultTable, ...]] = (SURFACES, CONDITIONAL_EFFECTS, THRESHOLDS, INTERACTIONS)

    moderator: str
    grid: Annotated[int, Field(ge=3, le=200)] = 30
    spacing: Spacing = "uniform"

    @property
    def about(self) -> Mapping[str, str]:
        """The moderator."""
        return {"moderator": self.moderator}

    def numbers(self, model: Fitted | FittedDraws, panel: Panel, rows: Panel) -> Numbers:
        """Return levels on the plane and along each axis, and what accumulated local effects rest on.

        Raises
        ------
        EstimationError
            Where exposure or moderator do not vary, or cannot be set apart.
        """
        require_continuous(panel)
        require_separate(panel, self.moderator, where=self.name)
        require_variation(panel, panel.exposure)
        require_variation(panel, self.moderator)
        axes = self._axes(panel)
        return {
            "levels": levels_on(model, rows, axes),
            **axis_levels(model, rows, axes),
            **local_changes(model, panel, rows, (panel.exposure, self.moderator)),
        }

    def concluded(self, evaluated: Evaluated) -> Concluded:
        """Return the surface, the conditional effects, their changes of sign, and measures of interaction."""
        panel, level, whole = evaluated.panel, self.level, evaluated.whole
        plane = self._plane(panel)
        levels = whole.of("levels")
        effects = levels.by(lambda own: conditional_effects(effects_on(own, plane), plane))
        pair = (panel.exposure, self.moderator)
        found = {
            "friedman_h": partial(friedman_h, panel=panel, axes=plane),
            "ale_interaction_share": partial(interaction_share, panel=panel, names=pair),
        }
        measures = {name: _measure(whole, panel, measure) for name, measure in found.items()}
        bands = partial(evaluated.rng, "bands", self.moderator)
        return {
            "surfaces": surface_rows(levels, plane, level=level),
            "conditional_effects": effect_rows(effects, plane, level=level, rng=bands()),
            "thresholds": threshold_rows(effects, plane, level=level, rng=bands()),
            "interactions": interaction_rows(measures, level=level),
        }

    def _axes(self, panel: Panel) -> Axes:
        columns = panel.column(panel.exposure), panel.column(self.moderator)
        grids = (exposure_grid(column, n_grid=self.grid, spacing=self.spacing) for column in columns)
        return Axes(self.moderator, *grids)

    def _plane(self, panel: Panel) -> Plane:
        axes = self._axes(panel)
        values = np.column_stack([panel.column(panel.exposure), panel.column(self.moderator)])
        near = cell_support(values, panel.entity.codes, axes.exposure_at, axes.moderator_at)
        return Plane(**vars(axes), support=near)

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return the true level of every cell, the true conditional effects, and where these change sign."""
        plane = self._plane(panel)
        levels = levels_on(fit, panel, plane)
        effects = conditional_effects(effects_on(levels, plane), plane)
        cells = zip(plane.cells.tolist(), levels.ravel().tolist(), strict=True)
        at = plane.moderator_at[plane.has_support]
        changes = sign_changes(at, effects[plane.has_support])
        return [
            *({"kind": "surface", "at": x, "moderator_at": m, "truth": value} for (x, m), value in cells),
            *(
                {"kind": "conditional_effect", "moderator_at": m, "truth": value}
                for m, value in zip(plane.moderator_at.tolist(), effects.tolist(), strict=True)
                if np.isfinite(value)
            ),
            *({"kind": "threshold", "moderator_at": m, "truth": 0.0} for m in changes.tolist()),
        ]

    def quick(self) -> Self:
        """Return a copy with at most 40 draws and 12 grid points along each axis."""
        return replace(super().quick(), grid=min(self.grid, QUICK_GRID))


def _measure(whole: FitAndDraws, panel: Panel, measure: Callable[[Numbers], Floats]) -> WithDraws:
    """Return a measure of the fit and of each draw."""
    n_draws = len(whole.draws["levels"])

    def of_some(some: slice) -> Floats:
        return measure({name: values[some] for name, values in whole.draws.items()})

    return WithDraws(measure(whole.fit), some_at_a_time(of_some, n_draws=n_draws, n_obs=panel.n_obs))
