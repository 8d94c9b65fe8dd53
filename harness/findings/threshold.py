"""Findings on moderators: the values at which the effect changes its sign."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.finding import StudyFinding
from harness.findings.sign_change import has_both_signs
from harness.language import gettext
from harness.report.model.run import Run
from harness.report.sections.moderators.rows import NONE, conditional
from harness.report.text.numbers import is_outside, percent, with_interval
from harness.tables.conditional import ThresholdRow


def threshold_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield the thresholds of every conditional effect; that it has none is a finding too.

    The table has thresholds between stretches whose simultaneous band excludes zero, within the longest
    supported stretch. One is established where the band over all supported values has both signs as well; its
    place is not where it lies outside its interval.
    """
    moderated = run.view(conditional)
    for row in moderated.thresholds:
        if row.is_done and row.outcome == outcome:
            effect = moderated.effect(row.key)
            yield _finding(run, row, is_established=effect is not None and has_both_signs(effect))


def _finding(run: Run, row: ThresholdRow, *, is_established: bool) -> StudyFinding:
    study = run.manifest.study
    subject = gettext("{estimator}, effect by {moderator}").format(
        estimator=study.estimator_label(row.estimator), moderator=study.axis_label(row.moderator)
    )
    if row.kind == NONE:
        said = gettext("no threshold is established")
    else:
        place = with_interval(row.at, row.conf_low, row.conf_high)
        if not is_established:
            rest = gettext("; it is not established")
        else:
            is_elsewhere = is_outside(row.at, row.conf_low, row.conf_high)
            rest = gettext("; its place is not established") if is_elsewhere else ""
        said = gettext("its threshold is at {place}, in {share_of_draws} of draws{rest}").format(
            place=place, share_of_draws=percent(row.share_of_draws, 0), rest=rest
        )
    return StudyFinding(
        outcome=row.outcome,
        estimator=row.estimator,
        finding="threshold",
        about=f"{row.scenario}: {row.moderator}" + ("" if row.kind == NONE else f", {row.kind}"),
        text=gettext("{subject}: {said}.").format(subject=subject, said=said),
        is_established=row.kind != NONE and is_established,
        estimate=row.at,
        conf_low=row.conf_low,
        conf_high=row.conf_high,
    )
