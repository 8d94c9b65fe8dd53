"""The sections of robustness, the debiased slope under other choices, and of mediation by other variables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from harness.findings.checks import CHECKS
from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.report import blocks as parts
from harness.report.blocks import Appendix, Bullets, ReportBlock, ReportFigure, SmallPrint
from harness.report.drawing.palette import METHOD_STYLES, Whisker
from harness.report.sections.section import Section
from harness.scenarios.panel_variations import CHANGES, WITHOUT
from harness.scenarios.robustness import BASELINE, JOINT
from harness.study.variation import ROBUSTNESS
from harness.tables import effects
from harness.tables.effects import SensitivityRow
from harness.tables.findings import CHECK_RATES, FINDINGS
from harness.tables.table import grouped
from harness.tables.variations import VARIATION_EFFECTS, VariationEffectRow
from harness.text import numbers
from harness.text.effects import METHODS
from harness.text.plain_text import file_slug, joined, listed, ranged

gettext = topic("report.robustness")


SlopeRow = TypeVar("SlopeRow", VariationEffectRow, SensitivityRow)

# The check whose slope is in other units, and so in no figure.
LOGS = marked("outcome in logs")
LEAD = CHANGES["lead"][0]
# With fewer slopes there is no figure of them.
LEAST_DRAWN = 3


def robustness_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield a row for each slope, and in the appendix every check of each."""
    study, slopes = run.manifest.study, together(run.rows(VARIATION_EFFECTS, list=ROBUSTNESS))
    if not slopes:
        return
    if rates := tuple(rate_sentences(run)):
        yield Bullets(rates)
    yield summary_table(study, slopes)
    yield Appendix((*_details(run, slopes), SmallPrint(_how_to_read())))


def _details(run: Run, slopes: Iterable[tuple[VariationEffectRow, ...]]) -> Iterator[ReportBlock]:
    for rows in slopes:
        yield from _figures(run, rows)
        yield robustness_table(run.manifest.study, rows)


def _how_to_read() -> str:
    return gettext(
        "Bold: the interval excludes zero. Of permuted exposures the mean slope is shown, and as p of zero "
        "how often their t statistic is as large as that of the slope. Difference: from the slope as it is, "
        "errors clustered by entity. All checks together: the largest studentised difference, the slope of "
        "the next period's exposure from zero among them."
    )


def summary_table(study: StudyRecord, slopes: Sequence[tuple[VariationEffectRow, ...]]) -> parts.ReportTable:
    """Return a row for each slope: itself, the range of it under the checks, and what must be zero."""
    groups: dict[str, list[tuple[parts.Given, ...]]] = {}
    for rows in slopes:
        words = _subject(study, rows[0])
        groups.setdefault(words["what"], []).append((words["how"], *_summary(rows)))
    return parts.ReportTable(
        caption=gettext("The debiased slope under robustness checks"),
        columns=parts.columns_of(
            *(gettext("Method, learner"), gettext("Slope"), gettext("Under other rows\nand codings")),
            *(gettext("Placebo: exposure of\nthe next period"), gettext("p of all\nchecks together")),
        ),
        groups=parts.row_groups(groups.items()),
        notes=(
            gettext(
                "All slopes are from one draw of folds, so they differ a little from the effect above. A "
                "small p of all checks together: some slope differs from what it should equal. The placebo "
                "should be zero."
            ),
        ),
        is_whole=True,
    )


def _summary(rows: tuple[VariationEffectRow, ...]) -> Iterator[parts.Given]:
    done = {row.variation: row for row in rows if row.is_done}
    baseline, lead, joint = (done.get(name) for name in (BASELINE, LEAD, JOINT))
    compared = [row.estimate for row in done.values() if row is not joint and math.isfinite(row.p_difference)]
    ends = [numbers.significant(end, 3) for end in (min(compared), max(compared))] if compared else []
    yield _slope(baseline) if baseline else numbers.MISSING
    yield ranged(*ends) if ends else numbers.MISSING
    yield (
        parts.TableCell(numbers.significant(lead.estimate, 3), (numbers.p_text(lead.p_value),))
        if lead
        else numbers.MISSING
    )
    yield numbers.p_value(joint.p_difference) if joint else numbers.MISSING


