"""The section of the effect: debiased and by regression, what it assumes, and what would overturn it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from harness.findings.debiased import FEW_ENTITIES, LITTLE_LEFT, WEAK, first_effect
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.manifest import StudyRecord
from harness.report import table as parts
from harness.report.blocks import Appendix, Bullets, ReportBlock
from harness.report.sections.effect_rows import FORMS, METHODS, SubjectEffects, effect_name, effects_of
from harness.report.sections.effect_sensitivity import SlopeKey, sensitivity_figures, strongest_of
from harness.report.sections.section import Section
from harness.scenarios.effect.weak_instruments import set_in_words
from harness.scenarios.robustness import CHANGES, PERMUTED
from harness.tables.coefficients import CoefficientRow
from harness.tables.effects import EFFECT_TESTS, LINEAR, ROBUSTNESS, EffectRow, SensitivityRow
from harness.tables.gain import size_of
from harness.text import numbers
from harness.text.plain_text import Footnotes, joined, listed

# How errors of rows may depend on each other.
ERRORS: Mapping[str, str] = {
    "entity": marked("Errors are clustered by entity."),
    "entity_and_period": marked("Errors are clustered by entity and by period."),
    "driscoll_kraay": marked("Errors are by Driscoll and Kraay: dependent within the same and near periods."),
    "conley": marked("Errors are by Conley: dependent within an entity, and among near ones in a period."),
}


def effect_table(run: Run, found: Sequence[SubjectEffects]) -> parts.ReportTable:
    """Return the effects of one exposure that are numbers, and the coefficients in other models."""
    study, footnotes, against = run.manifest.study, Footnotes(), strongest_of(run)
    heads = (gettext("Estimate"), "p", gettext("Variation left"), gettext("Robustness value"))
    benchmarks = (gettext("With an omitted variable as strong as"), gettext("Oster's delta"))
    groups: list[tuple[str, list[tuple[parts.Given, ...]]]] = []
    for effects in found:
        rows = [_effect(study, effects, row, footnotes, against) for row in effects.numbers]
        slopes: list[tuple[parts.Given, ...]] = [
            (study.estimator_label(row.estimator), _estimate(row), numbers.p_value(row.p_value))
            for row in effects.slopes
        ]
        groups.append((study.axis_label(effects.outcome), [*rows, *slopes]))
    words = gettext("Effects of one unit of {exposure}, {level} confidence intervals beneath")
    return parts.ReportTable(
        caption=words.format(
            exposure=study.axis_label(found[0].exposure), level=numbers.percent(study.level, 0)
        ),
        columns=parts.columns_of(gettext("Effect"), *heads, *(benchmarks if against else ())),
        groups=parts.row_groups(groups),
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
            "Oster's delta: how strong selection on omitted variables must be, relative to selection on the "
            "controls, to bring the slope to zero."
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
) -> tuple[parts.Given, ...]:
    name = effects.named_effect(study, row, effect_name(study, row) if row.method else gettext("Effect"))
    if not row.is_done:
        return (parts.TableCell(name, mark=footnotes.mark(row.reason)), numbers.MISSING)
    if row.band == LINEAR:
        return name, numbers.MISSING, numbers.p_value(row.p_value)
    shares = (numbers.percent(row.share_left, 0), _robustness(effects, row))
    own = against.get((row.outcome, row.exposure, row.method, row.learner)) if row.form == "line" else None
    return (
        name,
        *(_estimate(row), numbers.p_value(row.p_value), *shares),
        *(_benchmark(study, own) if own else ()),
    )


def _benchmark(study: StudyRecord, row: SensitivityRow) -> tuple[parts.Given, ...]:
    """Return the estimate were a variable omitted as strong as a covariate, and Oster's delta."""
    left = numbers.with_interval(row.estimate, row.conf_low, row.conf_high)
    return parts.TableCell(left, (study.label(row.covariate),)), numbers.fixed(row.oster_delta, 2)


def _estimate(row: EffectRow | CoefficientRow) -> parts.TableCell:
    return parts.estimate_cell(numbers.estimated(row.estimate, row.conf_low, row.conf_high))


def _robustness(effects: SubjectEffects, row: EffectRow) -> str:
    """Return the robustness value and that of the interval's limit, of instruments their strength."""
    if math.isfinite(row.first_stage_f):
        strength = gettext("first-stage F {first_stage_f}")
        said = [strength.format(first_stage_f=numbers.fixed(row.first_stage_f, 1))]
        if (found := effects.confidence_set(row)) is not None:
            said.append(gettext("Anderson–Rubin set {found}").format(found=set_in_words(found)))
        return listed(said)
    if math.isnan(row.robustness_value):
        return numbers.MISSING
    return f"{numbers.percent(row.robustness_value)} ({numbers.percent(row.robustness_value_limit)})"


# What is assumed, and the test of the run that speaks to it.
ASSUMPTIONS = (
    (marked("Given controls and entity effects, nothing else moves exposure and outcome"), "permuted"),
    (marked("Shocks to the outcome do not move the exposure later (no feedback)"), "lead"),
    (marked("The outcome does not respond before the exposure changes (no anticipation)"), "lead"),
    (marked("The exposure of one entity does not affect the outcomes of others"), "moran"),
)
TESTS = {
    "permuted": marked("exposure permuted over entities"),
    "lead": marked("exposure of the next period"),
    "moran": marked("Moran's I of residuals"),
}


