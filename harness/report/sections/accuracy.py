"""The sections of accuracy: gains with p-values, errors and other losses by protocol; figure of gains."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.findings.gains import SYMBOLS, GainCell, Gains, compared_error, errors_of, refusal
from harness.findings.run import Run
from harness.language import gettext, marked, pgettext
from harness.record.study import ProtocolRecord, StudyRecord
from harness.report.blocks import Definitions, Heading, Phrase, ReportBlock, SmallPrint, Words, rich, tabs_of
from harness.report.sections.section import Section
from harness.report.table import (
    MOST_ROWS,
    Given,
    ReportTable,
    RowGroup,
    TableCell,
    TableColumn,
    plain_rows,
    rows_of,
)
from harness.tables.accuracy import ACCURACY, METRICS, AccuracyRow, MetricRow
from harness.tables.gain import GainStatus
from harness.text.numbers import (
    MISSING,
    count,
    decimals_for,
    fixed,
    p_value,
    percent,
    percent_interval,
    plain,
    rounded,
    significant,
)
from harness.text.plain_text import Footnotes, in_turn

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer

# How the cell of a gain looks.
LOOKS = {
    GainStatus.BETTER: "better",
    GainStatus.BETTER_ONCE: "open",
    GainStatus.WORSE: "worse",
    GainStatus.OPEN: "open",
}

# Mark of protocols whose test rows take part in fitting or selecting.
INSIDE = "†"


def accuracy_blocks(run: Run, _renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the protocols, gains and errors of every outcome, and p-values."""
    study, gains = run.manifest.study, Gains(run)
    compares = bool(gains.candidates)
    yield Heading(gettext("Protocols"), anchor="protocols")
    yield Definitions(tuple((_named(protocol), _how(protocol)) for protocol in study.protocols))
    every = (gains, *gains.further) if compares else ()
    yield tabs_of(
        (study.label(outcome), (*(gain_table(one, outcome) for one in every), error_table(run, outcome)))
        for outcome in study.outcomes
    )
    if compares:
        yield p_value_table(gains)
        yield SmallPrint(_how_to_read(study))
    yield SmallPrint(
        gettext(
            "Errors: bold is the lowest on a protocol's test rows. A row tested in several splits counts "
            "each time. The CSV has errors on training and on all rows, and over the variance of training "
            "rows."
        )
    )


def _named(protocol: ProtocolRecord) -> Words:
    mark = "" if protocol.keeps_test_rows_apart else INSIDE
    return (f"{protocol.title}{mark} ", Phrase(protocol.id, "code", "id"))


def _how(protocol: ProtocolRecord) -> Words:
    if not protocol.leaks:
        return " ".join([protocol.how, gettext("Nothing is known to leak.")])
    leaks = in_turn(leak.text for leak in protocol.leaks)
    return (
        *(f"{protocol.how} ", Phrase(gettext("What it leaks:"), "em")),
        f" {leaks}" + pgettext("end", "."),
    )


def gain_table(gains: Gains, outcome: str) -> ReportTable:
    """Return the gains in one outcome; over a further reference one line where none is established."""
    study, footnotes = gains.run.manifest.study, Footnotes()
    rows = [
        (entry.label, [gains.cell(outcome, entry, protocol) for protocol in study.honest_first])
        for entry in gains.candidates
    ]
    is_shown = not gains.over or any(
        cell.status is GainStatus.BETTER and cell.protocol.keeps_test_rows_apart
        for _, own in rows
        for cell in own
    )
    caption = gettext("Gain over {reference} in predicting {label}").format(
        reference=gains.reference_label, label=study.label(outcome)
    )
    return ReportTable(
        caption=caption if is_shown else caption + gettext(": none is established"),
        columns=(
            TableColumn(gettext("Estimator")),
            *(_column(protocol, is_first=not gains.over) for protocol in study.honest_first),
        ),
        groups=plain_rows([(label, *(_gain(cell, footnotes) for cell in own)) for label, own in rows]),
        footnotes=footnotes.listed(),
        most=MOST_ROWS if is_shown else 0,
    )


