"""The sections of accuracy: gains with p-values, errors and other losses by protocol; figure of gains."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.findings.gains import SYMBOLS, GainCell, Gains, compared_error, errors_of, refusal
from harness.findings.run import Run
from harness.language import gettext, marked, pgettext
from harness.record.study import ProtocolRecord, StudyRecord
from harness.report import table as parts
from harness.report.blocks import (
    Definitions,
    Heading,
    Phrase,
    ReportBlock,
    ReportFigure,
    SmallPrint,
    Words,
    rich,
    tabs_of,
)
from harness.report.drawing.palette import STATUS_STYLES, Whisker
from harness.report.sections.section import Section, study_words
from harness.tables.accuracy import ACCURACY, METRICS, AccuracyRow, MetricRow
from harness.tables.gain import GainStatus
from harness.text import numbers
from harness.text.plain_text import Footnotes, file_slug, in_turn, shortened

# How the cell of a gain looks.
LOOKS = {
    GainStatus.BETTER: "better",
    GainStatus.BETTER_ONCE: "open",
    GainStatus.NOT_BETTER: "open",
    GainStatus.WORSE: "worse",
    GainStatus.OPEN: "open",
}

# Mark of protocols whose test rows take part in fitting or selecting.
INSIDE = "†"


def accuracy_blocks(run: Run) -> Iterator[ReportBlock]:
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
    text = gettext(
        "Errors: bold is the lowest on a protocol's test rows. A row tested in several splits counts each "
        "time. The CSV has errors on training and on all rows, and over the variance of training rows."
    )
    yield SmallPrint(text)


def _named(protocol: ProtocolRecord) -> Words:
    mark = "" if protocol.keeps_test_rows_apart else INSIDE
    return (f"{protocol.title}{mark} ", Phrase(protocol.id, "code", "id"))


def _how(protocol: ProtocolRecord) -> Words:
    if not protocol.leaks:
        return " ".join([protocol.how, gettext("Nothing is known to leak.")])
    leaks = in_turn(leak.text for leak in protocol.leaks) + pgettext("end", ".")
    return (f"{protocol.how} ", Phrase(gettext("What it leaks:"), "em"), f" {leaks}")


def gain_table(gains: Gains, outcome: str) -> parts.ReportTable:
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
    words = gettext("Gain over {reference} in predicting {label}")
    caption = words.format(reference=gains.reference_label, label=study.label(outcome))
    return parts.ReportTable(
        caption=caption if is_shown else caption + gettext(": none is established"),
        columns=parts.columns_of(
            gettext("Estimator"),
            *(
                parts.TableColumn(one.title)
                if one.keeps_test_rows_apart
                else parts.TableColumn(one.title, mark=INSIDE, is_for_files=bool(gains.over))
                for one in study.honest_first
            ),
        ),
        groups=parts.plain_rows([(label, *(_gain(cell, footnotes) for cell in own)) for label, own in rows]),
        footnotes=footnotes.listed(),
    )


def _gain(cell: GainCell, footnotes: Footnotes) -> parts.TableCell:
    says = gettext(cell.status.value) if cell.symbol else ""
    return parts.TableCell(
        cell.text,
        (cell.beneath,) if cell.beneath else (),
        LOOKS.get(cell.status, "none"),
        footnotes.mark(cell.reason),
        cell.symbol,
        says,
        hint=f"{says}, {cell.p_adjusted_text}" if says and cell.p_adjusted_text else says,
    )


def error_table(run: Run, outcome: str) -> parts.ReportTable:
    """Return the errors of one outcome; all its mean squared errors have the same decimals."""
    study, footnotes = run.manifest.study, Footnotes()
    decimals = numbers.decimals_for(row.mse for row in run.rows(ACCURACY) if row.outcome == outcome)

    def mse(row: AccuracyRow, sample: str) -> str:
        error = errors_of(run, outcome, row.estimator, row.protocol).get(sample)
        return numbers.MISSING if error is None else numbers.rounded(error.mse, decimals)

    groups = []
    for protocol in study.honest_first:
        compared = [compared_error(run, outcome, entry.id, protocol.id) for entry in study.estimators]
        lowest = min((row.mse for row in compared if row is not None), default=math.nan)
        rows: list[tuple[parts.Given, ...]] = []
        for entry, row in zip(study.estimators, compared, strict=True):
            if row is None:
                _, reason = refusal(run, outcome, entry.id, protocol.id)
                name = parts.TableCell(entry.label, mark=footnotes.mark(reason))
                rows.append((name, *[numbers.MISSING] * 7))
                continue
            test = parts.TableCell(mse(row, "test"), look="lowest" if row.mse == lowest else "")
            shares = (numbers.fixed(share, 3) for share in (row.nmse, row.r2))
            counts = map(numbers.count, (row.n_obs, row.n_entities))
            rows.append((entry.label, mse(row, "train"), test, mse(row, "all"), *shares, *counts))
        groups.append(parts.RowGroup(parts.rows_of(rows), protocol.title))
    unit = study.unit(outcome)
    squared = [gettext("(unit: {unit}, squared)").format(unit=unit)] if unit else []
    label = gettext("Mean squared error in predicting {label}").format(label=study.label(outcome))
    return parts.ReportTable(
        caption=" ".join([label, *squared]),
        columns=parts.columns_of(
            *(gettext("Estimator"), parts.TableColumn(gettext("Train"), is_for_files=True), gettext("Test")),
            parts.TableColumn(gettext("All"), is_for_files=True),
            parts.TableColumn(gettext("Test MSE /\ntrain variance"), is_for_files=True),
            *(gettext("Test R²"), parts.TableColumn(gettext("Test rows"), is_for_files=True)),
            parts.TableColumn(gettext("Entities"), is_for_files=True),
        ),
        groups=tuple(groups),
        footnotes=footnotes.listed(),
    )


def p_value_table(gains: Gains) -> parts.ReportTable:
    """Return the p-values of equal accuracy over every reference, and what gain they could have found."""
    study = gains.run.manifest.study
    rows = [
        (
            *(study.label(outcome), over.reference_label, protocol.title, entry.label),
            *map(numbers.p_value, (cell.row.p_value, cell.row.p_holm)),
            numbers.percent(cell.row.least_detectable),
        )
        for outcome in study.outcomes
        for over in (gains, *gains.further)
        for protocol in study.honest_first
        for entry in over.candidates
        if (cell := over.cell(outcome, entry, protocol)).has_gain
    ]
    return parts.ReportTable(
        caption=gettext("P-values of equal accuracy, test rows"),
        columns=parts.columns_of(
            *(gettext("Outcome"), gettext("Against"), gettext("Protocol"), gettext("Estimator")),
            *(gettext("Alone"), gettext("Holm"), gettext("Least detectable gain")),
        ),
        groups=parts.plain_rows(rows),
    )


def _how_to_read(study: StudyRecord) -> Words:
    return rich(
        gettext(
            "Gains, {level} intervals beneath: [{better} better](.better) · [{worse} worse](.worse) · "
            "{once} better, given the few periods tested: no p · {none} not better by more than {least} · "
            "{open} cannot tell. Better and worse: p, shown on hover, is below {value}; it is of equal mean "
            "squared error, losses clustered by entity, and by period too where no tested period is trained "
            "on, adjusted for the number of estimators (Holm 1979). Interval and p are of one pivot "
            "(Fieller 1954). † Test rows take part in fitting or selecting."
        ),
        {
            "level": numbers.percent(study.level, 0),
            "better": SYMBOLS[GainStatus.BETTER],
            "worse": SYMBOLS[GainStatus.WORSE],
            "once": SYMBOLS[GainStatus.BETTER_ONCE],
            "none": SYMBOLS[GainStatus.NOT_BETTER],
            "open": SYMBOLS[GainStatus.OPEN],
            "least": numbers.percent(study.least_gain, 0),
            "value": numbers.plain(1.0 - study.level),
        },
    )


def gain_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield a figure for every outcome, where any estimator is compared with the reference."""
    study, gains = run.manifest.study, Gains(run)
    if gains.candidates:
        yield tabs_of((study.label(outcome), [gain_figure(gains, outcome)]) for outcome in study.outcomes)


