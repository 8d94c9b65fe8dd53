"""Lines over a grid with the bands around them: curves, effects, and what is true of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.findings.run import Run
from harness.findings.sentence import Stretch
from harness.language import marked
from harness.record.decisions import Effect, effects_by_outcome, first_of
from harness.scenarios.curve.scenario import SMALL_SHARE
from harness.scenarios.effect.dependence import has_common_shocks
from harness.scenarios.grid import runs_of
from harness.tables import curves as tables
from harness.tables.effects import EFFECTS, EffectRow
from harness.tables.effects import POINTWISE as POINTWISE
from harness.tables.effects import SIMULTANEOUS as SIMULTANEOUS
from harness.tables.heterogeneity import CONDITIONAL_EFFECTS, ConditionalEffectRow, SurfaceKey
from harness.tables.table import grouped

# One point of a line with the limits of one of its bands.
BandedRow = tables.CurveRow | ConditionalEffectRow | EffectRow
Point = TypeVar("Point", tables.CurveRow, ConditionalEffectRow)

# What tells curves apart.
CURVE_KEY = ("scenario", "outcome", "estimator", "kind")


@dataclass(frozen=True, eq=False)
class Band:
    """The limits of a line and how they were made.

    Attributes
    ----------
    kind : such as ``pointwise``
    n_draws : bootstrap draws
    level : in (0, 1), nominal coverage; NaN where the run does not tell
    unit : what a draw resamples, ``entity`` or ``row``; empty where the run does not tell
    low, high : (n_grid,), the line's unit
    p_value : (n_grid,), of zero at a point, for all supported points where the band is for all of them
    """

    kind: str
    n_draws: int | None
    level: float
    unit: str
    low: Floats
    high: Floats
    p_value: Floats

    @property
    def is_drawn(self) -> bool:
        """Whether any point has limits."""
        return bool((np.isfinite(self.low) & np.isfinite(self.high)).any())


@dataclass(frozen=True, eq=False, kw_only=True)
class Banded:
    """A line with its bands.

    Attributes
    ----------
    at : (n_grid,), increasing
    estimate : (n_grid,)
    supported : (n_grid,), whether the data reach there
    bands : at most one of a kind
    """

    at: Floats
    estimate: Floats
    supported: Mask
    bands: tuple[Band, ...]

    def band(self, kind: str) -> Band | None:
        """Return the band of one kind; None where there is none, or where it has no limits."""
        return next((band for band in self.bands if band.kind == kind and band.is_drawn), None)


def banded_from(rows: Sequence[BandedRow]) -> Banded:
    """Return the line that rows make up, at least one, sorted by their place; every band has all places."""
    kinds = tuple(dict.fromkeys(row.band for row in rows))
    points = [row for row in rows if row.band == kinds[0]]
    return Banded(
        at=frozen_floats([row.at for row in points]),
        estimate=frozen_floats([row.estimate for row in points]),
        supported=np.array([row.supported for row in points], dtype=np.bool_),
        bands=tuple(_band([row for row in rows if row.band == kind]) for kind in kinds),
    )


def _band(rows: Sequence[BandedRow]) -> Band:
    first = rows[0]
    numbers = ("conf_low", "conf_high", "p_value")
    columns = (frozen_floats([getattr(row, name) for row in rows]) for name in numbers)
    return Band(first.band, first.n_draws, first.level, first.unit, *columns)


# Share of a curve's level by which neighbouring levels may differ in arithmetic alone.
ROUNDING = 64.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve(Banded):
    """One estimator's curve for one outcome.

    Attributes
    ----------
    scenario : id of the scenario that asked for it
    kind : ``level``, mean predicted outcome; ``slope``, its derivative; ``ale``, accumulated local
        effects; ``level_supported``, the level moved by rows with data near them
    mean_level : what to add to an accumulated local effect to set it beside levels, outcome units
    share_of_rows : (n_grid,), in [0, 1], rows with others near them at each exposure; NaN where all count
    """

    scenario: str
    outcome: str
    estimator: str
    kind: str
    share_of_rows: Floats
    mean_level: float = float("nan")

    @property
    def rounding_slope(self) -> float:
        """Slope that rounding of a level alone can make between neighbouring points."""
        return float(
            ROUNDING * np.nanmax(np.abs(self.estimate), initial=0.0) / np.diff(self.at).min(initial=np.inf)
        )

    @property
    def extrapolates(self) -> bool:
        """Whether somewhere in the support most rows have no others near them."""
        return bool((self.share_of_rows[self.supported] < SMALL_SHARE).any())


def curves_from(rows: Iterable[tables.CurveRow]) -> tuple[Curve, ...]:
    """Return the curves that rows which are done make up, in the order in which they first appear."""
    return tuple(
        Curve(
            **vars(banded_from(points)),
            **dict(zip(CURVE_KEY, key, strict=True)),
            mean_level=points[0].mean_level,
            share_of_rows=frozen_floats([row.share_of_rows for row in points if row.band == points[0].band]),
        )
        for key, points in _points_by(rows, *CURVE_KEY)
    )


def _points_by(rows: Iterable[Point], *names: str) -> Iterator[tuple[tuple[Any, ...], list[Point]]]:
    """Yield the rows that are done of each line, sorted by their place, lines as they first appear."""
    for key, points in grouped((row for row in rows if row.is_done), *names).items():
        yield key, sorted(points, key=lambda row: row.at)


@dataclass(frozen=True, eq=False, kw_only=True)
class ConditionalEffect(Banded):
    """The effect of the exposure at each moderator value, outcome units per unit of exposure."""

    key: SurfaceKey


def stretches(at: Floats, positions: Mask) -> tuple[Stretch, ...]:
    """Return first and last point of the stretches of a grid that are meant.

    Parameters
    ----------
    at : (n_grid,), increasing
    positions : (n_grid,), any
    """
    return tuple((float(at[first]), float(at[last])) for first, last in runs_of(positions))


def unsupported_spans(at: Floats, supported: Mask) -> tuple[tuple[float, float], ...]:
    """Return the stretches of a grid without support, each reaching halfway to its supported neighbours.

    Parameters
    ----------
    at : (n_grid,), increasing
    supported : (n_grid,)
    """
    if at.size == 0:
        return ()
    halfway = (at[1:] + at[:-1]) / 2.0
    left = np.concatenate([at[:1], halfway])
    right = np.concatenate([halfway, at[-1:]])
    return tuple((float(left[first]), float(right[last])) for first, last in runs_of(~supported))


def curve_scenarios(run: Run) -> tuple[str, ...]:
    """Return the ids of the scenarios that gave curves, in the order of the table."""
    return run.view(_curve_scenarios)


def _curve_scenarios(run: Run) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.scenario for row in run.rows(tables.CURVES)))


def leading_scenario(run: Run) -> str:
    """Return the first scenario that gave curves over the study's exposure; empty where none did."""
    study = run.manifest.study
    return next((name for name in curve_scenarios(run) if study.exposure_of(name) == study.exposure), "")