def _column(protocol: ProtocolRecord, *, is_first: bool) -> TableColumn:
    is_apart = protocol.keeps_test_rows_apart
    return TableColumn(
        protocol.title, mark="" if is_apart else INSIDE, is_for_files=not is_first and not is_apart
    )


def _gain(cell: GainCell, footnotes: Footnotes) -> TableCell:
    says = gettext(cell.status.value) if cell.symbol else ""
    return TableCell(
        cell.text,
        (cell.beneath,) if cell.beneath else (),
        LOOKS.get(cell.status, "none"),
        footnotes.mark(cell.reason),
        cell.symbol,
        says,
        hint=f"{says}, {cell.p_adjusted_text}" if says and cell.p_adjusted_text else says,
    )


def error_table(run: Run, outcome: str) -> ReportTable:
    """Return the errors of one outcome; all its mean squared errors have the same decimals."""
    study, footnotes = run.manifest.study, Footnotes()
    decimals = decimals_for(row.mse for row in run.rows(ACCURACY) if row.outcome == outcome)

    def in_words(row: AccuracyRow, lowest: float) -> Iterator[Given]:
        samples = errors_of(run, outcome, row.estimator, row.protocol)
        train, test, every = (
            MISSING if (own := samples.get(name)) is None else rounded(own.mse, decimals)
            for name in ("train", "test", "all")
        )
        yield from (train, TableCell(test, look="lowest" if row.mse == lowest else ""), every)
        yield from (fixed(row.nmse, 3), fixed(row.r2, 3), count(row.n_obs), count(row.n_entities))

    groups = []
    for protocol in study.honest_first:
        compared = [compared_error(run, outcome, entry.id, protocol.id) for entry in study.estimators]
        lowest = min((row.mse for row in compared if row is not None), default=math.nan)
        rows: list[tuple[Given, ...]] = []
        for entry, row in zip(study.estimators, compared, strict=True):
            if row is None:
                _, reason = refusal(run, outcome, entry.id, protocol.id)
                rows.append((TableCell(entry.label, mark=footnotes.mark(reason)), *[MISSING] * 7))
            else:
                rows.append((entry.label, *in_words(row, lowest)))
        groups.append(RowGroup(rows_of(rows), protocol.title))
    unit = study.unit(outcome)
    squared = [gettext("(unit: {unit}, squared)").format(unit=unit)] if unit else []
    label = gettext("Mean squared error in predicting {label}").format(label=study.label(outcome))
    return ReportTable(
        caption=" ".join([label, *squared]),
        columns=(
            *(TableColumn(gettext("Estimator")), TableColumn(gettext("Train"), is_for_files=True)),
            *(TableColumn(gettext("Test")), TableColumn(gettext("All"), is_for_files=True)),
            TableColumn(gettext("Test MSE /\ntrain variance"), is_for_files=True),
            *(TableColumn(gettext("Test R²")), TableColumn(gettext("Test rows"), is_for_files=True)),
            TableColumn(gettext("Entities"), is_for_files=True),
        ),
        groups=tuple(groups),
        footnotes=footnotes.listed(),
        most=6,
    )


def p_value_table(gains: Gains) -> ReportTable:
    """Return the p-values of equal accuracy over every reference."""
    study = gains.run.manifest.study
    heads = (
        *(gettext("Outcome"), gettext("Against"), gettext("Protocol"), gettext("Estimator")),
        *(gettext("Alone"), gettext("Over splits"), gettext("Holm"), gettext("Best of many")),
    )
    rows = [
        (
            *(study.label(outcome), over.reference_label, protocol.title, entry.label),
            *map(p_value, (cell.row.p_value, cell.row.p_splits, cell.row.p_holm, cell.row.p_best)),
        )
        for outcome in study.outcomes
        for over in (gains, *gains.further)
        for protocol in study.honest_first
        for entry in over.candidates
        if (cell := over.cell(outcome, entry, protocol)).has_gain
    ]
    return ReportTable(
        caption=gettext("P-values of equal accuracy, test rows"),
        columns=tuple(map(TableColumn, heads)),
        groups=plain_rows(rows),
        most=0,
    )


