"""Findings on models: where curves rise, bend and turn, effects change sign, values and groups differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, takewhile
from typing import Any

import numpy as np

from harness.arrays import Mask
from harness.findings import lines
from harness.findings.debiased import slope_of
from harness.findings.run import Run
from harness.record.decisions import holm
from harness.record.manifest import StudyRecord
from harness.scenarios.curve.turning_points import significant_slopes
from harness.tables import heterogeneity
from harness.tables.curves import TurningPointRow
from harness.tables.decision import SIGNIFICANT, size_of
from harness.tables.effects import EFFECT_TESTS, LINEARITY, THRESHOLD_TESTS
from harness.tables.findings import FindingRow
from harness.tables.table import NAN
from harness.text.effects import NONE
from harness.text.numbers import in_unit, plain
from harness.text.sentences import Sentence, finding

# An H below this is rounding alone.
NO_H = 1e-6


def linearity_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every test of linearity; a nonlinearity is significant where it rejects."""
    for row in run.rows(EFFECT_TESTS, outcome=outcome, test=LINEARITY):
        if row.is_done:
            is_bent = row.decision in SIGNIFICANT
            parameters = {"exposure": row.exposure, "p_value": row.p_value, "is_rejected": is_bent}
            yield finding(
                "nonlinearity",
                Sentence("linearity", parameters),
                outcome=outcome,
                estimator=row.estimator,
                about=", ".join(filter(None, (LINEARITY, row.exposure, row.against))),
                is_established=is_bent,
                p_value=row.p_value,
                against=[Sentence("bends")] * is_bent,
            )


def threshold_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield how many thresholds the tests of every threshold model find, and where the model has its own.

    The number is that up to which every test rejects one less at the study's level; that there are any is
    established where it is one or more.
    """
    breaks = [
        row
        for row in run.rows(heterogeneity.THRESHOLDS)
        if row.is_done and not row.scenario and row.outcome == outcome
    ]
    for (estimator, moderator), same in groupby(breaks, key=lambda row: (row.estimator, row.moderator)):
        places = [(row.at, row.conf_low, row.conf_high) for row in same]
        rows = run.rows(EFFECT_TESTS, outcome=outcome, estimator=estimator)
        by_name = {row.test: row for row in rows if row.is_done}
        tests = [by_name[name] for name in THRESHOLD_TESTS if name in by_name]
        if not tests:
            continue
        found = list(takewhile(lambda row: row.decision in SIGNIFICANT, tests))
        p_values = [row.p_value for row in tests]
        parameters = {"moderator": moderator, "n_found": len(found), "p_values": p_values, "places": places}
        yield finding(
            "threshold",
            Sentence("threshold", parameters),
            outcome=outcome,
            estimator=estimator,
            about=moderator,
            is_established=bool(found),
            estimate=places[0],
            p_value=p_values[0],
            against=[Sentence("breaks")] * bool(found),
        )


def interaction_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every model's measure of interaction (Friedman and Popescu 2008), which establishes nothing.

    Estimated from noisy predictions it is above zero even where there is no interaction. The test is the
    debiased slope of the product, the form ``interaction`` of debiased effects.
    """
    for row in run.rows(heterogeneity.INTERACTIONS, outcome=outcome, measure="friedman_h"):
        if row.is_done and math.isfinite(row.estimate):
            estimate = row.estimate, row.conf_low, row.conf_high
            exposure = run.manifest.study.exposure_of(row.scenario)
            place = {"exposure": exposure, "moderator": row.moderator}
            told = Sentence("friedman_h", place | {"h": estimate})
            yield finding(
                "interaction",
                told if row.estimate > NO_H else Sentence("no_interaction", place),
                outcome=outcome,
                estimator=row.estimator,
                about=f"{row.scenario}: {row.moderator}",
                is_established=False,
                estimate=estimate,
            )


# Share of a curve's supported range that the interval of a turning point must not span: places drawn at
# random from the whole range have an interval of the level, 0.95 of it, so that a wide one names no place.
WIDEST_PLACE = 0.8


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
                yield _model_curve(run, curve, band, least)
                yield _bend(curve, band, least)


def _model_curve(run: Run, curve: lines.Curve, band: lines.Band, least: float) -> FindingRow:
    known = curve.supported & (np.abs(curve.estimate) > least)
    steep = significant_slopes(curve.estimate, band.low, band.high)
    rises, falls = known & (steep > 0), known & (steep < 0)
    position = _clearest(curve, band, among=rises | falls)
    slope = tuple(float(values[position]) for values in (curve.estimate, band.low, band.high))
    p_value = float(band.p_value[position])
    parameters = {
        "scenario": curve.scenario,
        "rises": lines.stretches(curve.at, rises),
        "falls": lines.stretches(curve.at, falls),
        "at": float(curve.at[position]),
        "slope": slope,
        "p_value": p_value,
        **_excluded(run, curve),
    }
    return finding(
        "model_curve",
        Sentence("model_curve", parameters),
        outcome=curve.outcome,
        estimator=curve.estimator,
        about=f"{curve.scenario}: slope",
        is_established=bool((rises | falls).any()),
        estimate=(slope[0], slope[1], slope[2]),
        p_value=p_value,
    )


