"""The specification curve of one outcome: from the run to the figure and its caption."""

from __future__ import annotations

from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
from harness.report.model.run import Run
from harness.report.sections.claims.rows import claim_rows
from harness.report.sections.multiverse.rows import Multiverse
from harness.report.sections.multiverse.specification_curve import (
    ChoiceLines,
    Published,
    SpecificationScene,
    axis_limits,
    draw_specification_curve,
)
from harness.report.sections.multiverse.table import choice_label, level_label
from harness.report.sections.multiverse.text import published_gains
from harness.report.text.numbers import count, percent
from harness.report.text.plain_text import file_slug


def specification_figure(run: Run, multiverse: Multiverse, renderer: FigureRenderer) -> RenderedFigure:
    """Return the specification curve of one outcome."""
    study, outcome = run.manifest.study, multiverse.outcome
    scene = specification_scene(run, multiverse)
    return renderer.render(
        f"multiverse-{file_slug(outcome)}",
        draw_specification_curve(scene),
        alt=(
            gettext(
                "Sorted gains of {estimator} in predicting {outcome} under {size} combinations of "
                "choices, with intervals."
            ).format(
                estimator=study.estimator_label(multiverse.estimator),
                outcome=study.label(outcome),
                size=multiverse.gain.size,
            )
        ),
        caption=specification_caption(study, outcome, scene),
    )


def specification_scene(run: Run, multiverse: Multiverse) -> SpecificationScene:
    """Return what the specification curve shows."""
    study = run.manifest.study
    return SpecificationScene(
        multiverse=multiverse,
        choices=tuple(
            ChoiceLines(
                choice_label(choice.name),
                [level_label(study, choice.name, level) for level in choice.levels],
                choice.taken,
            )
            for choice in multiverse.choices
        ),
        published=tuple(
            Published(row.published, row.source) for row in published_gains(claim_rows(run), multiverse)
        ),
    )


def specification_caption(study: StudyRecord, outcome: str, scene: SpecificationScene) -> str:
    """Return the caption of the specification curve."""
    own = scene.multiverse
    start, _ = axis_limits(scene)
    n_hidden = int((own.gain < start).sum())
    hidden = (
        gettext(" {n_hidden} gains lie below the axis: triangles at its edge.").format(
            n_hidden=count(n_hidden)
        )
        if n_hidden
        else ""
    )
    published = gettext(" The dashed line is the published gain.") if scene.published else ""
    return gettext(
        "Gain of {estimator} in predicting {outcome} under every combination of the choices "
        "listed below the curve, each computed, in increasing order. Dots are gains, upright "
        "lines their {level} intervals from {draws} bootstrap draws of whole entities "
        "({entity}), not adjusted for their number; a mark below is the level that the "
        "combination above it has.{published}{hidden}"
    ).format(
        estimator=study.estimator_label(own.estimator),
        outcome=study.label(outcome),
        level=percent(study.level, 0),
        draws=count(study.draws),
        entity=study.label(study.entity),
        published=published,
        hidden=hidden,
    )
