"""The section of the effect: debiased and by regression, what it assumes, and what would overturn it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats
from harness.findings.lines import first_effect
from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.report import blocks as parts
from harness.report.blocks import Appendix, Bullets, ReportBlock, ReportFigure
from harness.report.sections.effect_rows import SubjectEffects, effect_name, effects_of
from harness.report.sections.robustness import together
from harness.report.sections.section import Section, outcome_heading
from harness.scenarios.effect.weak_instruments import set_in_words
from harness.scenarios.panel_variations import CHANGES
from harness.scenarios.robustness import PERMUTED
from harness.study.variation import ROBUSTNESS
from harness.tables.coefficients import CoefficientRow
from harness.tables.effects import EFFECT_TESTS, LINEAR, SENSITIVITY, EffectRow, SensitivityRow
from harness.tables.findings import FINDINGS
from harness.tables.variations import VARIATION_EFFECTS
from harness.text import numbers
from harness.text.effects import METHODS
from harness.text.numbers import plain
from harness.text.plain_text import file_slug, in_turn, joined, listed
from harness.text.render import caveat_texts, finding_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

gettext = topic("report.effects")


# Kinds of findings on debiased effects.
DEBIASED = ("effect", "interaction")

# Outcome, exposure, method and learner of a slope.
SlopeKey = tuple[str, str, str, str]

# Covariates that the figure names, those that move the slope most; steps of its contours, and of its grid.
MOST_NAMED, N_CONTOURS, N_GRID = 2, 6, 60
MOST_COLUMNS = 3


def strongest_of(run: Run) -> Mapping[SlopeKey, SensitivityRow]:
    """Return the row of an omitted variable as strong as the covariate that moves each slope most."""
    ranked = (strongest_first(rows) for rows in together(run.rows(SENSITIVITY)))
    firsts = (covariates[0][0] for covariates in ranked if covariates)
    return {(row.outcome, row.exposure, row.method, row.learner): row for row in firsts}


def strongest_first(rows: tuple[SensitivityRow, ...]) -> list[list[SensitivityRow]]:
    """Return the rows of each covariate that is a benchmark, the one first that moves the slope most."""
    groups = [list(group) for name, group in groupby(rows, key=lambda row: row.covariate) if name]
    return sorted(
        (group for group in groups if group[0].is_done),
        key=lambda group: -group[0].r2_exposure * group[0].r2_outcome / (1.0 - group[0].r2_exposure),
    )


def sensitivity_figures(run: Run) -> list[ReportFigure]:
    """Return contours and extremes by exposure, method and learner, a panel an outcome; the study's first."""
    study, found = run.manifest.study, dict[tuple[str, str, str], list[tuple[SensitivityRow, ...]]]()
    for rows in together(run.rows(SENSITIVITY)):
        if rows[0].is_done:
            found.setdefault((rows[0].exposure, rows[0].method, rows[0].learner), []).append(rows)
    primary = study.primary
    first = (study.exposure, primary.method, primary.learner) if primary else None
    ordered = [found[key] for key in sorted(found, key=lambda key: key != first)]
    return [figure(study, own) for figure in (_contour_figure, _extreme_figure) for own in ordered]


def _named(study: StudyRecord, row: SensitivityRow) -> tuple[str, str]:
    """Return what a slope is of, in words, and as part of the name of a figure."""
    method = rendered(METHODS.get(row.method, row.method))
    what = listed([study.label(row.exposure), method, study.estimator_label(row.learner)])
    return what, "-".join(map(file_slug, (row.exposure, row.method, row.learner)))


def _contour_figure(study: StudyRecord, found: Sequence[tuple[SensitivityRow, ...]]) -> ReportFigure:
    what, name = _named(study, found[0][0])
    return ReportFigure(
        f"sensitivity-{name}",
        plot_sensitivity(study, found),
        alt=gettext("{what}: contours of the slope over the strength of an omitted variable.").format(
            what=what
        ),
        caption=gettext(
            "{what}: the slope if an omitted variable explained these shares of the remaining variation of "
            "exposure and outcome; zero on the bold line. Points: a variable once, twice and three times as "
            "strong as a covariate (Cinelli and Hazlett 2020)."
        ).format(what=what),
    )