def gain_figure(gains: Gains, outcome: str) -> ReportFigure:
    """Return the figure of the gains of one outcome over the study's reference, a panel a protocol."""
    from harness.report.drawing.forest import plot_forest

    study, cells = gains.run.manifest.study, gains.cells(outcome)
    words = study_words(study, outcome)
    panels = [
        (protocol.title, [gain_whisker(cell) for cell in cells if cell.protocol.id == protocol.id])
        for protocol in study.honest_first
    ]
    message = gettext("Gain over {reference} (%), right of zero is better")
    x_label = message.format(reference=shortened(study.reference_label, 40))
    return ReportFigure(
        f"gain-{file_slug(outcome)}",
        plot_forest(panels, x_label=x_label, most_loss=1.0, most_columns=4),
        alt=gettext(
            "Dots with intervals: gain of each estimator over {reference_label} in predicting {outcome} "
            "under each protocol. The numbers are in the table of gains."
        ).format(**words),
        caption=gettext(
            "Gain over {reference_label} in predicting {outcome}. One panel a protocol. Whiskers are "
            "{level} intervals, clustered by {entity}. Filled triangles are significant gains (pointing up) "
            "and losses (pointing down), open triangles gains given the few periods tested, filled circles "
            "gains of which none that matters is left, open circles those that cannot be told; an arrow at "
            "the left edge is a loss beyond the axis."
        ).format(**words),
    )