def _slope(row: VariationEffectRow | effects.MediationRow) -> parts.TableCell:
    return parts.estimate_cell(numbers.estimated(row.estimate, row.conf_low, row.conf_high, row.decision))


def rate_sentences(run: Run) -> Iterator[str]:
    """Yield how often all checks passed on panels whose true effect is known, where a calibration says it."""
    study = run.manifest.study
    same = grouped(run.rows(CHECK_RATES), "outcome", "estimator", "finding")
    for (outcome, learner, finding), rows in same.items():
        words = gettext("{share} of {n_panels} panels with an effect of {effect}")
        shares = [
            words.format(
                share=f"{numbers.percent(row.share)} {numbers.percent_interval(row.conf_low, row.conf_high)}",
                n_panels=numbers.count(row.n_panels),
                effect=numbers.plain(row.effect),
            )
            for row in rows
        ]
        yield gettext("{outcome}, {learner}: {what} in {shares}.").format(
            outcome=study.label(outcome),
            learner=study.estimator_label(learner),
            what=rendered(CHECKS[finding]),
            shares=joined(shares),
        )


def together(rows: Iterable[SlopeRow]) -> tuple[tuple[SlopeRow, ...], ...]:
    """Return rows, those of one outcome, exposure, method, learner and scenario together."""
    same = grouped(rows, "outcome", "exposure", "method", "learner", "scenario")
    return tuple(map(tuple, same.values()))


def robustness_table(study: StudyRecord, rows: tuple[VariationEffectRow, ...]) -> parts.ReportTable:
    """Return the checks of one outcome, exposure, method and learner."""
    return parts.record_table(
        gettext("Slopes of {heading}, intervals beneath").format(heading=check_heading(study, rows[0])),
        [("", rows)],
        (gettext("Check"), lambda row: parts.reason_cell(check_text(study, row.variation), row)),
        (gettext("Slope"), _slope),
        (gettext("p of zero"), lambda row: numbers.p_value(row.p_value)),
        (gettext("p of difference"), lambda row: numbers.p_value(row.p_difference)),
        (gettext("Rows"), lambda row: numbers.count(row.n_obs)),
    )


def check_text(study: StudyRecord, check: str) -> str:
    """Return what a check does, the column of groups that it leaves out by its label."""
    for name in study.variables:
        before, _, level = check.partition(WITHOUT.format(by=name, level=""))
        if level and not before:
            return rendered(WITHOUT).format(by=study.label(name), level=level)
    return rendered(check)


def check_heading(study: StudyRecord, row: VariationEffectRow | SensitivityRow) -> str:
    """Return what a slope is of: exposure, outcome, method and learner."""
    return gettext("{what}: {how}").format(**_subject(study, row))


def _subject(study: StudyRecord, row: VariationEffectRow | SensitivityRow) -> dict[str, str]:
    """Return exposure and outcome, and method and learner, in words."""
    words = gettext("{exposure} on {outcome}")
    what = words.format(exposure=study.label(row.exposure), outcome=study.label(row.outcome))
    method = rendered(METHODS.get(row.method, row.method))
    return {"what": what, "how": listed([method, study.estimator_label(row.learner)])}


def _figures(run: Run, rows: tuple[VariationEffectRow, ...]) -> Iterator[ReportFigure]:
    from harness.report.drawing.forest import plot_forest

    study = run.manifest.study
    drawn = [row for row in rows if row.is_done and math.isfinite(row.conf_low) and row.variation != LOGS]
    if len(drawn) < LEAST_DRAWN:
        return
    first, *others = drawn
    whiskers = [
        Whisker(
            check_text(study, row.variation),
            row.estimate,
            row.conf_low,
            row.conf_high,
            METHOD_STYLES[row.method].decided(row.decision),
        )
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
            "The slope of {what} as it is, then under every check, with {level} intervals."
        ).format(what=what, level=numbers.percent(study.level, 0)),
    )


