"""The section of the regressions that a paper prints column by column: baseline in steps and robustness."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.manifest import StudyRecord
from harness.report.blocks import Bullets, ReportBlock, SmallPrint
from harness.report.sections.coefficients import DECIMALS, estimate_notes, is_tiny, paper_cell, term_label
from harness.report.sections.robustness import check_text
from harness.report.sections.section import Section
from harness.report.table import Given, ReportTable, TableCell, columns_of, row_groups
from harness.scenarios.robustness import CHANGES
from harness.scenarios.specifications import BASELINE, MEASURED, ROBUSTNESS
from harness.tables.effects import AGREEMENT, SPECIFICATIONS, AgreementRow, SpecificationRow
from harness.text.numbers import count, fixed, percent, percent_interval, plain
from harness.text.plain_text import Footnotes, file_slug

# How the tables of a paper are called, by the part that their columns are of.
CAPTIONS = {BASELINE: marked("Baseline regressions"), ROBUSTNESS: marked("Robustness of the regressions")}

# The checks as heads of columns, which are narrow.
HEADS = {CHANGES["lag"][0]: marked("lagged exposure"), CHANGES["winsorised"][0]: marked("winsorised")}

# Where a column stands: the estimator, then the specification.
Column = tuple[str, str]


def specification_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the tables, and how often all of their columns agree where the effect is known."""
    yield from specification_tables(run, BASELINE)
    yield from specification_tables(run, ROBUSTNESS)
    if sentences := tuple(agreement_sentences(run)):
        yield Bullets(sentences)
        yield SmallPrint(
            gettext(
                "The effect of the baseline is taken from the outcome, and each entity has the exposure of "
                "another one, drawn at random: all columns are fitted anew, without an effect and with the "
                "baseline's. Agreement: all columns are significant and have one sign."
            )
        )


def agreement_sentences(run: Run) -> Iterator[str]:
    """Yield for each outcome and estimator how often all columns agree without an effect and with it."""
    study = run.manifest.study
    pairs: dict[Column, list[AgreementRow]] = {}
    for row in run.rows(AGREEMENT):
        if row.is_done:
            pairs.setdefault((row.outcome, row.estimator), []).append(row)
    for (outcome, estimator), rows in pairs.items():
        without, with_effect = (
            f"{percent(row.share)} {percent_interval(row.conf_low, row.conf_high)}" for row in rows
        )
        words = gettext(
            "{outcome}, {estimator}: with no effect all columns agree in {without} of {n_draws} draws, with "
            "an effect of {effect} in {with_effect}."
        )
        yield words.format(
            outcome=study.label(outcome),
            estimator=study.estimator_label(estimator),
            without=without,
            n_draws=count(rows[0].n_draws),
            effect=plain(rows[1].effect),
            with_effect=with_effect,
        )


def specification_tables(run: Run, part: str) -> Iterator[ReportTable]:
    """Yield the baseline of all estimators as one table, or the robustness of each as its own."""
    rows = [row for row in run.rows(SPECIFICATIONS) if row.part == part]
    caption, estimators = gettext(CAPTIONS[part]), list(dict.fromkeys(row.estimator for row in rows))
    if part == BASELINE and rows:
        yield specification_table(run, rows, caption, part)
    for name in estimators if part == ROBUSTNESS else ():
        label = run.manifest.study.estimator_label(name)
        titled = gettext("{caption}: {label}").format(caption=caption, label=label)
        own = [row for row in rows if row.estimator == name]
        yield specification_table(run, own, titled, f"{part}-{file_slug(name)}")


def specification_table(run: Run, rows: Sequence[SpecificationRow], caption: str, name: str) -> ReportTable:
    """Return specifications across and the outcomes one beneath the other."""
    study = run.manifest.study
    columns = list(dict.fromkeys((row.estimator, row.specification) for row in rows))
    is_one = len({estimator for estimator, _ in columns}) == 1
    labels = ["" if is_one else study.estimator_label(estimator) for estimator, _ in columns]
    over = (f"({at}) {label}".rstrip() for at, label in enumerate(labels, start=1))
    footnotes = Footnotes()
    return ReportTable(
        caption=caption,
        over=(TableCell(), *map(TableCell, over)),
        columns=columns_of("", *(_head(study, specification) for _, specification in columns)),
        groups=row_groups(
            (study.axis_label(outcome), _lines(run, own, columns, footnotes))
            for outcome in study.outcomes
            if (own := [row for row in rows if row.outcome == outcome])
        ),
        footnotes=footnotes.listed(),
        notes=(*estimate_notes(study), gettext("Fixed effects and errors are those of each estimator.")),
        is_whole=True,
        name=name,
    )


def _head(study: StudyRecord, specification: str) -> str:
    """Return a specification in the few words that a narrow column has room for."""
    for name in study.variables:
        if specification == MEASURED.format(measure=name):
            return gettext(MEASURED).format(measure=study.label(name))
    return gettext(HEADS[specification]) if specification in HEADS else check_text(study, specification)


def _lines(
    run: Run, rows: Sequence[SpecificationRow], columns: Sequence[Column], footnotes: Footnotes
) -> Iterator[tuple[Given, ...]]:
    """Yield the coefficients of the exposure, then what describes the regressions, of one outcome."""
    study = run.manifest.study
    found = {(row.estimator, row.specification, row.term): row for row in rows}
    reasons = {(row.estimator, row.specification): row.reason for row in rows if not row.is_done}
    terms = list(dict.fromkeys(row.term for row in rows if row.is_done))
    for at, term in enumerate(terms):
        own = [found.get((*column, term)) for column in columns]
        yield (
            term_label(study, term),
            *(
                TableCell(mark=footnotes.mark(reasons.get(column, "") if at == 0 else ""))
                if row is None
                else paper_cell(study, row, in_powers=is_tiny([row.std_error]))
                for row, column in zip(own, columns, strict=True)
            ),
        )
    first = {(row.estimator, row.specification): row for row in reversed(rows) if row.is_done}
    described = [first.get(column) for column in columns]
    yield (gettext("Controls"), *(count(row.n_controls) if row else "" for row in described))
    yield (gettext("Observations"), *(count(row.n_obs) if row else "" for row in described))
    if any(row and math.isfinite(row.r_squared) for row in described):
        yield (gettext("R²"), *(fixed(row.r_squared, DECIMALS) if row else "" for row in described))


SPECIFICATIONS_SECTION = Section(
    "specifications",
    marked("Baseline and robustness regressions"),
    1210,
    specification_blocks,
    tables=(SPECIFICATIONS.name,),
)