def _excluded(run: Run, curve: lines.Curve) -> dict[str, Any]:
    """Return the mean slope of a curve where the interval of the debiased slope excludes it."""
    exposure = run.manifest.study.exposure_of(curve.scenario)
    debiased = slope_of(run, curve.outcome, exposure)
    mean = lines.mean_slopes(run, curve.outcome, exposure).get(curve.estimator)
    if debiased is None or mean is None or debiased.conf_low <= mean <= debiased.conf_high:
        return {}
    interval = debiased.estimate, debiased.conf_low, debiased.conf_high
    return {"mean": mean, "debiased": interval}


def _clearest(curve: lines.Curve, band: lines.Band, *, among: Mask) -> int:
    """Return the position at which the slope is most half-widths of its band from zero.

    Parameters
    ----------
    among : (n_grid,), positions where the slope is significant; without any, all supported ones at which the
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

    An extreme is significant where the draws say so; its position, interval and share of draws are given
    whether or not they do. One whose interval spans more than `WIDEST_PLACE` of the supported range is none.
    Draws can turn, and all elsewhere than the fit does: of one that is significant and lies outside its
    interval, the position is said not to be.
    """
    for scenario in lines.curve_scenarios(run):
        levels = {curve.estimator: curve for curve in lines.curves_of(run, outcome, scenario, "level")}
        for entry in run.manifest.study.estimators:
            for row in lines.turning_points_of(run, outcome, scenario, entry.id):
                curve = levels.get(entry.id)
                width = np.ptp(curve.at[curve.supported]) if curve and curve.supported.any() else np.inf
                if row.conf_high - row.conf_low > WIDEST_PLACE * width:
                    row = replace(row, kind=NONE, at=NAN, conf_low=NAN, conf_high=NAN)
                yield _turning_point(row)


def _turning_point(row: TurningPointRow) -> FindingRow:
    at = row.at, row.conf_low, row.conf_high
    is_established = row.kind != NONE and row.is_established
    parameters: dict[str, Any] = {"scenario": row.scenario, "kind": row.kind}
    if row.kind != NONE:
        parameters |= {"at": at, "share_of_draws": row.share_of_draws, "is_established": is_established}
    return finding(
        "turning_point",
        Sentence("turning_point", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}: {row.kind}",
        is_established=is_established,
        estimate=at,
    )


def sign_change_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield of every conditional effect where it differs significantly from zero, and where it changes sign.

    That it changes its sign is significant where its simultaneous band excludes zero from below at one
    supported moderator value and from above at another, and the effect of the fit itself has that sign there;
    so its p-value is the greater of those of the clearest value on either side. Places of changes are those
    of the table of thresholds, between stretches whose band excludes zero within the longest supported one.
    A place is not established where it lies outside its interval.
    """
    for effect in run.view(lines.conditional_effects):
        key = effect.key
        if key.outcome == outcome:
            rows = run.rows(heterogeneity.THRESHOLDS, key=key)
            own = [row for row in rows if row.is_done and row.scenario and row.kind != NONE]
            above, below = (lines.stretches(effect.at, positions) for positions in signs(effect))
            p_value = _p_of_both(effect)
            parameters = {
                "moderator": key.moderator,
                "below": below,
                "above": above,
                "p_value": p_value,
                "places": [((row.at, row.conf_low, row.conf_high), row.share_of_draws) for row in own],
            }
            first = own[0] if own else None
            yield finding(
                "sign_change",
                Sentence("sign_change", parameters),
                outcome=outcome,
                estimator=key.estimator,
                about=f"{key.scenario}: {key.moderator}",
                is_established=bool(below and above),
                estimate=(first.at, first.conf_low, first.conf_high) if first else (NAN, NAN, NAN),
                p_value=p_value,
            )


def _p_of_both(effect: lines.ConditionalEffect) -> float:
    """Return the greater p-value of the clearest effects above and below zero; NaN with one sign alone."""
    band = effect.band(lines.SIMULTANEOUS)
    if band is None:
        return NAN
    known = effect.supported & np.isfinite(band.p_value)
    sides = [known & (effect.estimate > 0.0), known & (effect.estimate < 0.0)]
    if not all(side.any() for side in sides):
        return NAN
    return float(max(band.p_value[side].min() for side in sides))


def signs(effect: lines.ConditionalEffect) -> tuple[Mask, Mask]:
    """Return where a conditional effect is significantly above, and below zero, (n_grid,) each."""
    band = effect.band(lines.SIMULTANEOUS)
    if band is None:
        nowhere = np.zeros(effect.at.size, dtype=np.bool_)
        return nowhere, nowhere
    above = effect.supported & (band.low > 0.0) & (effect.estimate > 0.0)
    below = effect.supported & (band.high < 0.0) & (effect.estimate < 0.0)
    return np.asarray(above), np.asarray(below)


def contrast_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every contrast of every question.

    It is significant where its simultaneous interval, which allows for all of the question, excludes zero, to
    the side on which the contrast itself is.
    """
    done = [row for row in run.rows(heterogeneity.CONTRASTS) if row.is_done and row.outcome == outcome]
    rows = [row for row in done if row.band == lines.SIMULTANEOUS]
    for _, same in groupby(rows, key=lambda row: (row.scenario, row.estimator)):
        own = tuple(same)
        for row in own:
            yield _contrast(run.manifest.study, row, n_contrasts=len(own))


