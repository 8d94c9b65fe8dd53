"""From the run to the figures of contrasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.language import gettext
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
from harness.report.drawing.palette import LineStyle, line_style
from harness.report.model.run import Run
from harness.report.sections.contrasts.figure import ContrastPanel, ContrastScene, draw_contrasts
from harness.report.sections.contrasts.rows import ContrastQuestion, EstimatedContrast, contrasts_of
from harness.report.text.numbers import count, percent
from harness.report.text.plain_text import file_slug

Answered = tuple[EstimatorRecord, LineStyle, tuple[EstimatedContrast, ...]]
"""An estimator with its style and its contrasts."""


def contrast_figures(
    run: Run, question: ContrastQuestion, renderer: FigureRenderer
) -> Iterator[RenderedFigure]:
    """Yield the contrasts of one question, a figure for each outcome that any estimator answers."""
    study = run.manifest.study
    for outcome in study.outcomes:
        answered = [
            (entry, line_style(place), found)
            for place, entry in enumerate(study.estimators)
            if (found := contrasts_of(run, question, outcome, entry.id))
        ]
        if answered:
            scene = contrast_scene(study, question, outcome, answered)
            yield renderer.render(
                f"contrast-{file_slug(outcome)}-{file_slug(question.scenario)}",
                draw_contrasts(scene),
                alt=gettext("Contrasts of {exposure} on {outcome}, with intervals.").format(
                    exposure=study.label(study.exposure), outcome=study.label(outcome)
                ),
                caption=contrast_caption(study, outcome, [one for _, _, own in answered for one in own]),
            )


def contrast_scene(
    study: StudyRecord, question: ContrastQuestion, outcome: str, answered: Sequence[Answered]
) -> ContrastScene:
    """Return what the figure shows: a panel for each estimator, or one panel where each has one contrast."""
    pairs = {(one.place.exposure_from, one.place.exposure_to) for _, _, found in answered for one in found}
    if all(len(found) == 1 for _, _, found in answered):
        (pair,) = {found[0].place.label(study, question, with_pair=True) for _, _, found in answered}
        panels = [ContrastPanel(pair, [(entry.label, found[0], style) for entry, style, found in answered])]
    else:
        panels = [
            ContrastPanel(
                entry.label,
                [(one.place.label(study, question, with_pair=len(pairs) > 1), one, style) for one in found],
            )
            for entry, style, found in answered
        ]
    return ContrastScene(
        panels, gettext("Difference in {outcome}").format(outcome=study.axis_label(outcome)), study.level
    )


def contrast_caption(study: StudyRecord, outcome: str, shown: Sequence[EstimatedContrast]) -> str:
    """Return the caption of a figure of contrasts."""
    exposure, level = study.label(study.exposure), percent(study.level, 0)
    draws = sorted({one.n_draws for one in shown if one.n_draws is not None})
    made = (
        gettext(" from {join} draws").format(
            join=" to ".join(count(number) for number in draws[:: max(1, len(draws) - 1)])
        )
        if draws
        else ""
    )
    parts = [
        gettext(
            "Mean predicted {outcome} were every row's {exposure} one value, less that were it "
            "another, the other variables as observed. Thick: {level} intervals that hold for one "
            "contrast at a time{made}; thin: for all of an estimator's contrasts shown here at once."
        ).format(outcome=study.label(outcome), exposure=exposure, level=level, made=made)
    ]
    if any(one.truth == one.truth for one in shown):
        parts.append(gettext("The dashed strokes are the truth behind the simulated data, on the same rows."))
    return " ".join(parts)