def _how_to_read(study: StudyRecord) -> Words:
    return rich(
        gettext(
            "Gains, {level} intervals beneath: [{better} established better](.better) · [{worse} "
            "established worse](.worse) · {once} better, given the few periods tested: no p · {open} not "
            "established: the interval includes zero, or p, shown on hover, is not below {value}. It is the "
            "larger of two: that of equal mean squared error, loss differences clustered by entity, and by "
            "period too where no tested period is trained on, adjusted for all gains of the outcome over "
            "the reference (Holm 1979); and that against the largest gain of all estimators (White 2000, "
            "Hansen 2005). The verdict also asks the t test over the splits (Nadeau and Bengio 2003) and "
            "the sign of the gain in every fold. † Test rows take part in fitting or selecting."
        ),
        {
            "level": percent(study.level, 0),
            "better": SYMBOLS[GainStatus.BETTER],
            "worse": SYMBOLS[GainStatus.WORSE],
            "once": SYMBOLS[GainStatus.BETTER_ONCE],
            "open": SYMBOLS[GainStatus.OPEN],
            "value": plain(1.0 - study.level),
        },
    )


def gain_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield a figure for every outcome, where any estimator is compared with the reference."""
    from harness.report.sections.gains import gain_figure

    study, gains = run.manifest.study, Gains(run)
    if gains.candidates:
        yield tabs_of(
            (study.label(outcome), [gain_figure(gains, outcome, renderer)]) for outcome in study.outcomes
        )


ACCURACY_SECTION = Section(
    name="accuracy",
    title=marked("Accuracy"),
    place=300,
    content=accuracy_blocks,
    heading=marked("Accuracy by estimator and protocol"),
)
GAINS_SECTION = Section(
    name="gains",
    title=marked("Figure of gains"),
    place=400,
    content=gain_blocks,
    heading=marked("Gains and their intervals"),
)


def metric_tables(run: Run, _renderer: FigureRenderer) -> Iterator[ReportTable]:
    """Yield a table for each outcome and metric, of the test rows of every protocol."""
    study = run.manifest.study
    found = {
        (row.outcome, row.metric, row.estimator, row.protocol): row
        for row in run.rows(METRICS)
        if row.sample == "test"
    }
    gain = gettext(", and the gain over {reference}").format(reference=study.reference_label)
    how = gettext(
        "{how} Beneath it the gain, 1 − loss / loss of the reference, with the interval of the same draws of "
        "entities as the gain by squared error."
    )
    heads = (gettext("Estimator"), *(protocol.title for protocol in study.protocols))
    for outcome in study.outcomes:
        label = study.label(outcome)
        of = [gettext("of {outcome}").format(outcome=label)] if len(study.outcomes) > 1 else []
        for metric in study.metrics:
            footnotes = Footnotes()
            key = outcome, metric.id
            rows: list[tuple[Given, ...]] = [
                (
                    entry.label,
                    *(_cell(found.get((*key, entry.id, one.id)), footnotes) for one in study.protocols),
                )
                for entry in study.estimators
            ]
            yield ReportTable(
                caption=" ".join([metric.title, *of]) + gain,
                columns=tuple(map(TableColumn, heads)),
                groups=plain_rows(rows),
                footnotes=footnotes.listed(),
                notes=(how.format(how=metric.how),),
            )


def _cell(row: MetricRow | None, footnotes: Footnotes) -> TableCell:
    if row is None or not row.is_done:
        return TableCell(MISSING, mark=footnotes.mark(row.reason if row is not None else ""))
    if not math.isfinite(row.gain):
        return TableCell(significant(row.value))
    gain = f"{percent(row.gain)} {percent_interval(row.conf_low, row.conf_high)}"
    return TableCell(significant(row.value), (gain,))


METRICS_SECTION = Section(
    name="metrics",
    title=marked("Other losses"),
    place=350,
    content=metric_tables,
    heading=marked("Errors by other losses, on test rows"),
    tables=(METRICS.name,),
)
