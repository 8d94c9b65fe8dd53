"""What remains of the gains, from the training sample to entities not used in training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import ReportBlock, SmallPrint
from harness.report.sections.section import outcome_heading
from harness.report.table import Given, ReportTable, RowGroup, TableCell, columns_of, rows_of
from harness.tables.gain import DECOMPOSITION, RECOGNITION, PartRow, RecognitionRow
from harness.text.numbers import percent, percent_interval, significant

# What each part of the table is called, in the order of the columns.
PARTS = {
    "rows at hand": marked("In sample"),
    "other rows, selected on": marked("Other rows, used to select"),
    "other rows of the same entities": marked("Other rows of\nthe same entities"),
    "later periods": marked("Later periods"),
    "entities never seen": marked("New entities"),
    "entities never seen, later periods": marked("New entities,\nlater periods"),
}

# What remains of the gain of each estimator, by the name of the part; those that the run has.
PartsLeft = Mapping[str, Mapping[str, PartRow]]


def gains_left(run: Run, outcome: str) -> PartsLeft:
    """Return what remains of the gains of one outcome, estimators in the order of the table."""
    found: dict[str, dict[str, PartRow]] = {}
    for row in run.rows(DECOMPOSITION):
        if row.outcome == outcome:
            found.setdefault(row.estimator, {}).setdefault(row.part, row)
    return found


def recognised(run: Run, outcome: str) -> Mapping[str, RecognitionRow]:
    """Return by estimator what share of its gain on random rows is gone for new entities."""
    return {row.estimator: row for row in run.rows(RECOGNITION) if row.outcome == outcome}


def origin_blocks(gains: Gains) -> Iterator[ReportBlock]:
    """Yield what remains of the gains of every outcome, where any estimator has some of it."""
    if not gains.run.rows(DECOMPOSITION):
        return
    yield left_table(gains)
    text = gettext(
        "Each gain is a share of the error that the reference has there; gains do not add up. Protocols also "
        "differ in the rows used for training, in model selection and in preparation. Intervals are not "
        "adjusted for their number."
    )
    yield SmallPrint(text)


def left_table(gains: Gains) -> ReportTable:
    """Return what remains of the gains: outcomes and estimators down, what is predicted across."""
    study = gains.run.manifest.study
    found = {outcome: gains_left(gains.run, outcome) for outcome in study.outcomes}
    present = {name for own in found.values() for parts in own.values() for name in parts}
    parts = [name for name in PARTS if name in present]
    reference = gettext("MSE of {reference_label}").format(reference_label=study.reference_label)

    def rows(outcome: str) -> Iterator[tuple[Given, ...]]:
        own = found[outcome]
        errors = {name: row.mse_reference for parts in own.values() for name, row in parts.items()}
        yield (reference, *(significant(errors[name], 3) if name in errors else "" for name in parts))
        for entry in gains.candidates:
            if entry.id in own:
                yield (entry.label, *(_cell(own[entry.id].get(name)) for name in parts))

    return ReportTable(
        caption=gettext("Gain that remains for new entities"),
        columns=columns_of(gettext("Estimator"), *(gettext(PARTS[name]) for name in parts)),
        groups=tuple(
            RowGroup(rows_of(rows(outcome)), outcome_heading(study, outcome))
            for outcome in study.outcomes
            if found[outcome]
        ),
    )


def _cell(row: PartRow | None) -> TableCell:
    """Return one part; it looks better or worse where its interval excludes zero."""
    if row is None:
        return TableCell(look="none")
    look = "better" if row.conf_low > 0 else "worse" if row.conf_high < 0 else "open"
    return TableCell(percent(row.estimate), (percent_interval(row.conf_low, row.conf_high),), look)


def recognition_cell(row: RecognitionRow | None) -> TableCell:
    """Return the share of a gain that is due to recognition, at most all of it, or why there is none."""
    if row is None:
        return TableCell(look="none")
    if not row.is_done:
        return TableCell("–", (row.reason,))
    share = gettext("all") if row.estimate >= 1.0 else percent(row.estimate)
    limits = percent_interval(row.conf_low, min(row.conf_high, 1.0))
    return TableCell(share, () if row.conf_low >= 1.0 else (limits,))
