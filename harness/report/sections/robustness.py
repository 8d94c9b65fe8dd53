"""The section of robustness: the debiased slope under other choices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

from harness.findings.checks import CHECKS
from harness.findings.run import Run
from harness.language import gettext, marked, translated
from harness.record.study import StudyRecord
from harness.report.blocks import Bullets, Heading, Paragraph, ReportBlock, ReportFigure
from harness.report.drawing.palette import METHOD_STYLES, Whisker
from harness.report.sections.effects.rows import METHODS
from harness.report.sections.section import Section
from harness.report.table import RecordColumn, ReportTable, TableCell, estimate_cell, record_table
from harness.scenarios.robustness import JOINT
from harness.tables.effects import ROBUSTNESS, RobustnessRow, SensitivityRow
from harness.tables.findings import CHECK_RATES, CheckRateRow
from harness.text.numbers import count, estimated, p_value, percent, percent_interval, plain
from harness.text.plain_text import Footnotes, file_slug, joined, listed

SlopeRow = TypeVar("SlopeRow", RobustnessRow, SensitivityRow)

# The check whose slope is in other units, and so in no figure.
LOGS = marked("outcome in logs")


def robustness_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the checks by outcome, method and learner."""
    study = run.manifest.study
    text = gettext(
        "The debiased slope is estimated once more from other rows, columns and codings, and where there can "
        "be none: the exposure of the next period, given this one's, and the exposure of another entity."
    )
    yield Paragraph(text)
    if rates := tuple(rate_sentences(run)):
        yield Bullets(rates)
    for rows in together(run.rows(ROBUSTNESS)):
        yield Heading(check_heading(study, rows[0]))
        if sentence := joint_sentence(study, rows):
            yield Paragraph(sentence)
        yield from _figures(run, rows)
        yield robustness_table(study, rows)


def rate_sentences(run: Run) -> Iterator[str]:
    """Yield how often all checks passed on panels whose true effect is known, where a calibration says it."""
    study = run.manifest.study
    same: dict[tuple[str, str, str], list[CheckRateRow]] = {}
    for row in run.rows(CHECK_RATES):
        same.setdefault((row.outcome, row.estimator, row.finding), []).append(row)
    for (outcome, learner, finding), rows in same.items():
        words = gettext("{share} of {n_panels} panels with an effect of {effect}")
        shares = [
            words.format(
                share=f"{percent(row.share)} {percent_interval(row.conf_low, row.conf_high)}",
                n_panels=count(row.n_panels),
                effect=plain(row.effect),
            )
            for row in rows
        ]
        yield gettext("{outcome}, {learner}: {what} in {shares}.").format(
            outcome=study.label(outcome),
            learner=study.estimator_label(learner),
            what=gettext(CHECKS[finding]),
            shares=joined(shares),
        )


def together(rows: Iterable[SlopeRow]) -> tuple[tuple[SlopeRow, ...], ...]:
    """Return rows, those of one outcome, exposure, method, learner and scenario together."""
    same: dict[tuple[str, ...], list[SlopeRow]] = {}
    for row in rows:
        key = (row.outcome, row.exposure, row.method, row.learner, row.scenario)
        same.setdefault(key, []).append(row)
    return tuple(map(tuple, same.values()))


def robustness_table(study: StudyRecord, rows: tuple[RobustnessRow, ...]) -> ReportTable:
    """Return the checks of one outcome, exposure, method and learner."""
    footnotes = Footnotes()
    columns: list[RecordColumn[RobustnessRow]] = [
        RecordColumn(
            gettext("Check"),
            cell=lambda row: TableCell(
                translated(row.check), mark=footnotes.mark("" if row.is_done else row.reason)
            ),
        ),
        RecordColumn(
            gettext("Slope"),
            cell=lambda row: estimate_cell(estimated(row.estimate, row.conf_low, row.conf_high)),
        ),
        RecordColumn(gettext("p of none"), cell=lambda row: p_value(row.p_value)),
        RecordColumn(gettext("p of no difference"), cell=lambda row: p_value(row.p_difference)),
        RecordColumn(gettext("Rows"), cell=lambda row: count(row.n_obs)),
    ]
    note = gettext(
        "Bold: the interval excludes zero. Of permuted exposures the mean slope is shown, and as p of none "
        "how often their t statistic is as large as that of the slope. No difference: from the slope as it "
        "is, entities' errors in common; all checks together: the greatest studentised one, that of the "
        "next period's exposure from zero among them."
    )
    caption = gettext("Slopes of {heading}, intervals beneath").format(heading=check_heading(study, rows[0]))
    return record_table(caption, columns, rows, footnotes=footnotes, notes=(note,))


def check_heading(study: StudyRecord, row: RobustnessRow | SensitivityRow) -> str:
    """Return what a slope is of: exposure, outcome, method and learner."""
    return gettext("{what}: {how}").format(**_subject(study, row))


def _subject(study: StudyRecord, row: RobustnessRow | SensitivityRow) -> dict[str, str]:
    """Return exposure and outcome, and method and learner, in words."""
    words = gettext("{exposure} on {outcome}")
    what = words.format(exposure=study.label(row.exposure), outcome=study.label(row.outcome))
    method = gettext(METHODS.get(row.method, row.method))
    return {"what": what, "how": listed([method, study.estimator_label(row.learner)])}


def joint_sentence(study: StudyRecord, rows: tuple[RobustnessRow, ...]) -> str:
    """Return what the joint test says; empty where there is none."""
    joint = next((row for row in rows if row.check == JOINT and row.is_done), None)
    if joint is None:
        return ""
    level, p_joint = 1.0 - study.level, p_value(joint.p_difference)
    some = gettext("some differ from what they should be by more than chance")
    said = some if joint.p_difference < level else gettext("none is told from what it should be")
    sign = p_joint if p_joint.startswith("<") else f"= {p_joint}"
    words = gettext("All checks together: {said} at {level} (p {with_sign}).")
    return words.format(said=said, level=percent(level, 0), with_sign=sign)


def _figures(run: Run, rows: tuple[RobustnessRow, ...]) -> Iterator[ReportFigure]:
    from harness.report.drawing.forest import plot_forest

    study = run.manifest.study
    drawn = [row for row in rows if row.is_done and math.isfinite(row.conf_low) and row.check != LOGS]
    if not drawn:
        return
    first, *others = drawn
    whiskers = [
        Whisker(translated(row.check), row.estimate, row.conf_low, row.conf_high, METHOD_STYLES[row.method])
        for row in (first, *sorted(others, key=lambda row: row.estimate))
    ]
    what = gettext("{what} ({how})").format(**_subject(study, first))
    x_label = gettext("Effect on {outcome}").format(outcome=study.axis_label(first.outcome))
    slug = "-".join(map(file_slug, (first.outcome, first.exposure, first.method, first.learner)))
    yield ReportFigure(
        f"robustness-{slug}",
        plot_forest([("", whiskers)], x_label=x_label),
        alt=gettext("The debiased slope of {what} under each check, with intervals.").format(what=what),
        caption=gettext(
            "The debiased slope of {what} as it is, and beneath it under every check in its unit, the "
            "smallest first, with {level} intervals."
        ).format(what=what, level=percent(study.level, 0)),
    )


ROBUSTNESS_SECTION = Section(
    "robustness", marked("Robustness"), 775, robustness_blocks, tables=(ROBUSTNESS.name,)
)
