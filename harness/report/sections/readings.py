"""What every estimator says of the effect: its coefficient, and its net effect curve in a few numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.findings.lines import POINTWISE, Curve, curves_of, leading_scenario
from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import EstimatorRecord
from harness.report.table import Given, ReportTable, TableCell, TableColumn, columns_of, plain_rows
from harness.scenarios.curve.turning_points import significant_slopes
from harness.tables.coefficients import COEFFICIENTS, CoefficientRow
from harness.text import numbers


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

    @property
    def has_supported(self) -> bool:
        """Whether its curve over supported rows reaches both ends of the range."""
        return self.curve is not None and math.isfinite(self.curve.supported_change)


def read_curve(level: Curve, slope: Curve | None, supported: Curve | None) -> CurveReading | None:
    """Return what a curve and its slope say on the supported grid points; None with fewer than two."""
    positions = np.flatnonzero(level.supported)
    if positions.size < 2:
        return None
    first, last = positions[0], positions[-1]
    rising = falling = math.nan
    if slope is not None and (band := slope.band(POINTWISE)) is not None and slope.supported.any():
        least = level.rounding_slope
        steep = significant_slopes(slope.estimate, band.low - least, band.high + least)[slope.supported]
        rising, falling = float((steep > 0).mean()), float((steep < 0).mean())
    change, supported_change = (
        math.nan if curve is None else float(curve.estimate[last] - curve.estimate[first])
        for curve in (level, supported)
    )
    return CurveReading(
        float(level.at[first]), float(level.at[last]), change, supported_change, rising, falling
    )


def effects(run: Run, outcome: str) -> tuple[EffectReading, ...]:
    """Return what each estimator that says anything says about the effect on one outcome.

    Curves are those of the first scenario that has any over the study's exposure.
    """
    study, scenario = run.manifest.study, leading_scenario(run)
    levels, slopes, supported = (
        {curve.estimator: curve for curve in curves_of(run, outcome, scenario, kind)}
        for kind in ("level", "slope", "level_supported")
    )
    coefficients = {
        row.estimator: row
        for row in run.rows(COEFFICIENTS)
        if row.is_done and row.outcome == outcome and row.term == study.exposure
    }
    found = []
    for entry in study.estimators:
        name, level = entry.id, levels.get(entry.id)
        curve = None if level is None else read_curve(level, slopes.get(name), supported.get(name))
        if curve is not None or name in coefficients:
            found.append(EffectReading(entry, coefficients.get(name), curve))
    return tuple(found)


def effect_table(run: Run, outcome: str, found: Sequence[EffectReading]) -> ReportTable:
    """Return what every estimator says about the effect on one outcome.

    Changes are of the mean prediction over the supported range of the exposure; the last columns are shares
    of that range.
    """
    study, has_supported = run.manifest.study, any(one.has_supported for one in found)
    level = gettext("{level} interval").format(level=numbers.percent(study.level, 0))
    columns = [gettext("Estimator"), gettext("Coefficient\n(std. error)"), level]
    curve = next((one.curve for one in found if one.curve is not None), None)
    further: list[TableColumn] = []
    if curve is not None:
        ends = {"low_at": numbers.plain(curve.low_at), "high_at": numbers.plain(curve.high_at)}
        supported = gettext("Change over\nsupported rows,\n{low_at} to {high_at}").format(**ends)
        over_all = gettext("Change of the curve\nover all rows,\n{low_at} to {high_at}").format(**ends)
        further = [TableColumn(supported)] if has_supported else []
        further.append(TableColumn(over_all, is_for_files=has_supported))
        further.append(TableColumn(gettext("Slope's band\nabove zero")))
        further.append(TableColumn(gettext("Slope's band\nbelow zero")))
    words = gettext("The effect of {exposure} on {label}, estimator by estimator")
    return ReportTable(
        caption=words.format(exposure=study.axis_label(study.exposure), label=study.axis_label(outcome)),
        columns=columns_of(*columns, *further),
        groups=plain_rows(tuple(_cells(one, has_supported=has_supported)) for one in found),
    )


def _cells(one: EffectReading, *, has_supported: bool) -> Iterator[Given]:
    row, curve = one.coefficient, one.curve
    yield one.estimator.label
    if row is None:
        yield from ("", "")
    else:
        decimals = numbers.decimals_for([row.std_error])
        error = f"({numbers.rounded(row.std_error, decimals)})"
        yield TableCell(numbers.rounded(row.estimate, decimals), (error,))
        yield numbers.interval(row.conf_low, row.conf_high, decimals)
    if curve is not None:
        if has_supported:
            yield numbers.significant(curve.supported_change, 3) if one.has_supported else ""
        yield numbers.significant(curve.change, 3)
        yield from (
            numbers.percent(share, 0) if math.isfinite(share) else ""
            for share in (curve.rising, curve.falling)
        )
