"""What each estimator says about the effect, read off its coefficient and its curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.findings.lines import POINTWISE, Curve, curves_of, leading_scenario
from harness.findings.run import Run
from harness.record.study import EstimatorRecord
from harness.report.sections.coefficients.section import coefficient_rows
from harness.scenarios.curve.turning_points import significant_slopes
from harness.tables.coefficients import CoefficientRow


@dataclass(frozen=True)
class CurveReading:
    """The supported part of a net effect curve in a few numbers.

    Attributes
    ----------
    low_at, high_at : lowest and highest exposure that the data support, its unit
    change : mean predicted outcome at `high_at` less that at `low_at`, outcome units
    supported_change : the same of the curve over supported rows; NaN where there is none at both
    rising, falling : share of the supported grid points at which the slope and its band lie above, below
        zero; NaN where there is no band
    """

    low_at: float
    high_at: float
    change: float
    supported_change: float
    rising: float
    falling: float


@dataclass(frozen=True)
class EffectReading:
    """One estimator on the effect of the exposure on one outcome.

    Attributes
    ----------
    coefficient : of the exposure, or None where the estimator has none
    curve : reading of its net effect curve, or None where it has none
    """

    estimator: EstimatorRecord
    coefficient: CoefficientRow | None
    curve: CurveReading | None


def read_curve(level: Curve, slope: Curve | None, supported: Curve | None) -> CurveReading | None:
    """Return what a curve and its slope say on the supported grid points; None with fewer than two."""
    places = np.flatnonzero(level.supported)
    if places.size < 2:
        return None
    first, last = places[0], places[-1]
    rising = falling = float("nan")
    if slope is not None and (band := slope.band(POINTWISE)) is not None and slope.supported.any():
        least = level.rounding_slope
        steep = significant_slopes(slope.estimate, band.low - least, band.high + least)[slope.supported]
        rising, falling = float((steep > 0).mean()), float((steep < 0).mean())
    return CurveReading(
        low_at=float(level.at[first]),
        high_at=float(level.at[last]),
        change=float(level.estimate[last] - level.estimate[first]),
        supported_change=(
            float("nan") if supported is None else float(supported.estimate[last] - supported.estimate[first])
        ),
        rising=rising,
        falling=falling,
    )


def effects(run: Run, outcome: str) -> tuple[EffectReading, ...]:
    """Return what each estimator that says anything says about the effect on one outcome.

    Curves are those of the first scenario that has any over the study's exposure.
    """
    study = run.manifest.study
    scenario = leading_scenario(run)
    levels = {curve.estimator: curve for curve in curves_of(run, outcome, scenario, "level")}
    slopes = {curve.estimator: curve for curve in curves_of(run, outcome, scenario, "slope")}
    supported = {curve.estimator: curve for curve in curves_of(run, outcome, scenario, "level_supported")}
    coefficients = {
        row.estimator: row
        for row in coefficient_rows(run)
        if row.is_done and row.outcome == outcome and row.term == study.exposure
    }
    found = [
        EffectReading(
            estimator=entry,
            coefficient=coefficients.get(entry.id),
            curve=(
                read_curve(levels[entry.id], slopes.get(entry.id), supported.get(entry.id))
                if entry.id in levels
                else None
            ),
        )
        for entry in study.estimators
    ]
    return tuple(effect for effect in found if effect.coefficient is not None or effect.curve is not None)
