"""What a run says about turning points, groups and moderators, in sentences composed from its numbers."""

from __future__ import annotations

from harness.report.model.featured import featured
from harness.report.model.run import Run
from harness.report.sections.curves.text import turning_point_sentences
from harness.report.sections.groups.text import group_sentences
from harness.report.sections.moderators.text import moderator_sentences


def findings(run: Run, outcome: str) -> tuple[str, ...]:
    """Return sentences on turning points of the featured estimators, groups and moderators of the first."""
    shown = featured(run)
    return (
        *(sentence for entry in shown for sentence in turning_point_sentences(run, outcome, entry)),
        *(sentence for entry in shown[:1] for sentence in group_sentences(run, outcome, entry)),
        *(sentence for entry in shown[:1] for sentence in moderator_sentences(run, outcome, entry)),
    )
