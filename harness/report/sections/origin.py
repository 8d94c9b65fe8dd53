"""The section of what is left of the gains, from rows at hand to entities never seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import NewSentences, Paragraph, ReportBlock, ReportFigure, SmallPrint, tabs_of
from harness.report.drawing.palette import PART_STYLES, Whisker
from harness.report.sections.section import Section, study_words
from harness.report.table import Given, ReportTable, TableCell, columns_of, plain_rows
from harness.tables.gain import DECOMPOSITION, RECOGNITION, PartRow, RecognitionRow
from harness.text.numbers import percent, percent_interval, significant
from harness.text.plain_text import capitalised, file_slug, joined, listed, shortened

# The part that no knowledge of an entity can carry.
NEVER_SEEN = marked("entities never seen")


# What is left of the gain of each estimator, by the name of the part; those that the run has.
PartsLeft = Mapping[str, Mapping[str, PartRow]]


def gains_left(run: Run, outcome: str) -> PartsLeft:
    """Return what is left of the gains of one outcome, estimators in the order of the table."""
    found: dict[str, dict[str, PartRow]] = {}
    for row in run.rows(DECOMPOSITION):
        if row.outcome == outcome:
            found.setdefault(row.estimator, {}).setdefault(row.part, row)
    return found


def recognised(run: Run, outcome: str) -> Mapping[str, RecognitionRow]:
    """Return by estimator what share of its gain on random rows is gone for entities never seen."""
    return {row.estimator: row for row in run.rows(RECOGNITION) if row.outcome == outcome}


def origin_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield what is left of the gains of every outcome, where estimators are compared with the reference."""
    study, gains = run.manifest.study, Gains(run)
    if not gains.candidates:
        return
    yield tabs_of((study.label(outcome), _outcome(gains, outcome)) for outcome in study.outcomes)
    if any(gains_left(run, outcome) for outcome in study.outcomes):
        text = gettext(
            "From bar to bar the reference's error changes, and so does more than what is predicted: a "
            "protocol that selects models on its test rows trains on more rows than one that sets rows aside "
            "for that, networks are sized by them, and preparation is fitted on other rows. Later periods: "
            "time was seen once where they are fewer than five. Intervals are not adjusted for their number. "
            "Recognition: the share of the gain on random rows that is gone for entities never seen, with "
            "Fieller's interval, whole entities the unit of both gains; above 100% where a loss is left."
        )
        yield SmallPrint(text)


def _outcome(gains: Gains, outcome: str) -> Iterator[ReportBlock]:
    """Yield the sentences, the figure and the table of one outcome, or that there are none."""
    from harness.evaluation.tables import LEFT

    study, found = gains.run.manifest.study, gains_left(gains.run, outcome)
    if not found:
        needed = joined([f"“{study.protocol_title(name)}”" for name in LEFT.values()], "or")
        words = gettext(
            "What is left of the gain is shown where a run has results of the reference and of another "
            "estimator under {needed}; this run has not."
        )
        yield Paragraph(words.format(needed=needed), "soft")
        return
    sentences = " ".join(never_seen(study, found))
    if sentences:
        yield NewSentences(sentences, subject=study.label(outcome), topic="never seen")
    yield left_figure(gains, outcome)
    yield left_table(gains, outcome)
    left_out = [entry.label for entry in gains.candidates if entry.id not in found]
    if left_out:
        words = gettext("Without a result under any of these protocols: {left_out}.")
        yield Paragraph(words.format(left_out=joined(left_out)), "note")


