"""The sections of accuracy: gains with p-values and what of them remains, errors, and other losses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product

from harness.findings.run import Gains, Run, compared_error, errors_of, refusal
from harness.language import marked, pgettext, rendered, topic
from harness.record.manifest import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.report import blocks
from harness.report import blocks as parts
from harness.report.blocks import Given, ReportTable, TableCell, columns_of, row_groups
from harness.report.drawing.palette import DECISION_STYLES, Whisker
from harness.report.sections.section import Section, outcome_heading, study_words
from harness.tables.accuracy import ACCURACY, METRICS, AccuracyRow, MetricRow
from harness.tables.decision import ABOVE, BELOW, CONDITIONAL, NEGLIGIBLE, OPEN, UNTESTED, Decision
from harness.tables.findings import FINDINGS
from harness.tables.gain import DECOMPOSITION, GAIN_PAIRS, RECOGNITION, GainRow, PartRow, RecognitionRow
from harness.tables.table import grouped
from harness.text import numbers
from harness.text.gains import SYMBOLS, WORDS, gain_cell, limits, limits_text, pair_text
from harness.text.numbers import percent, percent_interval, significant
from harness.text.plain_text import in_turn, shortened

gettext = topic("report.accuracy")


# What each part of the table is called, in the order of the columns.
PARTS = {
    "in sample": marked("In sample"),
    "other rows, used to select": marked("Other rows, used to select"),
    "other rows of the same entities": marked("Other rows of\nthe same entities"),
    "later periods": marked("Later periods"),
    "new entities": marked("New entities"),
    "new entities, later periods": marked("New entities,\nlater periods"),
}


def origin_blocks(gains: Gains) -> Iterator[blocks.ReportBlock]:
    """Yield what remains of the gains of every outcome, where any estimator has some of it."""
    if not gains.run.rows(DECOMPOSITION):
        return
    yield left_table(gains)
    text = gettext(
        "Each gain is a share of the error that the reference has there; gains do not add up. Protocols also "
        "differ in the rows used for training, in model selection and in preparation. Intervals are not "
        "adjusted for their number."
    )
    yield blocks.SmallPrint(text)


def left_table(gains: Gains) -> ReportTable:
    """Return what remains of the gains: outcomes and estimators down, what is predicted across."""
    study = gains.run.manifest.study
    present = {row.part for row in gains.run.rows(DECOMPOSITION)}
    parts = [name for name in PARTS if name in present]
    reference = gettext("MSE of {reference_label}").format(reference_label=study.reference_label)

    def rows(outcome: str) -> Iterator[tuple[Given, ...]]:
        every = reversed(gains.run.rows(DECOMPOSITION, outcome=outcome))
        own = {(row.estimator, row.part): row for row in every}
        errors = {name: row.mse_reference for (_, name), row in own.items()}
        yield (reference, *(significant(errors[name], 3) if name in errors else "" for name in parts))
        for entry in gains.candidates:
            cells = [own.get((entry.id, name)) for name in parts]
            if any(cells):
                yield (entry.label, *map(_part_cell, cells))

    return ReportTable(
        caption=gettext("Gain that remains for new entities"),
        columns=columns_of(gettext("Estimator"), *(rendered(PARTS[name]) for name in parts)),
        groups=row_groups(
            (outcome_heading(study, outcome), rows(outcome))
            for outcome in study.outcomes
            if gains.run.rows(DECOMPOSITION, outcome=outcome)
        ),
    )


def _part_cell(row: PartRow | None) -> TableCell:
    if row is None:
        return TableCell(look="none")
    return TableCell(percent(row.estimate), (limits(row.conf_low, row.conf_high),), LOOKS[row.decision])


def recognition_cell(row: RecognitionRow | None) -> TableCell:
    """Return the share of a gain that is due to recognition, at most all of it, or why there is none."""
    if row is None:
        return TableCell(look="none")
    if not row.is_done:
        return TableCell("–", (row.reason,))
    share = gettext("all") if row.estimate >= 1.0 else percent(row.estimate)
    beneath = percent_interval(row.conf_low, min(row.conf_high, 1.0))
    return TableCell(share, () if row.conf_low >= 1.0 else (beneath,))


# How the cell of a gain looks.
LOOKS: Mapping[Decision, str] = {
    ABOVE: "better",
    CONDITIONAL: "open",
    NEGLIGIBLE: "open",
    BELOW: "worse",
    OPEN: "open",
    UNTESTED: "none",
}

# Mark of protocols whose test rows take part in fitting or selecting.
INSIDE = "†"


def accuracy_blocks(run: Run) -> Iterator[blocks.ReportBlock]:
    """Yield gains where test rows are kept apart, a figure and a table; all else goes to the appendix."""
    study, gains = run.manifest.study, Gains(run)
    errors = blocks.tabs_of((study.label(outcome), [error_table(run, outcome)]) for outcome in study.outcomes)
    if not gains.candidates:
        yield errors
        yield blocks.Appendix((_protocols(study),))
        return
    yield gain_figure(gains)
    yield gain_table(gains)
    yield blocks.SmallPrint(_how_to_read(study))
    further = (*map(gain_table, gains.further), errors)
    yield blocks.Appendix((_protocols(study), *further, *_gain_details(gains), *_pairs(run)))


def _gain_details(gains: Gains) -> Iterator[blocks.ReportBlock]:
    """Yield p-values, and the gains of every outcome from rows in training to entities that are not."""
    study = gains.run.manifest.study
    yield p_value_table(gains)
    chosen = [row for row in gains.run.rows(FINDINGS, code="chosen_candidate") if row.text]
    if chosen:
        of = gettext("{outcome}: ")
        words = ((of.format(outcome=study.label(row.outcome)), row.text) for row in chosen)
        yield blocks.Bullets(tuple(words))
    text = gettext(
        "P-values are of equal mean squared error, losses clustered by {entity}, and by period too where no "
        "tested period was in training; Holm: adjusted for the number of estimators (Holm 1979). Interval "
        "and p-value come from one pivot (Fieller 1954)."
    )
    yield blocks.SmallPrint(text.format(**study_words(study)))
    yield from origin_blocks(gains)


def _protocols(study: StudyRecord) -> blocks.Definitions:
    return blocks.Definitions(tuple((_named(protocol), _how(protocol)) for protocol in study.protocols))


def _named(protocol: ProtocolRecord) -> blocks.Words:
    mark = "" if protocol.keeps_test_rows_apart else INSIDE
    return (f"{protocol.title}{mark} ", blocks.Phrase(protocol.id, "code", "id"))


def _how(protocol: ProtocolRecord) -> blocks.Words:
    if not protocol.leaks:
        return " ".join([protocol.how, gettext("No known information leakage.")])
    leaks = in_turn(leak.text for leak in protocol.leaks) + pgettext("text.end", ".")
    return (f"{protocol.how} ", blocks.Phrase(gettext("Information leakage:"), "em"), f" {leaks}")


def gain_rows(gains: Gains, outcome: str) -> Iterator[tuple[EstimatorRecord, tuple[parts.Given, ...]]]:
    """Yield each estimator with its gains in one outcome, protocols that keep test rows apart first."""
    for entry in gains.candidates:
        rows = (gains.row(outcome, entry.id, one.id) for one in gains.run.manifest.study.honest_first)
        yield entry, tuple(map(_gain, rows))


def gain_table(gains: Gains) -> parts.ReportTable:
    """Return the gains in every outcome; the files have those under other protocols, too."""
    study = gains.run.manifest.study
    shares = {(row.outcome, row.estimator): row for row in gains.run.rows(RECOGNITION) if not gains.over}

    def rows(outcome: str) -> Iterator[tuple[parts.Given, ...]]:
        for entry, cells in gain_rows(gains, outcome):
            more = [recognition_cell(shares.get((outcome, entry.id)))] if shares else []
            yield (entry.label, *cells, *more)

    return parts.ReportTable(
        caption=gettext("Gain over {reference}").format(reference=gains.reference_label),
        columns=parts.columns_of(
            gettext("Estimator"),
            *(
                parts.TableColumn(one.title)
                if one.keeps_test_rows_apart
                else parts.TableColumn(one.title, mark=INSIDE, is_for_files=True)
                for one in study.honest_first
            ),
            *([gettext("Share due to\nrecognition")] if shares else []),
        ),
        groups=parts.row_groups(
            (outcome_heading(study, outcome), rows(outcome)) for outcome in study.outcomes
        ),
        is_whole=not gains.over,
    )


def _gain(row: GainRow) -> parts.TableCell:
    symbol, beneath, p_adjusted = SYMBOLS[row.decision], limits_text(row), numbers.p_text(row.p_holm)
    says = rendered(WORDS[row.decision]) if symbol else ""
    return parts.TableCell(
        gain_cell(row),
        (beneath,) if beneath else (),
        LOOKS[row.decision],
        row.reason,
        symbol,
        says,
        hint=in_turn(filter(None, (says, p_adjusted))) if says else "",
    )


def error_table(run: Run, outcome: str) -> parts.ReportTable:
    """Return the errors of one outcome; all its mean squared errors have the same decimals."""
    study = run.manifest.study
    decimals = numbers.decimals_for(row.mse for row in run.rows(ACCURACY, outcome=outcome))

    def mse(row: AccuracyRow, sample: str) -> str:
        error = errors_of(run, outcome, row.estimator, row.protocol).get(sample)
        return numbers.MISSING if error is None else numbers.rounded(error.mse, decimals)

    def rows(protocol: str) -> Iterator[AccuracyRow | parts.TableRow]:
        for entry in study.estimators:
            if row := compared_error(run, outcome, entry.id, protocol):
                yield row
            else:
                _, reason = refusal(run, outcome, entry.id, protocol)
                name = parts.TableCell(entry.label, reason=reason)
                yield parts.TableRow((name, *[numbers.MISSING] * 7))

    groups = [(protocol.title, list(rows(protocol.id))) for protocol in study.honest_first]
    lowest: dict[str, float] = {}
    for row in (row for _, own in groups for row in own if isinstance(row, AccuracyRow)):
        lowest[row.protocol] = min(row.mse, lowest.get(row.protocol, math.inf))

    def test(row: AccuracyRow) -> parts.TableCell:
        return parts.TableCell(mse(row, "test"), look="lowest" if row.mse == lowest[row.protocol] else "")

    unit = study.unit(outcome)
    squared = [gettext("(unit: {unit}, squared)").format(unit=unit)] if unit else []
    label = gettext("Mean squared error in predicting {label}").format(label=study.label(outcome))
    return parts.record_table(
        " ".join([label, *squared]),
        groups,
        (gettext("Estimator"), lambda row: study.estimator_label(row.estimator)),
        (parts.file_column(gettext("Train")), lambda row: mse(row, "train")),
        (gettext("Test"), test),
        (parts.file_column(gettext("All")), lambda row: mse(row, "all")),
        (parts.file_column(gettext("Test MSE /\ntrain variance")), lambda row: numbers.fixed(row.nmse, 3)),
        (gettext("Test R²"), lambda row: numbers.fixed(row.r2, 3)),
        (parts.file_column(gettext("Test rows")), lambda row: numbers.count(row.n_obs)),
        (parts.file_column(gettext("Entities")), lambda row: numbers.count(row.n_entities)),
    )


def _pairs(run: Run) -> Iterator[blocks.ReportBlock]:
    study = run.manifest.study
    if run.rows(GAIN_PAIRS):
        yield blocks.tabs_of((study.label(outcome), [pair_table(run, outcome)]) for outcome in study.outcomes)


def pair_table(run: Run, outcome: str) -> parts.ReportTable:
    """Return the gains of any estimator over any other, those compared down and those over which across."""
    study = run.manifest.study
    under = grouped(run.rows(GAIN_PAIRS, outcome=outcome), "protocol")
    numbered = {entry.id: f"({number})" for number, entry in enumerate(study.estimators, start=1)}

    def rows(protocol: str) -> Iterator[tuple[parts.Given, ...]]:
        cells = {(row.estimator, row.reference): _pair(row) for row in under[protocol,]}
        for name, number in numbered.items():
            own = (cells.get((name, over), parts.TableCell(look="none")) for over in numbered)
            yield (f"{number} {study.estimator_label(name)}", *own)

    return parts.ReportTable(
        caption=gettext("Gain over any other estimator, in predicting {label}").format(
            label=study.label(outcome)
        ),
        columns=parts.columns_of(gettext("Estimator"), *numbered.values()),
        groups=parts.row_groups((study.protocol_title(protocol), rows(protocol)) for (protocol,) in under),
        notes=(
            gettext(
                "Gain of the row's estimator over that of the column. Intervals and p-values are in "
                "gain_pairs.csv; `harness gain RUN A B` prints those of two estimators. Marks allow for all "
                "gains over one estimator."
            ),
        ),
    )


def _pair(row: GainRow) -> parts.TableCell:
    words = percent(row.gain, 0) if row.has_gain else numbers.MISSING
    symbol, says = SYMBOLS[row.decision], rendered(WORDS[row.decision])
    return parts.TableCell(words, (), LOOKS[row.decision], row.reason, symbol, says, hint=pair_text(row))


def p_value_table(gains: Gains) -> parts.ReportTable:
    """Return the p-values of equal accuracy over every reference, and what gain they could have found."""
    study = gains.run.manifest.study
    rows = (
        (over.reference_label, protocol.title, over.row(outcome, entry.id, protocol.id))
        for outcome in study.outcomes
        for over in (gains, *gains.further)
        for protocol in study.honest_first
        for entry in over.candidates
    )
    return parts.record_table(
        gettext("P-values of equal accuracy, test rows"),
        [("", (one for one in rows if one[2].has_gain))],
        (gettext("Outcome"), lambda one: study.label(one[2].outcome)),
        (gettext("Against"), lambda one: one[0]),
        (gettext("Protocol"), lambda one: one[1]),
        (gettext("Estimator"), lambda one: study.estimator_label(one[2].estimator)),
        (gettext("Alone"), lambda one: numbers.p_value(one[2].p_value)),
        (gettext("Holm"), lambda one: numbers.p_value(one[2].p_holm)),
        (gettext("Least detectable gain"), lambda one: numbers.percent(one[2].least_detectable)),
    )


def _how_to_read(study: StudyRecord) -> blocks.Words:
    return blocks.rich(
        gettext(
            "{level} intervals beneath. [{better} better](.better), [{worse} worse](.worse): significantly, "
            "adjusted for the number of estimators. {once} better, conditional on the few periods tested. "
            "{none} not better by more than {least}. {open} cannot tell. Recognition: the share of the gain "
            "on random rows that is gone where entities were not used in training."
        ),
        {
            "level": numbers.percent(study.level, 0),
            "better": SYMBOLS[ABOVE],
            "worse": SYMBOLS[BELOW],
            "once": SYMBOLS[CONDITIONAL],
            "none": SYMBOLS[NEGLIGIBLE],
            "open": SYMBOLS[OPEN],
            "least": numbers.percent(study.least_gain, 0),
        },
    )


def gain_figure(gains: Gains) -> blocks.ReportFigure:
    """Return the figure of the gains over the study's reference: a row an outcome, a panel a protocol.

    Protocols are those that keep test rows apart; all where the study has none.
    """
    from harness.report.drawing.forest import plot_forest

    study = gains.run.manifest.study
    protocols = [one for one in study.honest_first if one.keeps_test_rows_apart] or study.honest_first
    titled = gettext("{outcome}: {what}") if len(study.outcomes) > 1 else "{what}"
    panels = [
        (
            titled.format(outcome=study.label(outcome), what=protocol.title),
            [
                gain_whisker(entry.label, gains.row(outcome, entry.id, protocol.id))
                for entry in gains.candidates
            ],
        )
        for outcome in study.outcomes
        for protocol in protocols
    ]
    words = study_words(study)
    message = gettext("Gain over {reference} (%), right of zero is better")
    x_label = message.format(reference=shortened(study.reference_label, 40))
    return blocks.ReportFigure(
        "gains",
        plot_forest(panels, x_label=x_label, is_gain=True, most_columns=min(4, len(protocols))),
        alt=gettext(
            "Dots with intervals: gain of each estimator over {reference_label} in every outcome and under "
            "each protocol. The numbers are in the table of gains."
        ).format(**words),
        caption=gain_caption(study),
    )


def gain_caption(study: StudyRecord) -> str:
    """Return what dots of gains show, and what their marks say."""
    return gettext(
        "Gain over {reference_label}, with {level} intervals clustered by {entity}. Filled triangles: "
        "significantly better or worse. Filled circles: not better by more than {least}. Open circles: "
        "cannot tell. Open triangles: better, but only a few periods were tested."
    ).format(**study_words(study), least=numbers.percent(study.least_gain, 0))


def gain_whisker(label: str, row: GainRow) -> Whisker:
    """Return a gain in per cent as it is drawn; a cell without one says why."""
    note, style = "" if row.has_gain else rendered(row.status), DECISION_STYLES[row.decision]
    gain = Whisker(label, row.gain, row.conf_low, row.conf_high, style, note=note)
    return gain.in_percent()


ACCURACY_SECTION = Section(
    *("accuracy", marked("Accuracy"), 300, accuracy_blocks, marked("Accuracy by estimator and protocol"))
)


def metric_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield a table for each outcome and metric, of the test rows of every protocol."""
    study = run.manifest.study
    tested = run.rows(METRICS, sample="test")
    found = {(row.outcome, row.metric, row.estimator, row.protocol): row for row in tested}
    gain = gettext(", and the gain over {reference}").format(reference=study.reference_label)
    how = gettext(
        "{how} Beneath it the gain, 1 − loss / loss of the reference, with its interval, clustered by entity."
    )
    for outcome, metric in product(study.outcomes, study.metrics):
        label = study.label(outcome)
        of = [gettext("of {outcome}").format(outcome=label)] if len(study.outcomes) > 1 else []
        yield parts.ReportTable(
            caption=" ".join([metric.title, *of]) + gain,
            columns=parts.columns_of(gettext("Estimator"), *(one.title for one in study.protocols)),
            groups=parts.plain_rows(
                (
                    entry.label,
                    *(_cell(found.get((outcome, metric.id, entry.id, one.id))) for one in study.protocols),
                )
                for entry in study.estimators
            ),
            notes=(how.format(how=metric.how),),
        )


def _cell(row: MetricRow | None) -> parts.TableCell:
    if row is None or not row.is_done:
        return parts.TableCell(numbers.MISSING, reason=row.reason if row is not None else "")
    if not math.isfinite(row.gain):
        return parts.TableCell(numbers.significant(row.value))
    gain = f"{numbers.percent(row.gain)} {limits(row.conf_low, row.conf_high)}"
    return parts.TableCell(numbers.significant(row.value), (gain,))


METRICS_SECTION = Section(
    *("metrics", marked("Other losses"), 350, lambda run: [blocks.Appendix(tuple(metric_tables(run)))]),
    heading=marked("Errors by other losses, on test rows"),
    tables=(METRICS.name,),
)
