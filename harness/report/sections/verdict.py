"""The section of what the run says beyond the first screen: findings, and the effect by estimator."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.findings.answers import leading_protocols
from harness.findings.gain import verdict
from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import Appendix, Paragraph, ReportBlock, tabs_of
from harness.report.sections.rates import rate_blocks
from harness.report.sections.readings import effect_table, effects
from harness.report.sections.section import Section, featured
from harness.report.table import Given, ReportTable, TableColumn, columns_of, plain_rows
from harness.tables.findings import FINDINGS, FindingRow
from harness.text import numbers
from harness.text.context import Context
from harness.text.labels import finding_label

# Kinds of findings that are no rows of the table: the sections of accuracy have them.
OF_ACCURACY = frozenset({"gain", "lowest_error"})


def verdict_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield what the run says of every outcome, and in the appendix how to read gains."""
    study, gains = run.manifest.study, Gains(run)
    yield tabs_of((study.label(outcome), _outcome(run, outcome)) for outcome in study.outcomes)
    yield from rate_blocks(run)
    n_gains = sum(
        cell.has_gain
        for over in (gains, *gains.further)
        for outcome in study.outcomes
        for cell in over.cells(outcome)
    )
    if n_gains:
        yield Appendix((Paragraph(_how_to_read_gains(study, n_gains), "read-me"),))


def _outcome(run: Run, outcome: str) -> Iterator[ReportBlock]:
    text = other_gains(run, outcome)
    if text:
        yield Paragraph(text)
    rows = shown_findings(run, outcome)
    if rows:
        yield findings_table(run, outcome, rows)
    found = effects(run, outcome)
    if found:
        yield effect_table(run, outcome, found)


def other_gains(run: Run, outcome: str) -> str:
    """Return who predicts best under the protocols of which the first screen does not tell."""
    study, told = run.manifest.study, leading_protocols(run.manifest.study)[0]
    cells = [
        cell
        for cell in Gains(run).cells(outcome)
        if cell.protocol.keeps_test_rows_apart and cell.protocol.id != told.id
    ]
    return verdict(cells, reference=study.reference).said(study) if cells else ""


def shown_findings(run: Run, outcome: str) -> tuple[FindingRow, ...]:
    """Return the debiased effects and tests, and what is significant of the estimators that are featured."""
    shown = {entry.id for entry in featured(run)}
    return tuple(
        row
        for row in run.rows(FINDINGS)
        if row.outcome == outcome
        and row.finding not in OF_ACCURACY
        and (not row.estimator or (row.is_established and row.estimator in shown))
    )


def findings_table(run: Run, outcome: str, rows: tuple[FindingRow, ...]) -> ReportTable:
    """Return findings on one outcome: estimate, interval, and p-values as they are and adjusted."""
    study = run.manifest.study
    interval = gettext("{level} CI").format(level=numbers.percent(study.level, 0))
    heads = gettext("Finding"), gettext("Estimate"), interval, gettext("p"), gettext("Adjusted p")
    first, *others = heads
    return ReportTable(
        caption=gettext("Findings on {outcome}").format(outcome=study.axis_label(outcome)),
        columns=columns_of(TableColumn(first, "text"), *others),
        groups=plain_rows(_cells(run, row) for row in rows),
        notes=(gettext("Findings that are not significant: findings.csv."),),
    )


def _cells(run: Run, row: FindingRow) -> tuple[Given, ...]:
    value, limits = ("", "")
    if math.isfinite(row.estimate):
        value, limits = numbers.estimate(row.estimate, row.conf_low, row.conf_high)
    p_values = (numbers.p_value(one) if math.isfinite(one) else "" for one in (row.p_value, row.p_adjusted))
    return (finding_label(row, run.manifest.study), value, limits, *p_values)


def _how_to_read_gains(study: StudyRecord, n_gains: int) -> str:
    size = 1.0 - study.level
    return Context(study).filled(
        "How to read this. Gain = 1 − MSE / MSE of the reference on the same rows: 20% is a mean squared "
        "error a fifth smaller. A gain is significant where its {level} interval excludes zero, the p-value "
        "adjusted for all gains of the outcome (Holm) is below {value}, and the gains of all folds have one "
        "sign. Intervals resample whole {entities} and hold the trained models fixed. If no estimator "
        "differed, about {n_gains_2} of the {n_gains} intervals would exclude zero by chance.",
        level=numbers.percent(study.level, 0),
        value=numbers.plain(size),
        n_gains=numbers.count(n_gains),
        n_gains_2=numbers.plain(round(size * n_gains, 2)),
    )


VERDICT_SECTION = Section("verdict", marked("What the run says"), 100, verdict_blocks)
