"""From the run to the figures of surfaces."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
from harness.report.drawing.series import effect_unit_label, series_of
from harness.report.model.featured import featured
from harness.report.model.run import Run
from harness.report.model.truth import true_rows, truth_line
from harness.report.sections.moderators.figure import SurfaceScene, draw_surfaces
from harness.report.sections.moderators.rows import Question, conditional
from harness.report.sections.moderators.surfaces import true_levels
from harness.report.text.numbers import percent
from harness.report.text.plain_text import file_slug
from harness.tables.conditional import SurfaceKey


def surface_figures(run: Run, question: Question, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the surfaces over one moderator, a figure for each featured estimator that has any."""
    study = run.manifest.study
    scenario, moderator = question
    for estimator in featured(run):
        scenes = [
            scene
            for outcome in study.outcomes
            if (scene := surface_scene(run, SurfaceKey(scenario, moderator, outcome, estimator.id)))
        ]
        if scenes:
            names = gettext("{exposure} and {moderator}").format(
                exposure=study.label(study.exposure), moderator=study.label(moderator)
            )
            yield renderer.render(
                f"surface-{file_slug(scenario)}-{file_slug(estimator.id)}",
                draw_surfaces(scenes),
                alt=gettext("Surfaces, contours and conditional effects over {names}, {label}.").format(
                    names=names, label=estimator.label
                ),
                caption=surface_caption(study, moderator, estimator, has_truth=bool(scenes[0].true_effect)),
            )


def surface_scene(run: Run, key: SurfaceKey) -> SurfaceScene | None:
    """Return one row of the figure of a moderator, None where the estimator has no answer."""
    study, answers = run.manifest.study, run.view(conditional)
    surface, effect = answers.surface(key), answers.effect(key)
    if surface is None or effect is None:
        return None
    return SurfaceScene(
        surface=surface,
        effect=series_of(study, effect, key.estimator),
        thresholds=answers.thresholds_of(key),
        outcome=study.axis_label(key.outcome),
        effect_label=effect_unit_label(study, key.outcome),
        exposure=study.axis_label(study.exposure),
        moderator=study.axis_label(key.moderator),
        level=study.level,
        true_levels=true_levels(run, surface),
        true_effect=truth_line(run, key.outcome, key.scenario, "conditional_effect", along="moderator_at"),
        true_thresholds=tuple(
            row.moderator_at for row in true_rows(run, key.outcome, key.scenario, "threshold")
        ),
    )


def surface_caption(
    study: StudyRecord, moderator: str, estimator: EstimatorRecord, *, has_truth: bool
) -> str:
    """Return the caption of the figure of one moderator."""
    exposure = study.label(study.exposure)
    text = gettext(
        "{label}, by {moderator}. Left and middle: mean prediction were every row's {exposure} "
        "and moderator set to each pair of values; grey or hatched where too few entities are "
        "near. Triangles in the middle mark cells where the interval of the effect excludes "
        "zero, up for a rise; the black line is where the effect is zero. Right: effect of "
        "{exposure} at each value of the moderator, averaged over the exposures observed around "
        "it, with pointwise (darker) and simultaneous (lighter) {level} bands. Red: where that "
        "effect changes its sign, with its interval; none is drawn where no change of sign is "
        "established."
    ).format(
        label=estimator.label,
        moderator=study.label(moderator),
        exposure=exposure,
        level=percent(study.level, 0),
    )
    if has_truth:
        text += gettext(
            " Black dashes are the truth behind the simulated data: its contours in the middle, "
            "at every second step of the colours, its effect at the right, and where that "
            "changes its sign."
        )
    return text
