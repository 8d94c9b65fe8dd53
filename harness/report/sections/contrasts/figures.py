"""The figure of contrasts: a dot with its two intervals for each, in a panel for each estimator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.drawing.canvas import DOUBLE_COLUMN, SINGLE_COLUMN, FigureRenderer, RenderedFigure
from harness.report.drawing.forest import THICK, THIN, Whisker, plot_forest, true_number_entry
from harness.report.drawing.lines import draws_text, entry
from harness.report.drawing.palette import MarkStyle, line_style
from harness.report.sections.contrasts.rows import ContrastQuestion, EstimatedContrast, contrasts_of
from harness.text.numbers import percent
from harness.text.plain_text import file_slug


def contrast_figures(
    run: Run, question: ContrastQuestion, renderer: FigureRenderer
) -> Iterator[RenderedFigure]:
    """Yield the contrasts of one question, a figure for each outcome that any estimator answers."""
    study = run.manifest.study
    for outcome in study.outcomes:
        found = {entry.id: contrasts_of(run, question, outcome, entry.id) for entry in study.estimators}
        shown = [one for own in found.values() for one in own]
        if shown:
            yield renderer.render(
                f"contrast-{file_slug(outcome)}-{file_slug(question.scenario)}",
                plot_contrasts(study, found),
                alt=gettext("Contrasts of {exposure} on {outcome}, with intervals.").format(
                    exposure=study.label(study.exposure), outcome=study.label(outcome)
                ),
                caption=contrast_caption(study, shown),
            )


def contrast_caption(study: StudyRecord, shown: Sequence[EstimatedContrast]) -> str:
    """Return the caption of a figure of at least one contrast."""
    draws = draws_text(one.row.n_draws for one in shown)
    text = gettext(
        "Mean predicted {outcome} were every row's {exposure} one value, less that were it another, the "
        "other variables as observed. Thick: {level} intervals that hold for one contrast at a time{made}; "
        "thin: for all of an estimator's contrasts shown here at once."
    ).format(
        outcome=study.label(shown[0].row.outcome),
        exposure=study.label(study.exposure),
        level=percent(study.level, 0),
        made=gettext(" from {join} draws").format(join=draws) if draws else "",
    )
    if any(math.isfinite(one.truth) for one in shown):
        truth = gettext("The dashed strokes are the truth behind the simulated data, on the same rows.")
        return f"{text} {truth}"
    return text


def plot_contrasts(study: StudyRecord, found: dict[str, tuple[EstimatedContrast, ...]]) -> Figure:
    """Return the contrasts of one outcome and question, at least one.

    There is a panel for each estimator that has any, or one panel for all where each has one contrast.

    Parameters
    ----------
    found : contrasts by the estimator's id
    """
    styles = {entry.id: line_style(at) for at, entry in enumerate(study.estimators)}
    shown = [one for own in found.values() for one in own]
    is_together = all(len(own) < 2 for own in found.values())
    with_pair = is_together or len({one.pair for one in shown}) > 1

    def whisker(name: str, one: EstimatedContrast) -> Whisker:
        row = one.row
        label = study.estimator_label(name) if is_together else one.label(study, with_pair=with_pair)
        style = MarkStyle(styles[name].colour, "white")
        limits = (row.estimate, row.conf_low, row.conf_high)
        return Whisker(label, *limits, style=style, wide=(one.low, one.high), truth=one.truth)

    panels = [
        (study.estimator_label(name), [whisker(name, one) for one in own])
        for name, own in found.items()
        if own
    ]
    if is_together:
        panels = [(shown[0].label(study, with_pair=True), [one for _, own in panels for one in own])]
    is_narrow = len(panels) == 1
    figure = plot_forest(
        panels,
        x_label=gettext("Difference in {outcome}").format(outcome=study.axis_label(shown[0].row.outcome)),
        width=SINGLE_COLUMN if is_narrow else DOUBLE_COLUMN,
        head=0.5 if is_narrow else 0.2,
    )
    share = percent(study.level, 0)
    handles = [
        entry(gettext("{share} interval of each").format(share=share), width=THICK),
        entry(gettext("{share} interval for all at once").format(share=share), width=THIN),
        *([true_number_entry()] if any(math.isfinite(one.truth) for one in shown) else []),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=1 if is_narrow else 3)
    return figure