def identification_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield what the effect that comes first assumes, with a p-value for each outcome that has one."""
    study = run.manifest.study
    rows = [first[0] for outcome in study.outcomes if (first := first_effect(run, outcome))]
    done = [row for row in rows if row.is_done]
    if done:
        found = [tests_of(run, row) for row in done]
        yield parts.ReportTable(
            caption=gettext("What the effect assumes, and p-values of tests against it"),
            columns=parts.columns_of(
                gettext("Assumption"),
                parts.TableColumn(gettext("Test"), "text"),
                *(study.label(row.outcome) for row in done),
            ),
            groups=parts.plain_rows(_row(assumed, test, found) for assumed, test in ASSUMPTIONS),
            notes=(gettext("No test proves an assumption; a dash: not tested in this run."),),
        )


def _row(assumed: str, test: str, found: list[dict[str, float]]) -> tuple[parts.Given, ...]:
    p_values = (numbers.p_value(own[test]) if test in own else numbers.MISSING for own in found)
    return gettext(assumed), gettext(TESTS[test]), *p_values


def tests_of(run: Run, row: EffectRow) -> dict[str, float]:
    """Return the p-values of the tests that speak to what an effect assumes; of several the least."""
    subject = row.outcome, row.exposure, row.method, row.learner
    checks = {
        one.check: one.p_value
        for one in run.rows(ROBUSTNESS)
        if one.is_done and (one.outcome, one.exposure, one.method, one.learner) == subject
    }
    named = {"permuted": PERMUTED, "lead": CHANGES["lead"][0]}
    found = {name: checks[check] for name, check in named.items() if check in checks}
    tests = [one for one in run.rows(EFFECT_TESTS) if (one.outcome, one.test) == (row.outcome, "moran")]
    # As Bonferroni has it.
    moran = [min(1.0, len(tests) * one.p_value) for one in tests if one.is_done]
    return found | ({"moran": min(moran)} if moran else {})


def effect_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the effects of every exposure, what they assume, and what would overturn them."""
    from harness.report.figures.effects import conditional_figures, effect_curves, forest

    study, found = run.manifest.study, run.view(effects_of)
    yield Bullets(tuple(cautions(study, found)))
    more: list[ReportBlock] = []
    for exposure in dict.fromkeys(effects.exposure for effects in found):
        own = [effects for effects in found if effects.exposure == exposure]
        more += forest(run, own)
        yield effect_table(run, own)
        yield from effect_curves(run, own)
    yield from identification_tables(run)
    contours = sensitivity_figures(run)
    yield from contours[:1]
    more += contours[1:]
    more += [figure for effects in found for figure in conditional_figures(run, effects)]
    yield Appendix(tuple(more))


def cautions(study: StudyRecord, found: Sequence[SubjectEffects]) -> Iterator[str]:
    """Yield a sentence for few entities, and one for each effect that is doubtful.

    Methods differ on it, little is left of the exposure, or instruments are weak.
    """
    done = [row for effects in found for row in effects.rows if row.is_done and row.n_entities is not None]
    least = min((row.n_entities or 0 for row in done), default=FEW_ENTITIES)
    if least < FEW_ENTITIES:
        yield gettext("Only {least} entities ({entity}): intervals are rough below {few}.").format(
            least=numbers.count(least), entity=study.label(study.entity), few=FEW_ENTITIES
        )
    scarce = gettext(
        "{what}: controls explain all but {share} of the exposure's variation, so small errors move the "
        "estimate ({how})."
    )
    weak = gettext(
        "{what}: the instruments are weak (first-stage F {statistic}, below {weak}), so estimates and "
        "intervals mislead ({how})."
    )
    parted = gettext(
        "{what}: first differences and correlated random effects differ ({p_value}; {form}{place}), so the "
        "assumption of at least one fails."
    )
    said = [(parted, row) for row in done if row.p_methods < size_of(study.level)]
    said += [(scarce, row) for row in done if row.share_left < LITTLE_LEFT]
    said += [(weak, row) for row in done if row.first_stage_f < WEAK]
    # A sentence stands once for all of an effect's points and bands.
    yield from dict.fromkeys(_caution(study, row, message) for message, row in said)


def _caution(study: StudyRecord, row: EffectRow, message: str) -> str:
    method, form = gettext(METHODS.get(row.method, row.method)), gettext(FORMS.get(row.form, row.form))
    return message.format(
        what=study.label(row.outcome),
        how=listed([method, form, study.estimator_label(row.learner), *([row.group] if row.group else [])]),
        form=form,
        place=gettext(" of {group}").format(group=row.group) if row.group else "",
        p_value=numbers.p_text(row.p_methods),
        share=numbers.percent(row.share_left),
        statistic=numbers.fixed(row.first_stage_f, 1),
        weak=numbers.plain(WEAK),
    )


def _heading(run: Run) -> str:
    found = dict.fromkeys(run.manifest.study.label(effects.exposure) for effects in run.view(effects_of))
    return gettext("Effect of {exposure}").format(exposure=joined(list(found)))


EFFECTS_SECTION = Section("effects", marked("Effect"), 770, effect_blocks, _heading, tables=("effects",))