def value_in_words(levels: Sequence[str], value: str) -> str:
    """Return a value of the exposure as tables have it in words: a level, or a number."""
    return value if levels else plain(float(value))


def _contrast(study: StudyRecord, row: heterogeneity.ContrastRow, *, n_contrasts: int) -> FindingRow:
    estimate, where = (row.estimate, row.conf_low, row.conf_high), _where(study, row)
    is_established = _is_apart(*estimate)
    high, low = (value_in_words(study.levels, value) for value in (row.exposure_to, row.exposure_from))
    parameters: dict[str, Any] = {"high": high, "low": low, "where": where, "estimate": estimate}
    parameters |= {"is_established": is_established}
    return finding(
        "contrast",
        Sentence("contrast", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}{where and f', {where}'}: {high} rather than {low}",
        is_established=is_established,
        estimate=estimate,
        against=[Sentence("one_of_contrasts", {"n_contrasts": n_contrasts})] * (n_contrasts > 1),
    )


def _where(study: StudyRecord, row: heterogeneity.ContrastRow) -> str:
    """Return which rows a contrast is over, or at which moderator value; empty for all rows as they are."""
    if row.by:
        return f"{study.label(row.by)} {row.group}"
    if not row.moderator:
        return ""
    return f"{study.label(row.moderator)} {in_unit(plain(row.moderator_at), study.unit(row.moderator))}"


def _is_apart(estimate: float, low: float, high: float) -> bool:
    """Return whether an interval excludes zero, to the side on which the number itself is."""
    return min(low, estimate) > 0.0 or max(high, estimate) < 0.0


def group_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the difference of effects between every pair of groups; one sentence where there can be none.

    It is significant where its interval excludes zero, to the side on which the difference itself is, and
    its p-value is below one less the level, adjusted for all pairs and estimators of the question (Holm
    1979). Levels are no findings: the level of a group is the curve, which is averaged over all rows, at the
    exposures of the group, and no mean of the group.
    """
    for scenario, by in dict.fromkeys(
        (row.scenario, row.by) for row in run.rows(heterogeneity.HETEROGENEITY)
    ):
        of = {"scenario": scenario, "by": by, "outcome": outcome, "mode": "pooled", "measure": "effect"}
        rows = [row for row in run.rows(heterogeneity.HETEROGENEITY_DIFFERENCES, **of) if row.is_done]
        pairs = list(zip(rows, holm(row.p_value for row in rows), strict=True))
        for entry in run.manifest.study.estimators:
            own = [(row, p_value) for row, p_value in pairs if row.estimator == entry.id]
            if own and not any((row.difference, row.conf_low, row.conf_high) != (0, 0, 0) for row, _ in own):
                # Its form has no other: an estimator has the same effect in all groups, in every draw.
                yield finding(
                    "group_difference",
                    Sentence("one_effect", {"by": by}),
                    outcome=outcome,
                    estimator=entry.id,
                    about=f"{scenario}, {by}",
                    is_established=False,
                    estimate=(0.0, 0.0, 0.0),
                )
                continue
            for row, p_value in own:
                yield _difference(run.manifest.study, row, p_value, n_pairs=len(pairs))


def _difference(
    study: StudyRecord, row: heterogeneity.DifferenceRow, p_value: float, *, n_pairs: int
) -> FindingRow:
    difference = row.difference, row.conf_low, row.conf_high
    is_established = _is_apart(*difference) and p_value < size_of(study.level)
    parameters = {name: getattr(row, name) for name in ("scenario", "by", "group", "other")}
    parameters |= {"difference": difference, "p_value": p_value, "is_established": is_established}
    return finding(
        "group_difference",
        Sentence("group_difference", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}, {row.by}: {row.group} less {row.other}",
        is_established=is_established,
        estimate=difference,
        p_value=row.p_value,
        p_adjusted=p_value,
        against=[Sentence("one_of_pairs", {"n_pairs": n_pairs})] * (n_pairs > 1),
    )
