"""The figures of the whole study: all outcomes side by side, groups, surfaces and maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.report.figures.canvas import Drawing, Press, house_style
from harness.report.figures.group_figure import Box, GroupScene, draw_groups
from harness.report.figures.map_figure import draw_map
from harness.report.figures.outcome_figure import draw_outcomes
from harness.report.figures.scenes import curve_scene, effect_unit_label, strand
from harness.report.figures.study_captions import (
    group_caption,
    map_caption,
    outcomes_caption,
    surface_caption,
)
from harness.report.figures.surface_figure import SurfaceScene, draw_surfaces
from harness.report.reading.featured import featured
from harness.report.reading.run import Run
from harness.report.reading.surfaces import SurfaceKey
from harness.report.words.text import file_slug
from harness.store.study_record import EstimatorRecord

Partition = tuple[str, str]
Question = tuple[str, str]
"""A scenario, with the column of its groups or its moderator."""


@dataclass(frozen=True, eq=False)
class StudyDrawings:
    """The figures of the study.

    Attributes
    ----------
    outcomes : net effect curves of all outcomes, one figure for each scenario that gave curves
    groups : by scenario and column, one for each featured estimator
    surfaces : by scenario and moderator, likewise
    maps : self-organising maps, each once
    """

    outcomes: tuple[Drawing, ...]
    groups: dict[Partition, tuple[Drawing, ...]]
    surfaces: dict[Question, tuple[Drawing, ...]]
    maps: tuple[Drawing, ...]

    @property
    def all(self) -> tuple[Drawing, ...]:
        """Every figure."""
        parts = (*self.groups.values(), *self.surfaces.values())
        return (*self.outcomes, *(one for part in parts for one in part), *self.maps)


def draw_study(run: Run) -> StudyDrawings:
    """Return the figures of the study."""
    press = Press(run.manifest.data.simulated)
    shown = featured(run)
    with house_style():
        return StudyDrawings(
            outcomes=tuple(_outcome_drawings(run, shown, press)),
            groups={one: tuple(_group_drawings(run, one, shown, press)) for one in run.groups.partitions},
            surfaces={
                one: tuple(_surface_drawings(run, one, shown, press)) for one in run.conditional.questions
            },
            maps=tuple(_map_drawings(run, press)),
        )


def _outcome_drawings(run: Run, shown: tuple[EstimatorRecord, ...], press: Press) -> Iterator[Drawing]:
    study = run.manifest.study
    ids = [one.id for one in shown]
    for scenario in run.curve_scenarios:
        levels = (run.curves_of(outcome, scenario, "level") for outcome in study.outcomes)
        chosen = [[one for one in curves if one.estimator in ids] for curves in levels]
        scenes = [curve_scene(run, curves) for curves in chosen if curves]
        if len(scenes) > 1:
            name = "curves" if len(run.curve_scenarios) == 1 else f"curves-{file_slug(scenario)}"
            labels = ", ".join(study.label(outcome) for outcome in study.outcomes)
            yield press.print(
                name,
                draw_outcomes(scenes),
                alt=f"Net effect curves of {study.label(study.exposure)} on {labels}, side by side.",
                caption=outcomes_caption(study, [curve for curves in chosen for curve in curves], scenes),
            )


def _group_drawings(
    run: Run, partition: Partition, shown: tuple[EstimatorRecord, ...], press: Press
) -> Iterator[Drawing]:
    study = run.manifest.study
    scenario, by = partition
    for estimator in shown:
        scenes = [
            scene
            for outcome in study.outcomes
            if (scene := group_scene(run, partition, outcome, estimator.id)).boxes
        ]
        if scenes:
            yield press.print(
                f"groups-{file_slug(scenario)}-{file_slug(estimator.id)}",
                draw_groups(scenes),
                alt=f"Boxes of levels and dots of effects by {study.label(by)}, {estimator.label}.",
                caption=group_caption(study, by, estimator),
            )


def group_scene(run: Run, partition: Partition, outcome: str, estimator: str) -> GroupScene:
    """Return what the figure of groups shows for one outcome; no boxes where the estimator has no answer."""
    study = run.manifest.study
    rows = [row for row in run.groups.of(partition, outcome, estimator) if row.is_done]
    return GroupScene(
        boxes=tuple(Box(row, run.groups.levels_of(row)) for row in rows),
        groups=tuple(dict.fromkeys(row.group for row in rows)),
        outcome=study.label(outcome),
        level_label=f"Level ({study.unit(outcome)})" if study.unit(outcome) else "Level",
        effect_label=effect_unit_label(study, outcome),
    )


def _surface_drawings(
    run: Run, question: Question, shown: tuple[EstimatorRecord, ...], press: Press
) -> Iterator[Drawing]:
    study = run.manifest.study
    scenario, moderator = question
    for estimator in shown:
        scenes = [
            scene
            for outcome in study.outcomes
            if (scene := surface_scene(run, SurfaceKey(scenario, moderator, outcome, estimator.id)))
        ]
        if scenes:
            names = f"{study.label(study.exposure)} and {study.label(moderator)}"
            yield press.print(
                f"surface-{file_slug(scenario)}-{file_slug(estimator.id)}",
                draw_surfaces(scenes),
                alt=f"Surfaces, contours and conditional effects over {names}, {estimator.label}.",
                caption=surface_caption(study, moderator, estimator),
            )


def surface_scene(run: Run, key: SurfaceKey) -> SurfaceScene | None:
    """Return one row of the figure of a moderator, None where the estimator has no answer."""
    study = run.manifest.study
    surface, effect = run.conditional.surface(key), run.conditional.effect(key)
    if surface is None or effect is None:
        return None
    return SurfaceScene(
        surface=surface,
        effect=strand(study, effect, key.estimator),
        thresholds=run.conditional.thresholds_of(key),
        outcome=study.axis_label(key.outcome),
        effect_label=effect_unit_label(study, key.outcome),
        exposure=study.axis_label(study.exposure),
        moderator=study.axis_label(key.moderator),
        level=study.level,
    )


def _map_drawings(run: Run, press: Press) -> Iterator[Drawing]:
    """Yield every map; one that several fits share is drawn once."""
    study = run.manifest.study
    for fits in run.networks.distinct_maps():
        outcome, estimator = fits[0]
        profile = run.networks.profile_of(fits[0])
        labels = [study.label(name) for name in dict.fromkeys(row.variable for row in profile)]
        yield press.print(
            f"map-{file_slug(outcome)}-{file_slug(estimator)}",
            draw_map(run.networks.map_of(fits[0]), profile, labels),
            alt="Self-organising map: rows of each cluster, and means of the variables in each.",
            caption=map_caption(study, fits),
        )
