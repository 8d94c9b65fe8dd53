"""Findings on net effect curves: whether a curve rises or falls anywhere, and whether it is no line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.arrays import Mask
from harness.findings.finding import StudyFinding
from harness.findings.stretches import stretches
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.model.bands import SIMULTANEOUS, Band
from harness.report.model.run import Run
from harness.report.sections.curves.rows import Curve, curve_scenarios, curves_of
from harness.report.text.numbers import plain, with_interval
from harness.report.text.plain_text import listed
from harness.report.text.units import effect_in_units, in_unit
from harness.scenarios.curve.turning_points import significant_slopes


def curve_effect_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield of every curve with a simultaneous band of its slope whether it moves, and whether it bends.

    An effect is established where that band leaves zero anywhere on the supported grid, to the side on which
    the slope of the fit itself is; a nonlinearity where no single slope lies within the band. A fit may lie
    outside the band of its draws: of few entities, networks of resamples can all rise where the network of
    all rows falls.
    """
    for scenario in curve_scenarios(run):
        levels = {level.estimator: level for level in curves_of(run, outcome, scenario, "level")}
        for curve in curves_of(run, outcome, scenario, "slope"):
            band = curve.band(SIMULTANEOUS)
            if band is not None and curve.supported.any():
                least = levels[curve.estimator].rounding_slope if curve.estimator in levels else 0.0
                yield _effect(run, curve, band, least)
                yield _nonlinearity(run, curve, band, least)


def _effect(run: Run, curve: Curve, band: Band, least: float) -> StudyFinding:
    study, known = run.manifest.study, curve.supported & (np.abs(curve.estimate) > least)
    exposure = study.exposure_of(curve.scenario)
    unit = study.unit(exposure)
    steep = significant_slopes(curve.estimate, band.low, band.high)
    rises, falls = known & (steep > 0), known & (steep < 0)
    signs = [
        verb.format(stretches=in_unit(stretches(curve.at, places), unit))
        for verb, places in ((gettext("rises {stretches}"), rises), (gettext("falls {stretches}"), falls))
        if places.any()
    ]
    subject = _subject(study, curve)
    place = _clearest(curve, band, among=rises | falls)
    low, high = float(band.low[place]), float(band.high[place])
    estimate = float(curve.estimate[place])
    slope = gettext("slope {estimate} at {at}").format(
        estimate=effect_in_units(
            study, with_interval(estimate, low, high), outcome=curve.outcome, exposure=exposure
        ),
        at=in_unit(plain(float(curve.at[place])), "" if signs else unit),
    )
    moves = gettext("it {signs}; {slope}").format(signs=listed(signs), slope=slope)
    still = (
        gettext("no slope is told from zero, all places taken together; {slope}").format(slope=slope)
        if estimate or low or high
        else gettext("it is flat, in every draw")
    )
    return StudyFinding(
        outcome=curve.outcome,
        estimator=curve.estimator,
        finding="effect",
        about=f"{curve.scenario}: slope",
        text=gettext("{subject}: {said}.").format(subject=subject, said=moves if signs else still),
        is_established=bool(signs),
        estimate=estimate,
        conf_low=low,
        conf_high=high,
    )


def _subject(study: StudyRecord, curve: Curve) -> str:
    """Return whose curve it is, and over what where that is not the study's exposure."""
    exposure = study.exposure_of(curve.scenario)
    over = (
        "" if exposure == study.exposure else gettext(" of {exposure}").format(exposure=study.label(exposure))
    )
    return gettext("{estimator}, net effect curve{over}").format(
        estimator=study.estimator_label(curve.estimator), over=over
    )


def _clearest(curve: Curve, band: Band, *, among: Mask) -> int:
    """Return the place at which the slope is most half-widths of its band from zero.

    Parameters
    ----------
    among : (n_grid,), places that are told from zero; where there is none, all supported ones at which the
        slope lies within its band, and all supported ones where there is no such place either. Of these one
        at which nothing moves, in any draw, comes last
    """
    known = _finite(curve, band)
    within = known & (band.low <= curve.estimate) & (curve.estimate <= band.high)
    asked = next(places for places in (among, within, known) if places.any() or places is known)
    width, slope = band.high - band.low, np.abs(curve.estimate)
    size = np.divide(slope, width, out=np.where(slope > 0.0, np.inf, -0.5), where=width > 0.0)
    return int(np.argmax(np.where(asked, size, -1.0)))


def _nonlinearity(run: Run, curve: Curve, band: Band, least: float) -> StudyFinding:
    known = _finite(curve, band)
    is_bent = bool(band.low[known].max() - band.high[known].min() > least)
    said = gettext("no constant slope lies") if is_bent else gettext("a constant slope lies")
    rest = "" if is_bent else gettext("; that it bends is not established")
    return StudyFinding(
        outcome=curve.outcome,
        estimator=curve.estimator,
        finding="nonlinearity",
        about=f"{curve.scenario}: slope",
        text=(
            gettext("{subject}: {said} within the simultaneous band of its slope{rest}.").format(
                subject=_subject(run.manifest.study, curve), said=said, rest=rest
            )
        ),
        is_established=is_bent,
    )


def _finite(curve: Curve, band: Band) -> Mask:
    return np.asarray(curve.supported & np.isfinite(band.low) & np.isfinite(band.high))
