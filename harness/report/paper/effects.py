"""Debiased effects of the exposures, those of one exposure on one outcome together."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext
from harness.report.model.run import Run
from harness.report.paper.estimates import (
    bracketed,
    decimals_of,
    estimate_notes,
    number_text,
    run_notes,
    starred,
)
from harness.report.paper.table import PaperRow, PaperTable
from harness.report.sections.effects.rows import EffectRow, SubjectEffects, effects_of
from harness.report.sections.effects.table import effect_name
from harness.report.text.numbers import MISSING, count, interval
from harness.report.text.plain_text import sentences
from harness.store.study_record import StudyRecord


def effect_tables(run: Run) -> Iterator[PaperTable]:
    """Yield the table; none where the run has no debiased effects that are numbers."""
    study = run.manifest.study
    rows: list[PaperRow] = []
    assumed: dict[str, None] = {}
    for subject in run.view(effects_of):
        numbers = [row for row in subject.numbers if row.is_done]
        if numbers:
            rows.append(PaperRow(_heading(study, subject)))
            rows += [line for row in numbers for line in _lines(study, row)]
            assumed |= dict.fromkeys(
                gettext("{method}: {assumption}").format(method=method, assumption=assumption)
                for method, assumption in subject.assumptions
            )
    if not rows:
        return
    heads = (
        *(gettext("Effect"), gettext("Learner"), gettext("Estimate"), gettext("Interval")),
        *(gettext("N"), gettext("Entities")),
    )
    notes = (*estimate_notes(study), *(" ".join(sentences(text)) for text in assumed), *run_notes(run))
    yield PaperTable("effects", gettext("Debiased effects"), (heads,), tuple(rows), notes)


def _heading(study: StudyRecord, effects: SubjectEffects) -> str:
    return gettext("{exposure} on {outcome}").format(
        exposure=study.label(effects.subject.exposure), outcome=study.axis_label(effects.subject.outcome)
    )


def _lines(study: StudyRecord, row: EffectRow) -> Iterator[PaperRow]:
    decimals = decimals_of(row.std_error, row.conf_low, row.conf_high)
    yield PaperRow(
        effect_name(study, row),
        (
            study.estimator_label(row.learner),
            starred(study, number_text(row.estimate, decimals), row.p_value),
            interval(row.conf_low, row.conf_high, decimals) or MISSING,
            count(row.n_obs),
            count(row.n_entities),
        ),
    )
    beneath = bracketed(study, row.estimate, row.std_error, decimals)
    if beneath:
        yield PaperRow("", ("", beneath))