def curves(run: Run) -> tuple[Curve, ...]:
    """Return all curves."""
    return curves_from(run.rows(tables.CURVES))


def curves_of(run: Run, outcome: str, scenario: str, kind: str) -> tuple[Curve, ...]:
    """Return the curves of one kind, in the order of the study's estimators."""
    order = {entry.id: place for place, entry in enumerate(run.manifest.study.estimators)}
    key = (outcome, scenario, kind)
    own = [curve for curve in run.view(curves) if (curve.outcome, curve.scenario, curve.kind) == key]
    return tuple(sorted(own, key=lambda curve: order.get(curve.estimator, len(order))))


def mean_slopes(run: Run, outcome: str, exposure: str) -> dict[str, float]:
    """Return by estimator the mean slope, at the exposures of the rows, of its net effect curve.

    Curves are over an exposure, of the first scenario that has any.
    """
    exposure_of = run.manifest.study.exposure_of
    scenario = next((name for name in curve_scenarios(run) if exposure_of(name) == exposure), "")
    found = curves_of(run, outcome, scenario, "average_effect")
    return {curve.estimator: float(curve.estimate[0]) for curve in found}


def turning_points_of(
    run: Run, outcome: str, scenario: str, estimator: str
) -> tuple[tables.TurningPointRow, ...]:
    """Return the turning points of one curve; a row of kind ``none`` says that there is none."""
    rows = run.rows(tables.TURNING_POINTS, outcome=outcome, scenario=scenario, estimator=estimator)
    return tuple(row for row in rows if row.is_done)