def _extreme_figure(study: StudyRecord, found: Sequence[tuple[SensitivityRow, ...]]) -> ReportFigure:
    what, name = _named(study, found[0][0])
    return ReportFigure(
        f"extremes-{name}",
        plot_extremes(study, found),
        alt=gettext("{what}: the slope if an omitted variable explained much of the outcome.").format(
            what=what
        ),
        caption=gettext(
            "{what}: the slope if an omitted variable explained all, three quarters or half of the remaining "
            "variation of the outcome, over what it explains of the exposure. Ticks: once, twice and three "
            "times as much as a covariate (Cinelli and Hazlett 2020)."
        ).format(what=what),
    )


def plot_sensitivity(study: StudyRecord, found: Sequence[tuple[SensitivityRow, ...]]) -> Figure:
    """Return the contours of slopes of one exposure, a panel an outcome."""
    figure, grid = _panels(study, found)
    for axes, rows in zip(grid, found, strict=True):
        plot_contours(axes, study, rows)
    figure.supylabel(gettext("Explained of the remaining outcome (%)"))
    return figure


def plot_extremes(study: StudyRecord, found: Sequence[tuple[SensitivityRow, ...]]) -> Figure:
    """Return slopes of one exposure where an omitted variable explains much of the outcome, likewise."""
    from harness.report.drawing.palette import GREY, INK

    figure, grid = _panels(study, found)
    for axes, rows in zip(grid, found, strict=True):
        first = rows[0]
        ticks = [row.r2_exposure for own in strongest_first(rows)[:MOST_NAMED] for row in own if row.is_done]
        x = np.linspace(0.0, min(0.95, 1.5 * max([_alone(first), *ticks])), N_GRID)
        for explained, style in zip(EXTREMES, ("-", "--", ":"), strict=True):
            slopes = _slope_with(first, x, explained)
            label = numbers.percent(explained, 0)
            axes.plot(100 * x, slopes, style, color=INK, linewidth=1.0, label=label)
        axes.axhline(0.0, color=GREY, linewidth=0.7)
        axes.vlines([100 * tick for tick in ticks], 0.0, 0.03, INK, transform=axes.get_xaxis_transform())
        axes.legend(title=gettext("Of the outcome"))
    figure.supylabel(gettext("Slope"))
    return figure


# Shares of what is left of the outcome that extreme omitted variables explain.
EXTREMES = (1.0, 0.75, 0.5)


def _panels(study: StudyRecord, found: Sequence[tuple[SensitivityRow, ...]]) -> tuple[Figure, list[Axes]]:
    """Return a panel for each outcome over what an omitted variable explains of the exposure."""
    from harness.report.drawing.canvas import drawable_label, panel_grid

    figure, grid = panel_grid(len(found), most_columns=MOST_COLUMNS, height=2.9, head=0.6, shared="none")
    for axes, rows in zip(grid, found, strict=True):
        axes.set_title(drawable_label(study.axis_label(rows[0].outcome), 30))
    figure.supxlabel(gettext("Explained of the remaining exposure (%)"))
    return figure, list(grid)


def _slope_with(row: SensitivityRow, exposure: Floats, outcome: Floats | float) -> Floats:
    """Return the slope were a variable omitted that explains these shares of exposure and outcome."""
    value = row.robustness_value
    spread = abs(row.estimate) * np.sqrt(1.0 - value) / value
    bias = spread * np.sqrt(outcome * exposure / (1.0 - exposure))
    return np.asarray(row.estimate - np.sign(row.estimate) * bias)


def _alone(row: SensitivityRow) -> float:
    """Return what one that explains all of the outcome explains of the exposure where the slope is zero."""
    value = row.robustness_value
    return value**2 / (1.0 - value + value**2)


