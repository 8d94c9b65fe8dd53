"""The section of the effect: debiased and by regression, what it assumes, and what would overturn it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.findings.debiased import FEW_ENTITIES, LITTLE_LEFT, WEAK
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import Appendix, Bullets, ReportBlock
from harness.report.sections.effects.identification import identification_tables
from harness.report.sections.effects.rows import FORMS, METHODS, SubjectEffects, effects_of
from harness.report.sections.effects.sensitivity import sensitivity_figures
from harness.report.sections.effects.table import effect_table
from harness.report.sections.section import Section
from harness.tables.effects import EffectRow
from harness.tables.gain import size_of
from harness.text.numbers import count, fixed, p_text, percent, plain
from harness.text.plain_text import joined, listed


def effect_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the effects of every exposure, what they assume, and what would overturn them."""
    from harness.report.sections.effects.figures import conditional_figures, effect_curves, forest

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
            least=count(least), entity=study.label(study.entity), few=FEW_ENTITIES
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
        p_value=p_text(row.p_methods),
        share=percent(row.share_left),
        statistic=fixed(row.first_stage_f, 1),
        weak=plain(WEAK),
    )


def _heading(run: Run) -> str:
    found = dict.fromkeys(run.manifest.study.label(effects.exposure) for effects in run.view(effects_of))
    return gettext("Effect of {exposure}").format(exposure=joined(list(found)))


EFFECTS_SECTION = Section("effects", marked("Effect"), 770, effect_blocks, _heading, tables=("effects",))
