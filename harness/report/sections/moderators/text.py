"""What is said of moderators, in sentences composed from the conditional effects."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.model.run import Run
from harness.report.sections.moderators.rows import NONE, Conditional, conditional
from harness.report.sections.moderators.surfaces import SurfaceKey
from harness.report.sections.moderators.table import effects_at
from harness.report.text.numbers import with_interval
from harness.report.text.plain_text import joined
from harness.store.study_record import EstimatorRecord


def moderator_sentences(run: Run, outcome: str, estimator: EstimatorRecord) -> Iterator[str]:
    """Yield the effect along each moderator and where it changes its sign, a sentence a moderator."""
    study, answers = run.manifest.study, run.view(conditional)
    for question in answers.questions:
        key = SurfaceKey(*question, outcome, estimator.id)
        line = answers.effect(key)
        shown = effects_at(line) if line is not None else ()
        if not shown:
            continue
        effects = joined([f"{at.effect.value} {at.effect.interval}".strip() + f" at {at.at}" for at in shown])
        subject = f"{estimator.label}, effect by {study.axis_label(question[1])}"
        yield f"{subject}: {effects}. {_changes(answers, key)}"


def _changes(answers: Conditional, key: SurfaceKey) -> str:
    known = [row for row in answers.thresholds_of(key) if row.kind != NONE]
    if not known:
        return "No change of its sign is established."
    places = joined([with_interval(row.at, row.conf_low, row.conf_high) for row in known])
    return f"It changes its sign at {places}."
