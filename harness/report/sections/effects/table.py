"""The table of debiased effects next to coefficients, with what would overturn them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.sections.effects.rows import SubjectEffects, effect_name
from harness.report.sections.effects.sensitivity import SlopeKey, strongest_of
from harness.report.table import (
    Given,
    ReportTable,
    RowGroup,
    TableCell,
    columns_of,
    estimate_cell,
    rows_of,
)
from harness.scenarios.effect.weak_instruments import set_in_words
from harness.tables.coefficients import CoefficientRow
from harness.tables.effects import LINEAR, EffectRow, SensitivityRow
from harness.text.numbers import MISSING, estimated, fixed, p_value, percent, with_interval
from harness.text.plain_text import Footnotes, listed

# How errors of rows may depend on each other.
ERRORS: Mapping[str, str] = {
    "entity": marked("Errors are clustered by entity."),
    "entity_and_period": marked("Errors are clustered by entity and by period."),
    "driscoll_kraay": marked("Errors are by Driscoll and Kraay: dependent within the same and near periods."),
    "conley": marked("Errors are by Conley: dependent within an entity, and among near ones in a period."),
}


def effect_table(run: Run, found: Sequence[SubjectEffects]) -> ReportTable:
    """Return the effects of one exposure that are numbers, and the coefficients in other models."""
    study, footnotes, against = run.manifest.study, Footnotes(), strongest_of(run)
    heads = (gettext("Estimate"), "p", gettext("Variation left"), gettext("Robustness value"))
    benchmarks = (gettext("With an omitted variable as strong as"), gettext("Oster's delta"))
    groups = []
    for effects in found:
        rows = [_effect(study, effects, row, footnotes, against) for row in effects.numbers]
        slopes: list[tuple[Given, ...]] = [
            (study.estimator_label(row.estimator), _estimate(row), p_value(row.p_value))
            for row in effects.slopes
        ]
        groups.append(RowGroup(rows_of([*rows, *slopes]), study.axis_label(effects.outcome)))
    words = gettext("Effects of one unit of {exposure}, {level} confidence intervals beneath")
    return ReportTable(
        caption=words.format(exposure=study.axis_label(found[0].exposure), level=percent(study.level, 0)),
        columns=columns_of(gettext("Effect"), *heads, *(benchmarks if against else ())),
        groups=tuple(group for group in groups if group.rows),
        footnotes=footnotes.listed(),
        notes=tuple(_notes(study, found, has_benchmarks=bool(against))),
    )


# What each form estimates where slopes differ between rows.
ESTIMANDS = {
    "line": marked("Slope: the mean slope, weighted by the residual variance of the exposure."),
    "derivative": marked("Mean derivative: the mean slope at the observed exposures."),
    "contrast": marked("Contrast: the mean difference from the lowest level, weighted as a slope is."),
    "binned": marked(
        "Effect in bins: at the median of each third of the moderator; a small p of “a line is enough” "
        "speaks against the slope of the product (Hainmueller, Mummolo and Xu 2019)."
    ),
    "interaction": marked("Slope of the product: change of the slope per unit of the moderator."),
}


def _notes(study: StudyRecord, found: Sequence[SubjectEffects], *, has_benchmarks: bool) -> Iterator[str]:
    rows = [row for effects in found for row in effects.rows if row.is_done]
    shown = {row.form for row in rows}
    learners = listed(map(study.estimator_label, dict.fromkeys(row.learner for row in rows)))
    errors = (gettext(ERRORS[errors]) for errors in dict.fromkeys(row.errors for row in rows))
    learned = gettext("Double machine learning with {learners}, cross-fitted over entities.")
    yield " ".join([learned.format(learners=learners), *errors])
    yield from (gettext(words) for form, words in ESTIMANDS.items() if form in shown)
    if curved := dict.fromkeys(name for effects in found for name in effects.curved):
        yield gettext(
            "{names}: the exposure has powers, products or means over neighbours, so no coefficient is its "
            "effect; see the curves."
        ).format(names=listed(map(study.estimator_label, curved)))
    yield gettext(
        "Variation left: share of the exposure's variation that the controls do not explain. Robustness "
        "value: share of the remaining variation of exposure and outcome that an omitted variable must "
        "explain to bring the estimate to zero (in brackets: the limit of its interval)."
    )
    if has_benchmarks:
        yield gettext(
            "Oster's delta: how many times as strong as selection on the controls that on omitted variables "
            "must be to bring the slope to zero."
        )
    if any(math.isfinite(row.first_stage_f) for row in rows):
        yield gettext(
            "With instruments their first-stage F stands in place of the robustness value, with the slopes "
            "that the Anderson–Rubin test does not reject, valid however weak they are."
        )


def _effect(
    study: StudyRecord,
    effects: SubjectEffects,
    row: EffectRow,
    footnotes: Footnotes,
    against: Mapping[SlopeKey, SensitivityRow],
) -> tuple[Given, ...]:
    name = effects.named_effect(study, row, effect_name(study, row) if row.method else gettext("Effect"))
    if not row.is_done:
        return (TableCell(name, mark=footnotes.mark(row.reason)), MISSING)
    if row.band == LINEAR:
        return name, MISSING, p_value(row.p_value)
    shares = (percent(row.share_left, 0), _robustness(effects, row))
    own = against.get((row.outcome, row.exposure, row.method, row.learner)) if row.form == "line" else None
    return (
        name,
        *(_estimate(row), p_value(row.p_value), *shares),
        *(_benchmark(study, own) if own else ()),
    )


def _benchmark(study: StudyRecord, row: SensitivityRow) -> tuple[Given, ...]:
    """Return the estimate were a variable omitted as strong as a covariate, and Oster's delta."""
    left = with_interval(row.estimate, row.conf_low, row.conf_high)
    return TableCell(left, (study.label(row.covariate),)), fixed(row.oster_delta, 2)


def _estimate(row: EffectRow | CoefficientRow) -> TableCell:
    return estimate_cell(estimated(row.estimate, row.conf_low, row.conf_high))


def _robustness(effects: SubjectEffects, row: EffectRow) -> str:
    """Return the robustness value and that of the interval's limit, of instruments their strength."""
    if math.isfinite(row.first_stage_f):
        strength = gettext("first-stage F {first_stage_f}")
        said = [strength.format(first_stage_f=fixed(row.first_stage_f, 1))]
        if (found := effects.confidence_set(row)) is not None:
            said.append(gettext("Anderson–Rubin set {found}").format(found=set_in_words(found)))
        return listed(said)
    if math.isnan(row.robustness_value):
        return MISSING
    return f"{percent(row.robustness_value)} ({percent(row.robustness_value_limit)})"
