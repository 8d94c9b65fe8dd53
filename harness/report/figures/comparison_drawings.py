"""The figures of where the gains of one outcome come from, and of its multiverse."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.figures.canvas import Drawing, Press
from harness.report.figures.comparison_captions import universe_caption, waterfall_caption
from harness.report.figures.universe_figure import ChoiceLines, Published, UniverseScene, draw_universes
from harness.report.figures.waterfall_figure import draw_waterfalls
from harness.report.reading.decomposition import decompositions
from harness.report.reading.multiverse import Multiverse
from harness.report.reading.results import Results
from harness.report.reading.run import Run
from harness.report.words.choices import choice_label, level_label
from harness.report.words.text import file_slug
from harness.report.words.universes import published_gains


def waterfall_drawings(results: Results, outcome: str, press: Press) -> Iterator[Drawing]:
    """Yield the figure of where the gain comes from, where it was taken apart."""
    study = results.run.manifest.study
    order = [one.id for one in results.rivals]
    found = sorted(
        decompositions(results.run.decomposition, outcome), key=lambda one: order.index(one.estimator)
    )
    if found:
        labels = [study.estimator_label(one.estimator) for one in found]
        yield press.print(
            f"origin-{file_slug(outcome)}",
            draw_waterfalls(found, labels, reference=study.reference_label),
            alt=(
                f"Bars: parts of the in-sample gain over {study.reference_label} in predicting "
                f"{study.label(outcome)}, for {', '.join(labels)}. The numbers are in the table."
            ),
            caption=waterfall_caption(study, outcome),
        )


def universe_drawings(run: Run, outcome: str, press: Press) -> Iterator[Drawing]:
    """Yield the specification curve, where the spec asked for a multiverse."""
    study = run.manifest.study
    for one in run.multiverses:
        if one.outcome == outcome:
            scene = universe_scene(run, one)
            yield press.print(
                f"multiverse-{file_slug(outcome)}",
                draw_universes(scene),
                alt=(
                    f"Sorted gains of {study.estimator_label(one.estimator)} in predicting "
                    f"{study.label(outcome)} under {one.gain.size} combinations of choices, with intervals."
                ),
                caption=universe_caption(study, outcome, scene),
            )


def universe_scene(run: Run, multiverse: Multiverse) -> UniverseScene:
    """Return what the specification curve shows."""
    study = run.manifest.study
    return UniverseScene(
        multiverse=multiverse,
        choices=tuple(
            ChoiceLines(
                choice_label(one.name),
                [level_label(study, one.name, level) for level in one.levels],
                one.taken,
            )
            for one in multiverse.choices
        ),
        published=tuple(
            Published(row.published, row.source) for row in published_gains(run.claims, multiverse)
        ),
    )