def plot_contours(axes: Axes, study: StudyRecord, rows: tuple[SensitivityRow, ...]) -> None:
    """Draw contours of the slope over the partial R2 of an omitted variable, and those of covariates."""
    from harness.report.drawing.canvas import drawable_label
    from harness.report.drawing.palette import GREY, INK

    first, ranked = rows[0], strongest_first(rows)
    named = [[row for row in own if row.is_done] for own in ranked[:MOST_NAMED]]
    ends = [
        min(0.95, 1.15 * max([first.robustness_value, *(getattr(row, name) for own in named for row in own)]))
        for name in ("r2_exposure", "r2_outcome")
    ]
    x, y = (np.linspace(0.0, end, N_GRID) for end in ends)
    slopes = _slope_with(first, x, y[:, None])
    lines = axes.contour(100 * x, 100 * y, slopes, levels=N_CONTOURS, colors=GREY, linewidths=0.6)
    # Where each contour meets the diagonal of the panel, so that no label is cut at an edge.
    places: Floats = np.interp(
        np.abs(np.asarray(lines.levels) - first.estimate),
        np.abs(np.diag(slopes) - first.estimate),
        x,
        left=0.0,
        right=0.0,
    )
    shown = [(100 * at, 100 * at * ends[1] / ends[0]) for at in places if 0.25 < at / ends[0] < 0.9]
    axes.clabel(lines, manual=shown, inline_spacing=2, fmt=plain)
    axes.contour(100 * x, 100 * y, slopes, levels=[0.0], colors=INK, linewidths=1.4)
    for own in named:
        if own:
            at = [(100 * row.r2_exposure, 100 * row.r2_outcome) for row in own]
            label = drawable_label(study.label(own[0].covariate), 24)
            axes.plot(*zip(*at, strict=True), marker="o", markersize=3, linewidth=0.5, label=label)
    if axes.lines:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=1, handlelength=1.2)


# How errors of rows may depend on each other.
ERRORS: Mapping[str, str] = {
    "entity": marked("Errors are clustered by entity."),
    "entity_and_period": marked("Errors are clustered by entity and by period."),
    "driscoll_kraay": marked("Errors are by Driscoll and Kraay: dependent within the same and near periods."),
    "common_shocks": marked(
        "Errors are by entity plus those of Driscoll and Kraay over all periods: entities have shocks in "
        "common (10% test)."
    ),
    "conley": marked("Errors are by Conley: dependent within an entity, and among near ones in a period."),
}


def effect_table(run: Run, found: Sequence[SubjectEffects]) -> parts.ReportTable:
    """Return the effects of one exposure that are numbers, and the coefficients in other models."""
    study, against = run.manifest.study, strongest_of(run)
    heads = (gettext("Estimate"), "p", gettext("Variation left"), gettext("Robustness value"))
    benchmarks = (gettext("With an omitted variable as strong as"), gettext("Oster's delta"))

    def rows(effects: SubjectEffects) -> Iterator[tuple[parts.Given, ...]]:
        yield from (_effect(study, effects, row, against) for row in effects.numbers)
        for row in effects.slopes:
            yield study.estimator_label(row.estimator), _estimate(row), numbers.p_value(row.p_value)

    words = gettext("Effects of one unit of {exposure}, {level} confidence intervals beneath")
    return parts.ReportTable(
        caption=words.format(
            exposure=study.axis_label(found[0].exposure), level=numbers.percent(study.level, 0)
        ),
        columns=parts.columns_of(gettext("Effect"), *heads, *(benchmarks if against else ())),
        groups=parts.row_groups((study.axis_label(effects.outcome), rows(effects)) for effects in found),
        notes=tuple(_notes(study, found, has_benchmarks=bool(against))),
    )


# What each form estimates where slopes differ between rows.
ESTIMANDS = {
    "line": marked("Slope: the mean slope, weighted by the residual variance of the exposure."),
    "derivative": marked("Mean derivative: the mean slope at the observed exposures."),
    "contrast": marked("Contrast: the mean difference from the lowest level, weighted as a slope is."),
    "binned": marked(
        "Effect in bins: at the median of each third of the moderator; a small p of “a line is enough” "
        "speaks against the slope of the product (Hainmueller, Mummolo and Xu 2019)."
    ),
    "interaction": marked("Slope of the product: change of the slope per unit of the moderator."),
}


