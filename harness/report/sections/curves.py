"""The sections of net effect curves, and of how far answers to simulated data are from the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from harness.findings.lines import curve_scenarios, turning_points_of
from harness.findings.rules.curve import NONE
from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.report import blocks as parts
from harness.report.sections.section import Section
from harness.tables.curves import CURVES, TRUTH_ERRORS, TruthErrorRow, TurningPointRow
from harness.tables.preparation import WARNINGS
from harness.text.numbers import estimate, is_outside, percent, significant
from harness.text.plain_text import joined

gettext = topic("report.curves")


def curve_blocks(run: Run) -> Iterator[parts.ReportBlock]:
    """Yield the leading curves; to the appendix those of all estimators, their slopes and turning points."""
    from harness.report.figures.curves import leading_figures, scatter_figures

    study = run.manifest.study
    if extrapolates(run):
        where = parts.rich(
            gettext("Over all rows the curves extrapolate in places: [W-EXTRAPOLATED](#warnings).")
        )
        yield parts.Paragraph(
            (parts.Phrase(gettext("Extrapolation."), "strong"), " ", *parts.parts_of(where))
        )
    leading = list(leading_figures(run))
    yield from leading
    yield from scatter_figures(run)
    if not leading:
        yield parts.Paragraph(gettext("No estimator gave a curve."), "soft")
    tabs = parts.tabs_of((study.label(outcome), _outcome(run, outcome)) for outcome in study.outcomes)
    yield parts.Appendix((tabs, turning_table(run)) if leading else (tabs,))


def _outcome(run: Run, outcome: str) -> Iterator[parts.ReportBlock]:
    from harness.report.figures.curves import ale_figures, curve_figures

    yield from curve_figures(run, outcome, "level")
    yield from curve_figures(run, outcome, "slope")
    yield from ale_figures(run, outcome)
    refused = [row for row in run.rows(CURVES, outcome=outcome) if not row.is_done]
    for name, reason in {row.estimator: row.reason for row in refused}.items():
        label = run.manifest.study.estimator_label(name)
        yield parts.Paragraph(
            gettext("{label} has no curve: {reason}").format(label=label, reason=reason), "note"
        )


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


def turning_table(run: Run) -> parts.ReportTable:
    """Return the turning points of all curves, curves in the order of the study."""
    study = run.manifest.study
    return parts.ReportTable(
        caption=gettext("Turning points of the net effect curves inside the supported range"),
        columns=parts.columns_of(
            *(gettext("Estimator"), parts.TableColumn(gettext("Turning point"), "text")),
            *(_exposures(run, study.axis_label), gettext("Interval"), gettext("Outcome there")),
            gettext("Share of draws"),
        ),
        groups=parts.row_groups(
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


def _turning(label: str, point: TurningPointRow) -> tuple[parts.Given, ...]:
    if point.kind == NONE:
        return label, gettext("none")
    place, limits = estimate(point.at, point.conf_low, point.conf_high)
    height, share = significant(point.estimate), percent(point.share_of_draws, 0)
    return label, _kind(point), place, limits, height, share


def _kind(point: TurningPointRow) -> str:
    """Return the kind of a turning point, and what speaks against it."""
    kind = rendered(point.kind)
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


# What has a truth, in words, in the order of the table.
KINDS = {
    "level_supported": marked("curve over supported rows"),
    "level": marked("curve over all rows"),
    "slope": marked("slope of the curve"),
    "ale": marked("accumulated local effects"),
    "average_effect": marked("average effect"),
    "maximum": marked("where the curve has maxima"),
    "minimum": marked("where the curve has minima"),
    "contrast": marked("contrasts"),
    "effect": marked("effects by group"),
    "median": marked("levels of the curve by group"),
    "conditional_effect": marked("effects by moderator"),
    "threshold": marked("where the effect changes its sign"),
    "surface": marked("surface of levels"),
}

# Kinds whose error is one of where something is, which an estimator may miss or find without need.
PLACES = frozenset({"maximum", "minimum", "threshold"})

# The errors of all estimators on one kind of answer to one scenario, for one outcome.
Answers = Sequence[TruthErrorRow]


def truth_blocks(run: Run) -> Iterator[parts.ReportBlock]:
    """Yield the errors of the curves, over supported rows if any; to the appendix those of all."""
    kind = "level_supported" if run.rows(TRUTH_ERRORS, kind="level_supported") else "level"
    yield truth_table(run, [kind])
    yield parts.Appendix((truth_table(run, tuple(KINDS)),))


def _errors_by_answer(run: Run, outcome: str) -> Iterator[tuple[str, str, Answers]]:
    """Yield scenario, kind and errors, scenarios in the order of the run."""
    for scenario in dict.fromkeys(row.scenario for row in run.rows(TRUTH_ERRORS)):
        for kind in KINDS:
            if own := run.rows(TRUTH_ERRORS, outcome=outcome, scenario=scenario, kind=kind):
                yield scenario, kind, own


def truth_table(run: Run, kinds: Sequence[str]) -> parts.ReportTable:
    """Return the errors of every estimator, a row for each of some kinds of answer to a scenario."""
    study = run.manifest.study
    return parts.ReportTable(
        caption=gettext("Root mean squared error against the truth"),
        columns=parts.columns_of(gettext("Answer"), *(entry.label for entry in study.estimators)),
        groups=parts.row_groups(
            (
                study.axis_label(name),
                [_error_row(study, *own) for own in _errors_by_answer(run, name) if own[1] in kinds],
            )
            for name in study.outcomes
        ),
        notes=(
            gettext(
                "Bold: the lowest of the row. Beneath: share of points whose pointwise {level} interval "
                "holds the truth; of places, how many are found and how many are true."
            ).format(level=percent(study.level, 0)),
        ),
    )


def _error_row(study: StudyRecord, scenario: str, kind: str, rows: Answers) -> parts.TableRow:
    lowest = min((row.rmse for row in rows if math.isfinite(row.rmse)), default=math.nan)
    cells = {
        row.estimator: parts.TableCell(
            significant(row.rmse, 3), (_beneath(kind, row),), "lowest" if row.rmse == lowest else ""
        )
        for row in rows
    }
    head = parts.TableCell(rendered(KINDS[kind]), (scenario,) if scenario else ())
    return parts.TableRow((head, *(cells.get(entry.id, "") for entry in study.estimators)))


def _beneath(kind: str, row: TruthErrorRow) -> str:
    """Return how often intervals hold the truth; of places, how many are found of how many true ones."""
    if kind in PLACES:
        return gettext("found {n_found}, true {n_points}").format(n_found=row.n_found, n_points=row.n_points)
    return gettext("held at {coverage}").format(coverage=percent(row.coverage, 0))


TRUTH_SECTION = Section(
    *("truth", marked("Truth"), 980, truth_blocks),
    heading=marked("How far each estimator is from the truth"),
    tables=(TRUTH_ERRORS.name,),
)