def left_figure(gains: Gains, outcome: str) -> ReportFigure:
    """Return the figure of what is left of the gains of an outcome with any, a panel an estimator."""
    from harness.report.drawing.forest import plot_forest

    study, found = gains.run.manifest.study, gains_left(gains.run, outcome)
    names, words = [entry.id for entry in gains.candidates if entry.id in found], study_words(study, outcome)
    parts = [name for name in PART_STYLES if any(name in own for own in found.values())]
    bars = {name: [_bar(part, found[name].get(part)) for part in parts] for name in names}
    panels = [(study.estimator_label(name), own) for name, own in bars.items()]
    x_label = gettext("Gain over {reference} (%)").format(reference=shortened(study.reference_label, 40))
    return ReportFigure(
        f"origin-{file_slug(outcome)}",
        plot_forest(panels, x_label=x_label, most_loss=1.2),
        alt=gettext(
            "Bars: what is left of the gain over {reference_label} in predicting {outcome}, for {join}. The "
            "numbers are in the table."
        ).format(**words, join=listed(map(study.estimator_label, names))),
        caption=gettext(
            "What is left of the gain over {reference_label} in predicting {outcome}. One panel an "
            "estimator, from rows at hand downwards. Each bar is the gain under one protocol, a fraction of "
            "the error that the reference has there; bars are not parts of one gain. Hatched: the rows "
            "compared on took part in fitting or selecting; dark: entities never seen. Whiskers are {level} "
            "intervals, clustered by {entity}, the trained models held "
            "fixed; an arrow at the left edge is a loss beyond the axis. The numbers are per cent."
        ).format(**words),
    )


def _bar(part: str, row: PartRow | None) -> Whisker:
    """Return one part in per cent; without a result a note that shows nothing."""
    name, style = capitalised(gettext(part)), PART_STYLES[part]
    if row is None:
        return Whisker(name, math.nan, math.nan, math.nan, style, note=" ")
    return Whisker(name, row.estimate, row.conf_low, row.conf_high, style, has_bar=True).in_percent()


def left_table(gains: Gains, outcome: str) -> ReportTable:
    """Return what is left of the gains of one outcome: estimators down, what is predicted across."""
    study, found = gains.run.manifest.study, gains_left(gains.run, outcome)
    errors = {name: row.mse_reference for own in found.values() for name, row in own.items()}
    parts = [name for name in PART_STYLES if name in errors]
    reference = gettext("MSE of {reference_label}").format(reference_label=study.reference_label)
    shares = recognised(gains.run, outcome)
    more = [gettext("Recognition")] if shares else []
    first = (reference, *(significant(errors[name], 3) for name in parts), *([""] if shares else []))
    rows: list[tuple[Given, ...]] = [first]
    for entry in gains.candidates:
        if entry.id in found:
            own = [_cell(found[entry.id].get(name)) for name in parts]
            rows.append((entry.label, *own, *([_share_cell(shares.get(entry.id))] if shares else [])))
    words = gettext("What is left of the gain in predicting {label}, with intervals")
    return ReportTable(
        caption=words.format(label=study.label(outcome)),
        columns=columns_of(gettext("Estimator"), *(capitalised(gettext(name)) for name in parts), *more),
        groups=plain_rows(rows),
    )


def _cell(row: PartRow | None) -> TableCell:
    """Return one part; it looks better or worse where its interval excludes zero."""
    if row is None:
        return TableCell(look="none")
    look = "better" if row.conf_low > 0 else "worse" if row.conf_high < 0 else "open"
    return TableCell(percent(row.estimate), (percent_interval(row.conf_low, row.conf_high),), look)


def _share_cell(row: RecognitionRow | None) -> TableCell:
    """Return the share of a gain that recognises entities, or why there is none."""
    if row is None:
        return TableCell(look="none")
    if not row.is_done:
        return TableCell("–", (row.reason,))
    return TableCell(percent(row.estimate), (percent_interval(row.conf_low, row.conf_high),))


def never_seen(study: StudyRecord, found: PartsLeft) -> Iterator[str]:
    """Yield for which estimators anything is left for entities never seen; nothing where none is tested."""
    rows = [own[NEVER_SEEN] for own in found.values() if NEVER_SEEN in own]
    above = [study.estimator_label(row.estimator) for row in rows if row.conf_low > 0]
    below = [study.estimator_label(row.estimator) for row in rows if row.conf_high < 0]
    if above:
        words = gettext("For entities never seen the interval lies above zero for {labels}.")
        yield words.format(labels=joined(above))
    elif rows:
        yield gettext("For entities never seen no estimator has an interval above zero.")
    if below:
        yield gettext("It lies below zero for {labels}.").format(labels=joined(below))


ORIGIN_SECTION = Section("origin", marked("What is left of the gain"), 500, origin_blocks)