def _notes(study: StudyRecord, found: Sequence[SubjectEffects], *, has_benchmarks: bool) -> Iterator[str]:
    rows = [row for effects in found for row in effects.rows if row.is_done]
    shown = {row.form for row in rows}
    learners = listed(map(study.estimator_label, dict.fromkeys(row.learner for row in rows)))
    errors = (rendered(ERRORS[errors]) for errors in dict.fromkeys(row.errors for row in rows))
    learned = gettext("Double machine learning with {learners}, cross-fitted over entities.")
    yield " ".join([learned.format(learners=learners), *errors])
    yield from (rendered(words) for form, words in ESTIMANDS.items() if form in shown)
    if curved := dict.fromkeys(name for effects in found for name in effects.curved):
        yield gettext(
            "{names}: the exposure has powers, products or means over neighbours, so no coefficient is its "
            "effect; see the curves."
        ).format(names=listed(map(study.estimator_label, curved)))
    yield gettext(
        "Variation left: share of the exposure's variation that the controls do not explain. Robustness "
        "value: share of the remaining variation of exposure and outcome that an omitted variable must "
        "explain to bring the estimate to zero (in brackets: the limit of its interval)."
    )
    if has_benchmarks:
        yield gettext(
            "Oster's delta: how strong selection on omitted variables must be, relative to selection on the "
            "controls, to bring the slope to zero."
        )
    if any(math.isfinite(row.first_stage_f) for row in rows):
        yield gettext(
            "With instruments their first-stage F stands in place of the robustness value, with the slopes "
            "that the Anderson–Rubin test does not reject, valid however weak they are."
        )


def _effect(
    study: StudyRecord, effects: SubjectEffects, row: EffectRow, against: Mapping[SlopeKey, SensitivityRow]
) -> tuple[parts.Given, ...]:
    name = effects.named_effect(study, row, effect_name(study, row) if row.method else gettext("Effect"))
    if not row.is_done:
        return parts.reason_cell(name, row), numbers.MISSING
    if row.band == LINEAR:
        return name, numbers.MISSING, numbers.p_value(row.p_value)
    shares = (numbers.percent(row.residual_share, 0), _robustness(effects, row))
    own = against.get((row.outcome, row.exposure, row.method, row.learner)) if row.form == "line" else None
    return (
        name,
        *(_estimate(row), numbers.p_value(row.p_value), *shares),
        *(_benchmark(study, own) if own else ()),
    )


def _benchmark(study: StudyRecord, row: SensitivityRow) -> tuple[parts.Given, ...]:
    """Return the estimate were a variable omitted as strong as a covariate, and Oster's delta."""
    left = numbers.with_interval(row.estimate, row.conf_low, row.conf_high)
    return parts.TableCell(left, (study.label(row.covariate),)), numbers.fixed(row.oster_delta, 2)


def _estimate(row: EffectRow | CoefficientRow) -> parts.TableCell:
    """Return an estimate, bold where it is above or below zero."""
    return parts.estimate_cell(numbers.estimated(row.estimate, row.conf_low, row.conf_high, row.decision))


def _robustness(effects: SubjectEffects, row: EffectRow) -> str:
    """Return the robustness value and that of the interval's limit, of instruments their strength."""
    if math.isfinite(row.first_stage_f):
        strength = gettext("first-stage F {first_stage_f}")
        parts = [strength.format(first_stage_f=numbers.fixed(row.first_stage_f, 1))]
        if (found := effects.confidence_set(row)) is not None:
            parts.append(gettext("Anderson–Rubin set {found}").format(found=set_in_words(found)))
        return listed(parts)
    if math.isnan(row.robustness_value):
        return numbers.MISSING
    return f"{numbers.percent(row.robustness_value)} ({numbers.percent(row.robustness_value_limit)})"


