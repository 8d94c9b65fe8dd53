"""Findings along lines: where curves rise, fall, bend and turn, and effects change their sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.arrays import Mask
from harness.findings import lines
from harness.findings.run import Run
from harness.scenarios.curve.turning_points import significant_slopes
from harness.tables.conditional import THRESHOLDS, ThresholdRow
from harness.tables.curves import TurningPointRow
from harness.tables.findings import FindingRow
from harness.text.effects import NONE
from harness.text.sentences import FindingKind, Sentence, finding


def curve_effect_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield of every curve with a simultaneous band of its slope whether it moves, and whether it bends.

    An effect is established where that band leaves zero anywhere on the supported grid, to the side on which
    the slope of the fit itself is; a nonlinearity where no single slope lies within the band. A fit may lie
    outside the band of its draws: of few entities, networks of resamples can all rise where the network of
    all rows falls.
    """
    for scenario in lines.curve_scenarios(run):
        levels = {level.estimator: level for level in lines.curves_of(run, outcome, scenario, "level")}
        for curve in lines.curves_of(run, outcome, scenario, "slope"):
            band = curve.band(lines.SIMULTANEOUS)
            if band is not None and curve.supported.any():
                least = levels[curve.estimator].rounding_slope if curve.estimator in levels else 0.0
                yield _effect(curve, band, least)
                yield _bend(curve, band, least)


def _effect(curve: lines.Curve, band: lines.Band, least: float) -> FindingRow:
    known = curve.supported & (np.abs(curve.estimate) > least)
    steep = significant_slopes(curve.estimate, band.low, band.high)
    rises, falls = known & (steep > 0), known & (steep < 0)
    position = _clearest(curve, band, among=rises | falls)
    slope = tuple(float(values[position]) for values in (curve.estimate, band.low, band.high))
    parameters = {
        "scenario": curve.scenario,
        "rises": lines.stretches(curve.at, rises),
        "falls": lines.stretches(curve.at, falls),
        "at": float(curve.at[position]),
        "slope": slope,
    }
    return finding(
        "effect",
        Sentence("curve_effect", parameters),
        outcome=curve.outcome,
        estimator=curve.estimator,
        about=f"{curve.scenario}: slope",
        is_established=bool((rises | falls).any()),
        estimate=(slope[0], slope[1], slope[2]),
    )


def _clearest(curve: lines.Curve, band: lines.Band, *, among: Mask) -> int:
    """Return the position at which the slope is most half-widths of its band from zero.

    Parameters
    ----------
    among : (n_grid,), positions that are told from zero; where there is none, all supported ones at which the
        slope lies within its band, and all supported ones where there is no such position either. Of these
        one at which nothing moves, in any draw, comes last
    """
    known = _finite(curve, band)
    within = known & (band.low <= curve.estimate) & (curve.estimate <= band.high)
    asked = next(positions for positions in (among, within, known) if positions.any() or positions is known)
    width, slope = band.high - band.low, np.abs(curve.estimate)
    size = np.divide(slope, width, out=np.where(slope > 0.0, np.inf, -0.5), where=width > 0.0)
    return int(np.argmax(np.where(asked, size, -1.0)))


def _bend(curve: lines.Curve, band: lines.Band, least: float) -> FindingRow:
    known = _finite(curve, band)
    is_bent = bool(band.low[known].max() - band.high[known].min() > least)
    return finding(
        "nonlinearity",
        Sentence("curve_bend", {"scenario": curve.scenario, "is_bent": is_bent}),
        outcome=curve.outcome,
        estimator=curve.estimator,
        about=f"{curve.scenario}: slope",
        is_established=is_bent,
    )


def _finite(curve: lines.Curve, band: lines.Band) -> Mask:
    return np.asarray(curve.supported & np.isfinite(band.low) & np.isfinite(band.high))


def turning_point_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every interior extreme of every curve; that a curve has none is a finding too.

    An extreme is established where the draws say so; its position, interval and share of draws are given
    whether or not they do. Draws can turn, and all elsewhere than the fit does: of one that is established
    and lies outside its interval, the position is said not to be.
    """
    for scenario in lines.curve_scenarios(run):
        for entry in run.manifest.study.estimators:
            for row in lines.turning_points_of(run, outcome, scenario, entry.id):
                along, about = {"scenario": row.scenario}, f"{row.scenario}: {row.kind}"
                yield _change("turning_point", row, along, about, is_established=row.is_established)


def _change(
    kind: FindingKind,
    row: TurningPointRow | ThresholdRow,
    along: Mapping[str, str],
    about: str,
    *,
    is_established: bool,
) -> FindingRow:
    """Return where a line turns or changes its sign; a row of kind ``none`` says that it does nowhere."""
    at = row.at, row.conf_low, row.conf_high
    parameters: dict[str, Any] = {**along, "kind": row.kind}
    if row.kind != NONE:
        parameters |= {"at": at, "share_of_draws": row.share_of_draws, "is_established": is_established}
    return finding(
        kind,
        Sentence(kind, parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=about,
        is_established=row.kind != NONE and is_established,
        estimate=at,
    )


def sign_change_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield of every conditional effect where it differs significantly from zero.

    That it changes its sign is established where its simultaneous band excludes zero from below at one
    supported moderator value and from above at another, and the effect of the fit itself has that sign there.
    """
    for effect in run.view(lines.conditional_effects):
        key = effect.key
        if key.outcome == outcome:
            above, below = (lines.stretches(effect.at, positions) for positions in signs(effect))
            parameters = {"moderator": key.moderator, "below": below, "above": above}
            yield finding(
                "sign_change",
                Sentence("sign_change", parameters),
                outcome=outcome,
                estimator=key.estimator,
                about=f"{key.scenario}: {key.moderator}",
                is_established=has_both_signs(effect),
            )


def signs(effect: lines.ConditionalEffect) -> tuple[Mask, Mask]:
    """Return where a conditional effect is significantly above, and below zero, (n_grid,) each."""
    band = effect.band(lines.SIMULTANEOUS)
    if band is None:
        nowhere = np.zeros(effect.at.size, dtype=np.bool_)
        return nowhere, nowhere
    above = effect.supported & (band.low > 0.0) & (effect.estimate > 0.0)
    below = effect.supported & (band.high < 0.0) & (effect.estimate < 0.0)
    return np.asarray(above), np.asarray(below)


def has_both_signs(effect: lines.ConditionalEffect) -> bool:
    """Return whether a conditional effect is significantly above zero somewhere, and below elsewhere."""
    return all(positions.any() for positions in signs(effect))


def threshold_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the thresholds of every conditional effect; that it has none is a finding too.

    The table has thresholds between stretches whose simultaneous band excludes zero, within the longest
    supported stretch. One is established where the band over all supported values has both signs as well; its
    position is not where it lies outside its interval. Breaks that an estimator assumes are no changes of
    sign.
    """
    with_both = {effect.key for effect in run.view(lines.conditional_effects) if has_both_signs(effect)}
    for row in run.rows(THRESHOLDS):
        if row.is_done and row.outcome == outcome and row.scenario:
            about = f"{row.scenario}: {row.moderator}" + ("" if row.kind == NONE else f", {row.kind}")
            along, is_established = {"moderator": row.moderator}, row.key in with_both
            yield _change("threshold", row, along, about, is_established=is_established)
