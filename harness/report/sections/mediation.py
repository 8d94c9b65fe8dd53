"""The section of mediation: effects through other variables, next to the usual three steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.findings.mediation import is_indirect, mediation_findings
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Bullets, ReportBlock
from harness.report.sections.effect_rows import METHODS
from harness.report.sections.section import Section
from harness.report.table import Given, ReportTable, TableCell, columns_of, estimate_cell, row_groups
from harness.tables import effects
from harness.text.numbers import MISSING, estimated, fixed, percent
from harness.text.plain_text import Footnotes, file_slug, listed
from harness.text.sentences import worded

# Columns of estimates, in their order.
SHOWN = (effects.TOTAL, effects.TO_MEDIATOR, effects.FROM_MEDIATOR, effects.DIRECT, effects.INDIRECT)


def mediation_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield a sentence for each mediator by the first method and learner, and the table."""
    study = run.manifest.study
    found = [worded(one, study) for outcome in study.outcomes for one in mediation_findings(run, outcome)]
    first = {(one.outcome, one.about.split(", ")[0]): one.text for one in reversed(found)}
    yield Bullets(tuple(reversed(first.values())))
    yield from mediation_tables(run)


def mediation_tables(run: Run) -> Iterator[ReportTable]:
    """Yield a table for each outcome with mediators."""
    rows = run.rows(effects.MEDIATION)
    for outcome in dict.fromkeys(row.outcome for row in rows):
        yield mediation_table(run, [row for row in rows if row.outcome == outcome])


def mediation_table(run: Run, rows: Sequence[effects.MediationRow]) -> ReportTable:
    """Return the paths of each mediator of one outcome, a row for each method and learner."""
    study, footnotes = run.manifest.study, Footnotes()
    groups: dict[str, dict[tuple[str, ...], list[effects.MediationRow]]] = {}
    for row in rows:
        own = groups.setdefault(study.label(row.mediator), {})
        own.setdefault((row.exposure, row.method, row.learner), []).append(row)
    words = gettext("{exposure} on {outcome} through mediators, {level} confidence intervals beneath")
    exposures = dict.fromkeys(study.label(row.exposure) for row in rows)
    return ReportTable(
        caption=words.format(
            exposure=listed(exposures), outcome=study.label(rows[0].outcome), level=percent(study.level, 0)
        ),
        columns=columns_of(
            *(gettext("Method, learner"), gettext("Total effect"), gettext("Exposure on\nmediator")),
            *(gettext("Mediator on\noutcome"), gettext("Direct effect"), gettext("Indirect effect")),
            *(gettext("Share of\ntotal"), gettext("Residual correlation\nthat removes it")),
        ),
        groups=row_groups(
            (mediator, [tuple(_cells(run, same, footnotes)) for same in own.values()])
            for mediator, own in groups.items()
        ),
        footnotes=footnotes.listed(),
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


def _cells(run: Run, rows: Sequence[effects.MediationRow], footnotes: Footnotes) -> Iterator[Given]:
    first, own = rows[0], {row.path: row for row in rows if row.rho == 0.0}
    method = METHODS.get(first.method, first.method)
    is_published = first.method == effects.STEPWISE
    name = gettext(marked("Three steps, two-way fixed effects") if is_published else method)
    learner = [run.manifest.study.estimator_label(first.learner)] * (not is_published)
    mark = footnotes.mark("" if first.is_done else first.reason)
    yield TableCell(listed([name, *learner]), mark=mark)
    if first.is_done:
        for path in SHOWN:
            yield _estimate(own[path]) if path in own else MISSING
        indirect = next(filter(is_indirect, rows), None)
        yield percent(indirect.share) if indirect and math.isfinite(indirect.share) else MISSING
        yield fixed(indirect.rho_zero, 2) if indirect else MISSING


def _estimate(row: effects.MediationRow) -> TableCell:
    return estimate_cell(estimated(row.estimate, row.conf_low, row.conf_high))


MEDIATION_SECTION = Section(
    "mediation", marked("Mediation"), 777, mediation_blocks, tables=(effects.MEDIATION.name,)
)
