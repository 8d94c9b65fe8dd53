"""Debiased effects of the exposures, those of one exposure on one outcome together."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.model.run import Run
from harness.report.paper.estimates import estimate_lines, estimate_table
from harness.report.paper.table import PaperRow, PaperTable
from harness.report.sections.effects.rows import SubjectEffects, effects_of
from harness.report.sections.effects.table import effect_name
from harness.report.text.numbers import count
from harness.report.text.plain_text import sentences


def effect_tables(run: Run) -> Iterator[PaperTable]:
    """Yield the table; none where the run has no debiased effects that are numbers."""
    study = run.manifest.study
    rows: list[PaperRow] = []
    assumed: dict[str, None] = {}
    for subject in run.view(effects_of):
        numbers = [row for row in subject.numbers if row.is_done]
        if numbers:
            rows.append(PaperRow(_heading(study, subject)))
            for row in numbers:
                names = (effect_name(study, row), study.estimator_label(row.learner))
                rows += estimate_lines(study, row, names, (count(row.n_obs), count(row.n_entities)))
            assumed |= dict.fromkeys(
                gettext("{method}: {assumption}").format(method=method, assumption=assumption)
                for method, assumption in subject.assumptions
            )
    heads = (
        *(gettext("Effect"), gettext("Learner"), gettext("Estimate"), gettext("Interval")),
        *(gettext("N"), gettext("Entities")),
    )
    notes = tuple(" ".join(sentences(text)) for text in assumed)
    yield from estimate_table(run, "effects", gettext("Debiased effects"), heads, rows, notes)


def _heading(study: StudyRecord, effects: SubjectEffects) -> str:
    return gettext("{exposure} on {outcome}").format(
        exposure=study.label(effects.subject.exposure), outcome=study.axis_label(effects.subject.outcome)
    )