def rug_of(run: Run, scenario: str) -> Floats:
    """Return quantiles of the exposure as observed, (n_quantiles,)."""
    return frozen_floats([row.exposure for row in run.rows(tables.RUG, scenario=scenario)])


def unsupported_of(run: Run, scenario: str) -> tuple[tuple[float, float], ...]:
    """Return the stretches of a scenario's grid that the data do not support."""
    own = sorted(run.rows(tables.SUPPORT, scenario=scenario), key=lambda row: row.at)
    at = frozen_floats([row.at for row in own])
    return unsupported_spans(at, np.array([row.supported for row in own], dtype=np.bool_))


@dataclass(frozen=True, eq=False)
class TruthLine:
    """A true curve.

    Attributes
    ----------
    at : (n_grid,), increasing, the unit of the exposure or of the moderator
    truth : (n_grid,), the curve's unit
    """

    at: Floats
    truth: Floats


def true_rows(run: Run, outcome: str, scenario: str, kind: str) -> tuple[tables.TruthRow, ...]:
    """Return the truths of one kind; none where the data are not simulated, or nothing is known of it."""
    return run.rows(tables.TRUTH, outcome=outcome, scenario=scenario, kind=kind)


def truth_line(run: Run, outcome: str, scenario: str, kind: str, *, along: str = "at") -> TruthLine | None:
    """Return the true curve of one kind; None where nothing is known of it.

    Parameters
    ----------
    along : the place that the curve runs along, ``at`` or ``moderator_at``
    """
    points = sorted((getattr(row, along), row.truth) for row in true_rows(run, outcome, scenario, kind))
    if not points:
        return None
    at, truth = zip(*points, strict=True)
    return TruthLine(frozen_floats(at), frozen_floats(truth))


def true_of_groups(run: Run, outcome: str, scenario: str, kind: str) -> dict[str, float]:
    """Return the true number of each group."""
    return {row.group: row.truth for row in true_rows(run, outcome, scenario, kind)}


def conditional_effects(run: Run) -> tuple[ConditionalEffect, ...]:
    """Return all conditional effects of a run, in the order of the table."""
    found = _points_by(run.rows(CONDITIONAL_EFFECTS), "key")
    return tuple(ConditionalEffect(**vars(banded_from(points)), key=key) for (key,), points in found)


def first_effect(run: Run, outcome: str) -> Effect:
    """Return the rows of the effect that comes first, also where they have no number; none without one."""
    return first_of(effects_on(run, outcome), run.manifest.study.primary)


def effects_on(run: Run, outcome: str) -> tuple[Effect, ...]:
    """Return the rows of every debiased effect on one outcome, each effect once."""
    return run.view(_effects).get(outcome, ())


def errors_named(p_common_shocks: float) -> str:
    """Return what errors are called that a test chose, where they are not those of an entity."""
    return marked("errors for common shocks") if has_common_shocks(p_common_shocks) else ""


def _effects(run: Run) -> Mapping[str, tuple[Effect, ...]]:
    return effects_by_outcome(run.rows(EFFECTS))