def gain_whisker(cell: GainCell) -> Whisker:
    """Return a gain in per cent as it is drawn; a cell without one says why."""
    row = cell.row
    note, style = gettext(row.status) if cell.status is GainStatus.MISSING else "", STATUS_STYLES[cell.status]
    gain = Whisker(cell.estimator.label, row.gain, row.conf_low, row.conf_high, style, note=note)
    return gain.in_percent()


ACCURACY_SECTION = Section(
    *("accuracy", marked("Accuracy"), 300, accuracy_blocks, marked("Accuracy by estimator and protocol"))
)
GAINS_SECTION = Section(
    "gains", marked("Figure of gains"), 400, gain_blocks, marked("Gains and their intervals")
)


def metric_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield a table for each outcome and metric, of the test rows of every protocol."""
    study = run.manifest.study
    found = {
        (row.outcome, row.metric, row.estimator, row.protocol): row
        for row in run.rows(METRICS)
        if row.sample == "test"
    }
    gain = gettext(", and the gain over {reference}").format(reference=study.reference_label)
    how = gettext(
        "{how} Beneath it the gain, 1 − loss / loss of the reference, with its interval, clustered by entity."
    )
    for outcome in study.outcomes:
        label = study.label(outcome)
        of = [gettext("of {outcome}").format(outcome=label)] if len(study.outcomes) > 1 else []
        for metric in study.metrics:
            footnotes = Footnotes()
            rows: list[tuple[parts.Given, ...]] = [
                (
                    entry.label,
                    *(
                        _cell(found.get((outcome, metric.id, entry.id, one.id)), footnotes)
                        for one in study.protocols
                    ),
                )
                for entry in study.estimators
            ]
            yield parts.ReportTable(
                caption=" ".join([metric.title, *of]) + gain,
                columns=parts.columns_of(gettext("Estimator"), *(one.title for one in study.protocols)),
                groups=parts.plain_rows(rows),
                footnotes=footnotes.listed(),
                notes=(how.format(how=metric.how),),
            )


def _cell(row: MetricRow | None, footnotes: Footnotes) -> parts.TableCell:
    if row is None or not row.is_done:
        return parts.TableCell(numbers.MISSING, mark=footnotes.mark(row.reason if row is not None else ""))
    if not math.isfinite(row.gain):
        return parts.TableCell(numbers.significant(row.value))
    gain = f"{numbers.percent(row.gain)} {numbers.percent_interval(row.conf_low, row.conf_high)}"
    return parts.TableCell(numbers.significant(row.value), (gain,))


METRICS_SECTION = Section(
    *("metrics", marked("Other losses"), 350, metric_tables, marked("Errors by other losses, on test rows")),
    tables=(METRICS.name,),
)