ROBUSTNESS_SECTION = Section(
    "robustness", marked("Robustness"), 775, robustness_blocks, tables=(VARIATION_EFFECTS.name,)
)


# Columns of estimates, in their order.
SHOWN = (effects.TOTAL, effects.TO_MEDIATOR, effects.FROM_MEDIATOR, effects.DIRECT, effects.INDIRECT)


def mediation_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield a sentence for each mediator by the first method and learner, and the table."""
    indirect = run.rows(FINDINGS, finding="mediation")
    first = {(row.outcome, row.about.split(", ")[0]): row.text for row in reversed(indirect)}
    yield Bullets(tuple(reversed(first.values())))
    yield from mediation_tables(run)


def mediation_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield a table for each outcome with mediators."""
    rows = run.rows(effects.MEDIATION)
    for outcome in dict.fromkeys(row.outcome for row in rows):
        yield mediation_table(run, [row for row in rows if row.outcome == outcome])


def mediation_table(run: Run, rows: Sequence[effects.MediationRow]) -> parts.ReportTable:
    """Return the paths of each mediator of one outcome, a row for each method and learner."""
    study = run.manifest.study
    groups: dict[str, dict[tuple[str, ...], list[effects.MediationRow]]] = {}
    for row in rows:
        own = groups.setdefault(study.label(row.mediator), {})
        own.setdefault((row.exposure, row.method, row.learner), []).append(row)
    words = gettext("{exposure} on {outcome} through mediators, {level} confidence intervals beneath")
    exposures = dict.fromkeys(study.label(row.exposure) for row in rows)
    return parts.ReportTable(
        caption=words.format(
            exposure=listed(exposures),
            outcome=study.label(rows[0].outcome),
            level=numbers.percent(study.level, 0),
        ),
        columns=parts.columns_of(
            *(gettext("Method, learner"), gettext("Total effect"), gettext("Exposure on\nmediator")),
            *(gettext("Mediator on\noutcome"), gettext("Direct effect"), gettext("Indirect effect")),
            *(gettext("Share of\ntotal"), gettext("Residual correlation\nthat removes it")),
        ),
        groups=parts.row_groups(
            (mediator, [tuple(_mediation_cells(run, same)) for same in own.values()])
            for mediator, own in groups.items()
        ),
        notes=(
            gettext(
                "Indirect effect: that on the mediator times that of the mediator given the exposure. "
                "Mediators are taken one at a time, so shares need not add up; there is no share where the "
                "total effect is not significant. Residual correlation: errors of mediator and outcome so "
                "correlated remove the indirect effect (Imai, Keele and Yamamoto 2010)."
            ),
            gettext(
                "The three steps are published practice; Jiang (2022) advises against them, since regressing "
                "the outcome on a mediator takes the mediator as exogenous, which few studies can defend."
            ),
        ),
        is_whole=True,
        name=f"mediation-{file_slug(rows[0].outcome)}",
    )


def _mediation_cells(run: Run, rows: Sequence[effects.MediationRow]) -> Iterator[parts.Given]:
    first, own = rows[0], {row.path: row for row in rows if row.rho == 0.0}
    method = METHODS.get(first.method, first.method)
    is_published = first.method == effects.STEPWISE
    name = rendered(marked("Three steps, two-way fixed effects") if is_published else method)
    learner = [run.manifest.study.estimator_label(first.learner)] * (not is_published)
    yield parts.reason_cell(listed([name, *learner]), first)
    if first.is_done:
        for path in SHOWN:
            yield _slope(own[path]) if path in own else numbers.MISSING
        indirect = next((row for row in rows if row.is_indirect), None)
        yield (
            numbers.percent(indirect.share) if indirect and math.isfinite(indirect.share) else numbers.MISSING
        )
        yield numbers.fixed(indirect.rho_zero, 2) if indirect else numbers.MISSING


MEDIATION_SECTION = Section(
    "mediation", marked("Mediation"), 777, mediation_blocks, tables=(effects.MEDIATION.name,)
)
