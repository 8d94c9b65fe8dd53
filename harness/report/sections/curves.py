"""The section of net effect curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.findings.lines import curve_scenarios, turning_points_of
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Appendix, Paragraph, Phrase, ReportBlock, parts_of, rich, tabs_of
from harness.report.sections.section import Section
from harness.report.table import Given, ReportTable, TableColumn, columns_of, row_groups
from harness.tables.curves import CURVES, TurningPointRow
from harness.tables.preparation import WARNINGS
from harness.text.effects import NONE
from harness.text.numbers import estimate, is_outside, percent, significant
from harness.text.plain_text import joined


def curve_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the leading curves; to the appendix those of all estimators, their slopes and turning points."""
    from harness.report.figures.curves import leading_figures, scatter_figures

    study = run.manifest.study
    if extrapolates(run):
        where = rich(gettext("Over all rows the curves extrapolate in places: [W-EXTRAPOLATED](#warnings)."))
        yield Paragraph((Phrase(gettext("Extrapolation."), "strong"), " ", *parts_of(where)))
    leading = list(leading_figures(run))
    yield from leading
    yield from scatter_figures(run)
    if not leading:
        yield Paragraph(gettext("No estimator gave a curve."), "soft")
    tabs = tabs_of((study.label(outcome), _outcome(run, outcome)) for outcome in study.outcomes)
    yield Appendix((tabs, turning_table(run)) if leading else (tabs,))


def _outcome(run: Run, outcome: str) -> Iterator[ReportBlock]:
    from harness.report.figures.curves import ale_figures, curve_figures

    yield from curve_figures(run, outcome, "level")
    yield from curve_figures(run, outcome, "slope")
    yield from ale_figures(run, outcome)
    refused = [row for row in run.rows(CURVES) if row.outcome == outcome and not row.is_done]
    for name, reason in {row.estimator: row.reason for row in refused}.items():
        label = run.manifest.study.estimator_label(name)
        yield Paragraph(gettext("{label} has no curve: {reason}").format(label=label, reason=reason), "note")


def extrapolates(run: Run) -> bool:
    """Return whether a warning says that at some exposures most rows have no others near them."""
    return any(note.code == "W-EXTRAPOLATED" for note in run.rows(WARNINGS))


def _exposures(run: Run, label: Callable[[str], str]) -> str:
    """Return what curves are drawn over; the study's exposure where there are none."""
    study = run.manifest.study
    requested = dict.fromkeys(map(study.exposure_of, curve_scenarios(run))) or (study.exposure,)
    return joined([label(name) for name in requested])


def turning_points(run: Run, outcome: str) -> Iterator[tuple[str, TurningPointRow]]:
    """Yield the turning points of every curve under its name; of kind ``none`` where a curve has none."""
    study, scenarios = run.manifest.study, curve_scenarios(run)
    for scenario in scenarios:
        about = scenario if scenario not in study.exposures else study.label(study.exposures[scenario])
        for entry in study.estimators:
            label = entry.label
            if len(scenarios) > 1:
                label = gettext("{label} ({about})").format(label=label, about=about)
            for point in turning_points_of(run, outcome, scenario, entry.id):
                yield label, point


def turning_table(run: Run) -> ReportTable:
    """Return the turning points of all curves, curves in the order of the study."""
    study = run.manifest.study
    return ReportTable(
        caption=gettext("Turning points of the net effect curves inside the supported range"),
        columns=columns_of(
            *(gettext("Estimator"), TableColumn(gettext("Turning point"), "text")),
            *(_exposures(run, study.axis_label), gettext("Interval"), gettext("Outcome there")),
            gettext("Share of draws"),
        ),
        groups=row_groups(
            (study.axis_label(outcome), [_turning(*point) for point in turning_points(run, outcome)])
            for outcome in study.outcomes
        ),
        notes=(
            gettext(
                "Significant: the curve rises on one side and falls on the other, all pairs of grid points "
                "tested at once. Its interval is over the draws that have the point."
            ),
        ),
    )


def _turning(label: str, point: TurningPointRow) -> tuple[Given, ...]:
    if point.kind == NONE:
        return label, gettext("none")
    place, limits = estimate(point.at, point.conf_low, point.conf_high)
    height, share = significant(point.estimate), percent(point.share_of_draws, 0)
    return label, _kind(point), place, limits, height, share


def _kind(point: TurningPointRow) -> str:
    """Return the kind of a turning point, and what speaks against it."""
    kind = gettext(point.kind)
    if not point.is_established:
        kind = gettext("{kind}, not significant").format(kind=kind)
    if is_outside(point.at, point.conf_low, point.conf_high):
        kind = gettext("{kind}, outside its interval").format(kind=kind)
    return kind


def _heading(run: Run) -> str:
    return gettext("Net effect of {exposures}").format(exposures=_exposures(run, run.manifest.study.label))


CURVES_SECTION = Section(
    "curves", marked("Net effect curves"), 700, curve_blocks, _heading, tables=("curves",)
)
