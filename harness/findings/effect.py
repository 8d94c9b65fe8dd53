"""Findings on debiased effects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from harness.findings.finding import StudyFinding
from harness.findings.stretches import stretches
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.model.bands import SIMULTANEOUS
from harness.report.model.run import Run
from harness.report.model.truth import true_rows
from harness.report.sections.curves.rows import curve_scenarios, curves_of
from harness.report.sections.effects.rows import FEW_ENTITIES, LITTLE_LEFT, WEAK
from harness.report.text.numbers import fixed, percent, plain, significant, with_interval
from harness.report.text.plain_text import joined, listed, ranged
from harness.report.text.units import effect_in_units, in_unit
from harness.tables.effects import EFFECTS, EffectRow

SLOPES = ("line", "derivative")
"""Forms that are one slope, as the mean slope of a net effect curve is."""

PER_UNIT = (*SLOPES, "conditional")
"""Forms in the outcome's unit per unit of the exposure; the others are changes of the outcome."""


def debiased_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield every debiased effect: of each method, form and learner, group and moderator.

    It is established where its interval excludes zero, the simultaneous band anywhere where it has several
    places, and nothing is warned of: it rests on `FEW_ENTITIES` entities or more, what is left of the
    exposure is spread as among so many, at least `LITTLE_LEFT` of its variation is left, and instruments
    have a first-stage F of `WEAK` or more.
    """
    rows = [row for row in run.rows(EFFECTS) if row.is_done and row.outcome == outcome]
    for _, same in groupby(rows, key=_effect):
        own = list(same)
        together = [row for row in own if row.band == SIMULTANEOUS]
        yield _debiased(run, together or own)


def _effect(row: EffectRow) -> tuple[str, ...]:
    """Return which effect a row is of."""
    return row.scenario, row.exposure, row.method, row.form, row.learner, row.group, row.moderator


def _debiased(run: Run, rows: Sequence[EffectRow]) -> StudyFinding:
    first, study = rows[0], run.manifest.study
    method = gettext(first.method.replace("_", " "))
    how = listed([method, study.estimator_label(first.learner)])
    where = [study.label(first.moderator)] * bool(first.moderator) + [first.group] * bool(first.group)
    clearest = max(rows, key=_clearness)
    warnings = tuple(_warnings(first))
    is_established = any(map(_excludes_zero, rows)) and not warnings
    said = _not_held(run, first) + ("" if is_established else gettext("; it is not established"))
    return StudyFinding(
        outcome=first.outcome,
        estimator="",
        finding="effect",
        about=", ".join([f"{first.scenario}: {first.form}", first.method, first.learner, *where]),
        text=(
            gettext("Debiased effect ({how}) of {exposure}: {numbers}{said}.").format(
                exposure=study.axis_label(first.exposure),
                how=listed([how, gettext(first.form), *where]),
                numbers=_numbers(study, rows, clearest),
                said=said,
            )
        ),
        is_established=is_established,
        estimate=clearest.estimate,
        conf_low=clearest.conf_low,
        conf_high=clearest.conf_high,
        p_value=clearest.p_value,
        caveats=" ".join(filter(None, (first.assumption, *warnings))),
    )


def _not_held(run: Run, row: EffectRow) -> str:
    """Return the mean slopes of curves, and the true one, that the interval of a slope does not hold.

    Nothing where it holds them all, there are none, or the slope is that of some rows.
    """
    if row.form not in SLOPES or row.group or row.moderator:
        return ""
    exposure_of = run.manifest.study.exposure_of
    scenario = next((name for name in curve_scenarios(run) if exposure_of(name) == row.exposure), "")
    kind = "average_effect"
    curves = [float(curve.estimate[0]) for curve in curves_of(run, row.outcome, scenario, kind)]
    beyond = [slope for slope in curves if not row.conf_low <= slope <= row.conf_high]
    truths = [one.truth for one in true_rows(run, row.outcome, scenario, kind)]
    said = [
        gettext("the true mean slope ({truth})").format(truth=significant(truth, 3))
        for truth in truths
        if not row.conf_low <= truth <= row.conf_high
    ]
    if beyond:
        low, high = (significant(slope, 3) for slope in (min(beyond), max(beyond)))
        slopes = low if low == high else ranged(low, high)
        words = gettext("mean slopes of net effect curves ({n_beyond} of {n_curves}: {slopes})")
        said.insert(0, words.format(n_beyond=len(beyond), n_curves=len(curves), slopes=slopes))
    return gettext("; not within it: {slopes}").format(slopes=joined(said)) if said else ""


def _excludes_zero(row: EffectRow) -> bool:
    return row.conf_low > 0.0 or row.conf_high < 0.0


def _clearness(row: EffectRow) -> float:
    """Return how many widths of its interval an effect is from zero."""
    width = row.conf_high - row.conf_low
    if width > 0.0:
        return abs(row.estimate) / width
    return math.inf if width == 0.0 else -math.inf


def _numbers(study: StudyRecord, rows: Sequence[EffectRow], clearest: EffectRow) -> str:
    """Return the effect with its interval; of several places where it is told from zero, and the clearest."""
    if clearest.form == "contrast" and study.level_at(clearest.exposure, clearest.at):
        return _of_levels(study, rows)
    number = with_interval(clearest.estimate, clearest.conf_low, clearest.conf_high)
    number = (
        effect_in_units(study, number, outcome=clearest.outcome, exposure=clearest.exposure)
        if clearest.form in PER_UNIT
        else in_unit(number, study.unit(clearest.outcome))
    )
    if len(rows) == 1:
        return number
    at, unit = np.array([row.at for row in rows]), study.unit(clearest.moderator or clearest.exposure)
    above, below, nowhere = _sides(clearest.form)
    sides = {
        above: np.array([row.conf_low > 0.0 for row in rows]),
        below: np.array([row.conf_high < 0.0 for row in rows]),
    }
    told = [
        side.format(stretches=in_unit(stretches(at, places), unit))
        for side, places in sides.items()
        if places.any()
    ]
    return gettext("{told}; {number} at {at}").format(
        told=listed(told) or nowhere, number=number, at=in_unit(plain(clearest.at), "" if told else unit)
    )


def _sides(form: str) -> tuple[str, str, str]:
    """Return how to say that an effect is above zero, below and neither; a curve is less its mean."""
    if form == "curve":
        return (
            gettext("above its mean {stretches}"),
            gettext("below its mean {stretches}"),
            gettext("nowhere told from its mean"),
        )
    return (
        gettext("above zero {stretches}"),
        gettext("below zero {stretches}"),
        gettext("nowhere told from zero"),
    )


def _of_levels(study: StudyRecord, rows: Sequence[EffectRow]) -> str:
    """Return the contrast of each level with the base."""
    unit = study.unit(rows[0].outcome)
    numbers = (
        f"{study.level_at(row.exposure, row.at)} {with_interval(row.estimate, row.conf_low, row.conf_high)}"
        for row in rows
    )
    return gettext("{numbers}, each less {base}").format(
        numbers=in_unit(listed(numbers), unit), base=study.levels[0]
    )


def _warnings(row: EffectRow) -> Iterator[str]:
    """Yield what keeps an effect from being established."""
    if row.n_entities is not None and row.n_entities < FEW_ENTITIES:
        yield gettext(
            "It rests on {n_entities} entities; with fewer than {least} its interval is rough."
        ).format(n_entities=row.n_entities, least=FEW_ENTITIES)
    elif row.n_effective < FEW_ENTITIES:
        yield gettext(
            "What is left of the exposure is spread as among {n_effective} entities; with fewer than {least} "
            "its interval is rough."
        ).format(n_effective=fixed(row.n_effective, 1), least=FEW_ENTITIES)
    if row.share_left < LITTLE_LEFT:
        yield gettext(
            "Of the exposure's variation {share_left} is left; there is little to learn from."
        ).format(share_left=percent(row.share_left))
    if row.first_stage_f < WEAK:
        yield gettext("The instruments are weak: their first-stage F is {first_stage_f}.").format(
            first_stage_f=fixed(row.first_stage_f, 1)
        )
