"""Findings on models: where curves rise, bend and turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from harness.arrays import Mask
from harness.findings import lines
from harness.findings.finding import SourceNumbers, finding
from harness.findings.run import Run
from harness.findings.sentence import NO_ESTIMATE, Estimate, PValue, Sentence, Stretches, WholeShare, Word
from harness.scenarios.curve.turning_points import significant_slopes
from harness.tables.curves import TurningPointRow
from harness.tables.decision import ABOVE, BELOW, OPEN, Decision
from harness.tables.findings import FindingRow
from harness.tables.table import NAN

# Kind of a turning point or threshold that says there is none.
NONE = "none"

# Share of a curve's supported range that the interval of a turning point must not span: positions drawn at
# random from the whole range have an interval of the level, 0.95 of it, so that a wide one names none.
WIDEST_INTERVAL = 0.8


@dataclass(frozen=True)
class ModelCurve(Sentence):
    """Where a model's curve rises and falls, and its clearest slope.

    Attributes
    ----------
    at : exposure with the clearest slope
    p_value : of a slope of zero everywhere
    """

    scenario: str
    at: float
    slope: Estimate
    rises: Stretches = ()
    falls: Stretches = ()
    p_value: PValue = NAN


@dataclass(frozen=True)
class CurveBend(Sentence):
    """Whether one slope lies within the band of all slopes."""

    scenario: str
    is_bent: bool


@dataclass(frozen=True)
class CurveTurn(Sentence):
    """Where a curve turns, or that it does not."""

    scenario: str
    kind: Word
    at: Estimate = NO_ESTIMATE
    share_of_draws: WholeShare = NAN
    is_significant: bool = False


@dataclass(frozen=True)
class OfAModel(Sentence):
    """That a finding describes what a model predicts, and is no effect."""


def model_curve_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield of every curve with a simultaneous band of its slope whether it moves, and whether it bends.

    Both are of the model: what it predicts were the exposure another. That it moves is significant where the
    band leaves zero anywhere on the supported grid, to the side on which the slope of the fit itself is; a
    nonlinearity where no single slope lies within the band. A fit may lie outside the band of its draws: of
    few entities, networks of resamples can all rise where the network of all rows falls.
    """
    for scenario in lines.curve_scenarios(run):
        levels = {level.estimator: level for level in lines.curves_of(run, outcome, scenario, "level")}
        for curve in lines.curves_of(run, outcome, scenario, "slope"):
            band = curve.band(lines.SIMULTANEOUS)
            if band is not None and curve.supported.any():
                least = levels[curve.estimator].rounding_slope if curve.estimator in levels else 0.0
                yield _model_curve(curve, band, least)
                yield _bend(curve, band, least)


def _model_curve(curve: lines.Curve, band: lines.Band, least: float) -> FindingRow:
    known = curve.supported & (np.abs(curve.estimate) > least)
    steep = significant_slopes(curve.estimate, band.low, band.high)
    rises, falls = known & (steep > 0), known & (steep < 0)
    index = _clearest(curve, band, among=rises | falls)
    slope = Estimate(*(float(values[index]) for values in (curve.estimate, band.low, band.high)))
    p_value = float(band.p_value[index])
    sentence = ModelCurve(
        scenario=curve.scenario,
        at=float(curve.at[index]),
        slope=slope,
        rises=lines.stretches(curve.at, rises),
        falls=lines.stretches(curve.at, falls),
        p_value=p_value,
    )
    return finding(
        "model_curve",
        sentence,
        outcome=curve.outcome,
        subject={"scenario": curve.scenario, "estimator": curve.estimator},
        about=f"{curve.scenario}: slope",
        estimator=curve.estimator,
        decision=_direction(slope.value, is_significant=bool((rises | falls).any())),
        numbers=SourceNumbers(slope, p_value),
    )


def _direction(value: float, *, is_significant: bool) -> Decision:
    if not is_significant:
        return OPEN
    return ABOVE if value > 0.0 else BELOW


def _clearest(curve: lines.Curve, band: lines.Band, *, among: Mask) -> int:
    """Return the index at which the slope is most half-widths of its band from zero.

    Parameters
    ----------
    among : (n_grid,), indices where the slope is significant; without any, all supported ones at which the
        slope lies within its band, and all supported ones where there is no such index either. Of these
        one at which nothing moves, in any draw, comes last
    """
    known = _finite(curve, band)
    within = known & (band.low <= curve.estimate) & (curve.estimate <= band.high)
    asked = next(indices for indices in (among, within, known) if indices.any() or indices is known)
    width, slope = band.high - band.low, np.abs(curve.estimate)
    size = np.divide(slope, width, out=np.where(slope > 0.0, np.inf, -0.5), where=width > 0.0)
    return int(np.argmax(np.where(asked, size, -1.0)))


def _bend(curve: lines.Curve, band: lines.Band, least: float) -> FindingRow:
    known = _finite(curve, band)
    is_bent = bool(band.low[known].max() - band.high[known].min() > least)
    return finding(
        "nonlinearity",
        CurveBend(curve.scenario, is_bent),
        outcome=curve.outcome,
        subject={"scenario": curve.scenario, "estimator": curve.estimator},
        about=f"{curve.scenario}: slope",
        estimator=curve.estimator,
        decision=ABOVE if is_bent else OPEN,
    )


def _finite(curve: lines.Curve, band: lines.Band) -> Mask:
    return np.asarray(curve.supported & np.isfinite(band.low) & np.isfinite(band.high))


def turning_point_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every interior extreme of every curve; that a curve has none is a finding too.

    An extreme is significant where the draws say so; its position, interval and share of draws are given
    whether or not they do. One whose interval spans more than `WIDEST_INTERVAL` of the supported range is
    none. Draws can turn, and all elsewhere than the fit does: of one that is significant and lies outside its
    interval, the position is said not to be.
    """
    for scenario in lines.curve_scenarios(run):
        levels = {curve.estimator: curve for curve in lines.curves_of(run, outcome, scenario, "level")}
        for entry in run.manifest.study.estimators:
            turns = lines.turning_points_of(run, outcome, scenario, entry.id)
            for ordinal, row in enumerate(turns):
                curve = levels.get(entry.id)
                width = np.ptp(curve.at[curve.supported]) if curve and curve.supported.any() else np.inf
                if row.conf_high - row.conf_low > WIDEST_INTERVAL * width:
                    row = replace(row, kind=NONE, at=NAN, conf_low=NAN, conf_high=NAN)
                yield _turning_point(row, ordinal)


def _turning_point(row: TurningPointRow, ordinal: int) -> FindingRow:
    at, is_significant = (
        Estimate(row.at, row.conf_low, row.conf_high),
        row.kind != NONE and row.is_established,
    )
    share = row.share_of_draws if row.kind != NONE else NAN
    return finding(
        "turning_point",
        CurveTurn(row.scenario, row.kind, at, share, is_significant),
        outcome=row.outcome,
        subject={"scenario": row.scenario, "estimator": row.estimator, "ordinal": str(ordinal)},
        about=f"{row.scenario}: {row.kind}",
        estimator=row.estimator,
        decision=ABOVE if is_significant else OPEN,
        numbers=SourceNumbers(at),
    )