# What is assumed, and the test of the run that speaks to it.
ASSUMPTIONS = (
    (marked("Given controls and entity effects, nothing else moves exposure and outcome"), "permuted"),
    (marked("Shocks to the outcome do not move the exposure later (no feedback)"), "lead"),
    (marked("The outcome does not respond before the exposure changes (no anticipation)"), "lead"),
    (marked("The exposure of one entity does not affect the outcomes of others"), "moran"),
)
TESTS = {
    "permuted": marked("exposure permuted over entities"),
    "lead": marked("exposure of the next period"),
    "moran": marked("Moran's I of residuals"),
}


def identification_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield what the effect that comes first assumes, with a p-value for each outcome that has one."""
    study = run.manifest.study
    rows = [first[0] for outcome in study.outcomes if (first := first_effect(run, outcome))]
    done = [row for row in rows if row.is_done]
    if done:
        found = [tests_of(run, row) for row in done]
        yield parts.ReportTable(
            caption=gettext("What the effect assumes, and p-values of tests against it"),
            columns=parts.columns_of(
                gettext("Assumption"),
                parts.TableColumn(gettext("Test"), "text"),
                *(study.label(row.outcome) for row in done),
            ),
            groups=parts.plain_rows(_row(assumed, test, found) for assumed, test in ASSUMPTIONS),
            notes=(gettext("No test proves an assumption; a dash: not tested in this run."),),
        )


def _row(assumed: str, test: str, found: list[dict[str, float]]) -> tuple[parts.Given, ...]:
    p_values = (numbers.p_value(own[test]) if test in own else numbers.MISSING for own in found)
    return rendered(assumed), rendered(TESTS[test]), *p_values


def tests_of(run: Run, row: EffectRow) -> dict[str, float]:
    """Return the p-values of the tests that speak to what an effect assumes; of several the least."""
    subject = {name: getattr(row, name) for name in ("outcome", "exposure", "method", "learner")}
    rows = run.rows(VARIATION_EFFECTS, list=ROBUSTNESS, **subject)
    checks = {one.variation: one.p_value for one in rows if one.is_done}
    named = {"permuted": PERMUTED, "lead": CHANGES["lead"][0]}
    found = {name: checks[check] for name, check in named.items() if check in checks}
    tests = run.rows(EFFECT_TESTS, outcome=row.outcome, test="moran")
    # As Bonferroni has it.
    moran = [min(1.0, len(tests) * one.p_value) for one in tests if one.is_done]
    return found | ({"moran": min(moran)} if moran else {})


def doubts(run: Run) -> Iterator[str]:
    """Yield what keeps effects from being established, once each, with the effects that it is of."""
    study = run.manifest.study
    rows = [row for row in run.rows(FINDINGS) if row.finding in DEBIASED and not row.estimator]
    of: dict[str, list[str]] = {}
    for row in rows:
        name = listed(filter(None, [outcome_heading(study, row.outcome), finding_label(row, study)]))
        for text, is_blocking in caveat_texts(row, study):
            if is_blocking:
                of.setdefault(text, []).append(name)
    for text, names in of.items():
        effects = gettext("All effects") if 1 < len(names) == len(rows) else in_turn(names)
        yield gettext("{effects}: {text}").format(effects=effects, text=text)


def effect_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the effects of every exposure, what they assume, and what would overturn them."""
    from harness.report.figures.effects import conditional_figures, effect_curves, forest

    found = run.view(effects_of)
    yield Bullets(tuple(doubts(run)))
    more: list[ReportBlock] = []
    for exposure in dict.fromkeys(effects.exposure for effects in found):
        own = [effects for effects in found if effects.exposure == exposure]
        more += forest(run, own)
        yield effect_table(run, own)
        yield from effect_curves(run, own)
    yield from identification_tables(run)
    contours = sensitivity_figures(run)
    yield from contours[:1]
    more += contours[1:]
    more += [figure for effects in found for figure in conditional_figures(run, effects)]
    yield Appendix(tuple(more))


def _heading(run: Run) -> str:
    found = dict.fromkeys(run.manifest.study.label(effects.exposure) for effects in run.view(effects_of))
    return gettext("Effect of {exposure}").format(exposure=joined(list(found)))


EFFECTS_SECTION = Section("effects", marked("Effect"), 770, effect_blocks, _heading, tables=("effects",))
