"""Findings on gains: the verdict over each reference, and one of each estimator."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.caveats import gain_caveats, reference_caveats
from harness.findings.finding import StudyFinding
from harness.report.model.gains import GainCell, Gains
from harness.report.model.run import Run
from harness.report.sections.gains.caveats import caveats
from harness.report.sections.gains.judgement import Judgement, judgements
from harness.report.sections.gains.text import estimator_verdict, headline, lowest_error


def gain_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield the verdict over each reference, then what is known of each estimator.

    A gain is established only under every protocol that keeps test rows apart: there the interval excludes
    zero, the p-values for many comparisons, for the best of many and for the overlap of splits are below the
    level, and every fold's gain has the same sign. Where time was seen once there is no p-value; such a
    protocol can contradict and not establish.
    """
    study = run.manifest.study
    level, with_levels = study.level, [entry.id for entry in study.estimators if entry.has_entity_effects]
    for over in _all(Gains(run)):
        cells = over.cells(outcome)
        if not cells:
            continue
        found = judgements(cells)
        own = caveats(
            cells,
            level=level,
            reference=over.reference_label if over.over else "",
            has_levels=over.reference in with_levels,
        )
        yield StudyFinding(
            outcome=outcome,
            estimator="",
            finding="gain",
            about=over.reference,
            text=headline(cells, reference=over.reference_label),
            is_established=any(judgement.is_established for judgement in found),
            caveats=" ".join((*own, *reference_caveats(over, outcome))),
        )
        for judgement in found:
            yield _of_estimator(run, judgement, over)


def _all(gains: Gains) -> tuple[Gains, ...]:
    return (gains, *gains.further)


def _of_estimator(run: Run, judgement: Judgement, over: Gains) -> StudyFinding:
    cell = _least(judgement)
    return StudyFinding(
        outcome=cell.row.outcome,
        estimator=judgement.estimator.id,
        finding="gain",
        about=over.reference,
        text=estimator_verdict(judgement.cells, reference=over.reference_label),
        is_established=judgement.is_established,
        estimate=cell.row.gain,
        conf_low=cell.row.conf_low,
        conf_high=cell.row.conf_high,
        p_value=cell.p_adjusted,
        caveats=" ".join(gain_caveats(run, judgement, over)),
    )


def _least(judgement: Judgement) -> GainCell:
    """Return the least gain under a protocol that keeps test rows apart; of all where no protocol does."""
    having = [cell for cell in judgement.cells if cell.has_gain]
    apart = [cell for cell in having if cell.protocol.keeps_test_rows_apart]
    return min(apart or having or judgement.cells, key=lambda cell: cell.row.gain)


def error_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield which estimator has the lowest error under each protocol; it says nothing of differences."""
    for protocol in run.manifest.study.protocols:
        yield StudyFinding(
            outcome=outcome,
            estimator="",
            finding="lowest_error",
            about=protocol.id,
            text=lowest_error(run, outcome, protocol),
            is_established=False,
        )
