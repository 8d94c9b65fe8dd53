"""From the run to the figures of groups."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
from harness.report.drawing.series import effect_unit_label
from harness.report.model.featured import featured
from harness.report.model.run import Run
from harness.report.model.truth import true_of_groups
from harness.report.sections.groups.figure import Box, GroupScene, draw_groups
from harness.report.sections.groups.rows import Partition, groups_of
from harness.report.text.numbers import percent
from harness.report.text.plain_text import file_slug


def group_figures(run: Run, partition: Partition, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the groups of one partition, a figure for each featured estimator that has any."""
    study = run.manifest.study
    scenario, by = partition
    for estimator in featured(run):
        scenes = [
            scene
            for outcome in study.outcomes
            if (scene := group_scene(run, partition, outcome, estimator.id)).boxes
        ]
        if scenes:
            yield renderer.render(
                f"groups-{file_slug(scenario)}-{file_slug(estimator.id)}",
                draw_groups(scenes),
                alt=gettext("Boxes of levels and dots of effects by {by}, {label}.").format(
                    by=study.label(by), label=estimator.label
                ),
                caption=group_caption(study, by, estimator, scenes[0]),
            )


def group_scene(run: Run, partition: Partition, outcome: str, estimator: str) -> GroupScene:
    """Return what the figure of groups shows for one outcome; no boxes where the estimator has no answer."""
    study = run.manifest.study
    rows = [row for row in run.view(groups_of).of(partition, outcome, estimator) if row.is_done]
    boxes = tuple(Box(row, run.view(groups_of).levels_of(row)) for row in rows)
    return GroupScene(
        boxes=boxes,
        groups=tuple(dict.fromkeys(row.group for row in rows)),
        outcome=study.label(outcome),
        level_label=gettext("Level ({outcome})").format(outcome=study.unit(outcome))
        if study.unit(outcome)
        else gettext("Level"),
        effect_label=effect_unit_label(study, outcome),
        true_levels=true_of_groups(run, outcome, partition[0], "median"),
        true_effects=true_of_groups(run, outcome, partition[0], "effect"),
        has_levels=any(box.levels is not None and not box.levels.are_two for box in boxes),
    )


def group_caption(study: StudyRecord, by: str, estimator: EstimatorRecord, scene: GroupScene) -> str:
    """Return the caption of the figure of groups, of whose outcomes `scene` is one."""
    exposure, level = study.label(study.exposure), percent(study.level, 0)
    effect = gettext("the mean effect in each group with its {level} interval").format(level=level)
    if scene.has_levels:
        text = gettext(
            "{label} by {by}. Below: {effect}. Above it: levels of the net effect curve at the "
            "{exposure} of each group's own rows; the line is the median, the box holds the "
            "middle half, whiskers reach from the 5th to the 95th percentile. Groups differ in "
            "level as their exposures, or the other variables of a model of their own, do."
        ).format(label=estimator.label, by=study.label(by), effect=effect, exposure=exposure)
    else:
        text = gettext(
            "{label} by {by}: {effect}, of one value of {exposure} less the other, averaged over "
            "the group's rows."
        ).format(label=estimator.label, by=study.label(by), effect=effect, exposure=exposure)
    if scene.true_effects:
        text += gettext(
            " The dashed strokes are the truth behind the simulated data for one model of all groups."
        )
    return text
