"""Tables of a paper other than regressions: descriptive statistics, gains, groups, effects and robustness."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.gains import GainCell, Gains
from harness.findings.run import Run
from harness.language import gettext, translated
from harness.record.study import ProtocolRecord
from harness.report.paper.estimates import estimate_lines, estimate_table, run_notes
from harness.report.sections.effects.rows import effect_name, effects_of
from harness.report.sections.groups.rows import groups_of
from harness.report.sections.groups.section import difference_table, group_table, grouped_by
from harness.report.sections.robustness import check_heading, checks_together
from harness.report.sections.variables import moments, variables_by_role
from harness.report.table import ReportTable, RowGroup, TableColumn, TableRow, cell_of, rows_of
from harness.tables.gain import GainStatus
from harness.text.numbers import count, p_value, percent, plain
from harness.text.plain_text import file_slug, in_turn, sentences

MARKS = {GainStatus.BETTER: "†", GainStatus.WORSE: "‡"}
"""What stands at gains that are established."""


def descriptive_tables(run: Run) -> Iterator[ReportTable]:
    """Yield descriptive statistics of all variables, by role; none where the run has no moments."""
    study = run.manifest.study
    groups = tuple(
        RowGroup(rows_of([(study.axis_label(row.variable), *moments(row)) for row in rows]), heading)
        for heading, rows in variables_by_role(run)
    )
    heads = (
        *(gettext("Variable"), gettext("N"), gettext("Mean"), gettext("SD")),
        *(gettext("SD within"), gettext("SD between"), gettext("Min"), gettext("Max")),
    )
    note = gettext("SD within: of deviations from an entity's own mean; SD between: of the entities' means.")
    if groups:
        yield ReportTable(
            caption=gettext("Descriptive statistics"),
            columns=tuple(map(TableColumn, heads)),
            groups=groups,
            notes=(note, *run_notes(run)),
            name="descriptive",
        )


def gain_tables(run: Run) -> Iterator[ReportTable]:
    """Yield the gains of all estimators under all protocols over each reference, a panel for each outcome."""
    gains, study = Gains(run), run.manifest.study
    for over in (gains, *gains.further):
        cells = {
            outcome: [
                [over.cell(outcome, entry, protocol) for protocol in study.honest_first]
                for entry in over.candidates
            ]
            for outcome in study.outcomes
        }
        reasons = dict.fromkeys(cell.reason for rows in cells.values() for row in rows for cell in row)
        yield ReportTable(
            caption=gettext("Gains over {reference}").format(reference=over.reference_label),
            columns=(TableColumn(), *(TableColumn(protocol.title) for protocol in study.honest_first)),
            groups=tuple(
                RowGroup(rows_of([line for row in rows for line in _gain_lines(row)]), study.label(outcome))
                for outcome, rows in cells.items()
            ),
            notes=(
                *_gain_notes(over),
                *(_protocol_note(protocol) for protocol in study.honest_first),
                *(gettext("No result: {reason}").format(reason=reason) for reason in reasons if reason),
                *run_notes(run),
            ),
            name=f"gains-over-{file_slug(over.over)}" if over.over else "gains",
        )


def _gain_lines(cells: list[GainCell]) -> Iterator[tuple[str, ...]]:
    """Yield the gains of one estimator, and on the next line their intervals."""
    yield (cells[0].estimator.label, *(cell.text + MARKS.get(cell.status, "") for cell in cells))
    yield ("", *(cell.beneath for cell in cells))


def _gain_notes(gains: Gains) -> Iterator[str]:
    study = gains.run.manifest.study
    yield gettext(
        "Gain: one less the mean squared error over that of {reference}, on the test rows. In brackets "
        "{level} intervals from {draws} bootstrap draws of whole entities."
    ).format(reference=gains.reference_label, level=percent(study.level, 0), draws=count(study.draws))
    yield gettext(
        "† better, ‡ worse: the interval excludes zero, and the p-values that allow for many "
        "comparisons are below {level}."
    ).format(level=plain(1.0 - study.level))


def _protocol_note(protocol: ProtocolRecord) -> str:
    """Return what a protocol does, and what the training rows know of the test rows."""
    leaks = in_turn(leak.text for leak in protocol.leaks) or gettext("nothing known")
    return gettext("{title}: {how} What it leaks: {leaks}.").format(
        title=protocol.title, how=protocol.how, leaks=leaks
    )


def heterogeneity_tables(run: Run) -> Iterator[ReportTable]:
    """Yield effects by group and differences between groups for each column that groups are by."""
    study = run.manifest.study
    for scenario, by in run.view(groups_of).partitions:
        grouped = grouped_by(run, (scenario, by))
        if not grouped.has_effects:
            continue
        differences = {group.heading: group.rows for group in difference_table(grouped).groups}
        groups = []
        for group in group_table(grouped).groups:
            lines = [line for row in group.rows for line in _effect_lines(row, n_counts=2)]
            lines += [
                line
                for row in differences.get(group.heading, ())
                for line in _effect_lines(TableRow((row.cells[0], "", "", *row.cells[1:])), n_counts=2)
            ]
            groups.append(RowGroup(rows_of(lines), group.heading))
        heads = (gettext("Group"), gettext("N"), gettext("Entities"), *grouped.heads)
        note = gettext(
            "Mean change of the outcome per unit of {exposure} over the rows of each group, and "
            "differences between groups. In brackets {level} bootstrap intervals."
        ).format(exposure=study.label(study.exposure_of(scenario)), level=percent(study.level, 0))
        yield ReportTable(
            caption=gettext("Effects by {by}").format(by=grouped.by),
            columns=tuple(map(TableColumn, heads)),
            groups=tuple(groups),
            notes=(note, *run_notes(run)),
            name=f"heterogeneity-{file_slug(scenario or by)}",
        )


def _effect_lines(row: TableRow, *, n_counts: int) -> Iterator[tuple[str, ...]]:
    """Yield the effects of a row of the page, and on the next line their intervals, levels left out."""
    head, *cells = map(cell_of, row.cells)
    counts, effects = cells[:n_counts], cells[n_counts::2]
    yield (head.text, *(cell.text for cell in counts), *(str(cell.words) for cell in effects))
    yield ("", *[""] * n_counts, *("".join(cell.beneath) for cell in effects))


def effect_tables(run: Run) -> Iterator[ReportTable]:
    """Yield the debiased effects that are numbers, those of one exposure on one outcome together."""
    study = run.manifest.study
    groups: list[RowGroup] = []
    assumed: dict[str, None] = {}
    for subject in run.view(effects_of):
        lines: list[tuple[str, ...]] = []
        for row in subject.numbers:
            if row.is_done:
                names = (effect_name(study, row), study.estimator_label(row.learner))
                lines += estimate_lines(study, row, names, (count(row.n_obs), count(row.n_entities)))
        if lines:
            heading = gettext("{exposure} on {outcome}").format(
                exposure=study.label(subject.subject.exposure),
                outcome=study.axis_label(subject.subject.outcome),
            )
            groups.append(RowGroup(rows_of(lines), heading))
            assumed |= dict.fromkeys(
                gettext("{method}: {assumption}").format(method=method, assumption=assumption)
                for method, assumption in subject.assumptions
            )
    heads = (
        *(gettext("Effect"), gettext("Learner"), gettext("Estimate"), gettext("Interval")),
        *(gettext("N"), gettext("Entities")),
    )
    notes = tuple(" ".join(sentences(text)) for text in assumed)
    yield from estimate_table(run, "effects", gettext("Debiased effects"), heads, groups, notes)


def robustness_tables(run: Run) -> Iterator[ReportTable]:
    """Yield the debiased slope under other choices; none where the run asks for no robustness."""
    study = run.manifest.study
    groups = []
    for checks in checks_together(run):
        lines = [
            line
            for row in checks
            for line in estimate_lines(
                study, row, (translated(row.check),), (p_value(row.p_difference), count(row.n_obs))
            )
        ]
        groups.append(RowGroup(rows_of(lines), check_heading(study, checks[0])))
    heads = (
        *(gettext("Check"), gettext("Slope"), gettext("Interval")),
        *(gettext("p of the difference"), gettext("N")),
    )
    yield from estimate_table(run, "robustness", gettext("Robustness"), heads, groups)
