"""The figures of one outcome: gains, where they come from, curves, slopes, local effects and learning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.arrays import frozen_floats
from harness.report.figures.ale_figure import AlePair, AleScene, draw_ales
from harness.report.figures.canvas import Drawing, Press, house_style
from harness.report.figures.captions import ale_caption, curve_caption, gain_caption, learning_caption
from harness.report.figures.comparison_drawings import universe_drawings, waterfall_drawings
from harness.report.figures.curve_figure import draw_curves
from harness.report.figures.gain_figure import draw_gains
from harness.report.figures.learning_figure import Learning, draw_learning
from harness.report.figures.scenes import curve_scene, level_label, strand
from harness.report.reading.banded import Band, Banded
from harness.report.reading.curves import Curve
from harness.report.reading.networks import LearningRow
from harness.report.reading.results import Results
from harness.report.reading.run import Run
from harness.report.words.text import file_slug

KINDS = {"level": ("curve", "Net effect curves"), "slope": ("slope", "Slopes of the net effect curves")}
"""File name and description of each kind of curve."""


@dataclass(frozen=True, eq=False)
class OutcomeDrawings:
    """The figures of one outcome; `levels`, `slopes` and `ales` hold one for each scenario with curves.

    `waterfalls` and `universes` hold at most one.
    """

    gain: Drawing
    waterfalls: tuple[Drawing, ...]
    universes: tuple[Drawing, ...]
    levels: tuple[Drawing, ...]
    slopes: tuple[Drawing, ...]
    ales: tuple[Drawing, ...]
    learning: tuple[Drawing, ...]

    @property
    def all(self) -> tuple[Drawing, ...]:
        """Every figure."""
        first = (self.gain, *self.waterfalls, *self.universes)
        return (*first, *self.levels, *self.slopes, *self.ales, *self.learning)


def draw_outcome(results: Results, outcome: str) -> OutcomeDrawings:
    """Return the figures of one outcome."""
    run = results.run
    press = Press(run.manifest.data.simulated)
    with house_style():
        return OutcomeDrawings(
            gain=_gain_drawing(results, outcome, press),
            waterfalls=tuple(waterfall_drawings(results, outcome, press)),
            universes=tuple(universe_drawings(run, outcome, press)),
            levels=tuple(_curve_drawings(run, outcome, "level", press)),
            slopes=tuple(_curve_drawings(run, outcome, "slope", press)),
            ales=tuple(_ale_drawings(run, outcome, press)),
            learning=tuple(_learning_drawings(run, outcome, press)),
        )


def _gain_drawing(results: Results, outcome: str, press: Press) -> Drawing:
    study = results.run.manifest.study
    figure = draw_gains(results.gains(outcome), study.protocols, reference=study.reference_label)
    alt = (
        f"Dots with intervals: gain of each estimator over {study.reference_label} in predicting "
        f"{study.label(outcome)} under each protocol. The numbers are in the table of gains."
    )
    return press.print(f"gain-{file_slug(outcome)}", figure, alt=alt, caption=gain_caption(study, outcome))


def _curve_drawings(run: Run, outcome: str, kind: str, press: Press) -> Iterator[Drawing]:
    study = run.manifest.study
    prefix, what = KINDS[kind]
    for scenario in run.curve_scenarios:
        curves = run.curves_of(outcome, scenario, kind)
        if not curves:
            continue
        scene = curve_scene(run, curves)
        names = ", ".join(one.label for one in scene.strands)
        yield press.print(
            _name(run, prefix, outcome, scenario),
            draw_curves(scene),
            alt=f"{what} of {study.label(study.exposure)} on {study.label(outcome)}: {names}.",
            caption=curve_caption(study, outcome, curves, scene),
        )


def _name(run: Run, prefix: str, outcome: str, scenario: str) -> str:
    """Return the name of a figure's file, with the scenario where there are several."""
    name = f"{prefix}-{file_slug(outcome)}"
    return name if len(run.curve_scenarios) == 1 else f"{name}-{file_slug(scenario)}"


def _ale_drawings(run: Run, outcome: str, press: Press) -> Iterator[Drawing]:
    study = run.manifest.study
    for scenario in run.curve_scenarios:
        levels = {one.estimator: one for one in run.curves_of(outcome, scenario, "level")}
        ales = [one for one in run.curves_of(outcome, scenario, "ale") if one.estimator in levels]
        if not ales:
            continue
        scene = AleScene(
            pairs=tuple(
                AlePair(strand(study, levels[one.estimator], one.estimator), _raised(one)) for one in ales
            ),
            unsupported=run.unsupported_of(scenario),
            x_label=study.axis_label(study.exposure),
            y_label=level_label(study, outcome),
            nominal=study.level,
        )
        names = ", ".join(pair.level.label for pair in scene.pairs)
        yield press.print(
            _name(run, "ale", outcome, scenario),
            draw_ales(scene),
            alt=f"Accumulated local effects beside partial dependence on {study.label(outcome)}: {names}.",
            caption=ale_caption(study, outcome),
        )


def _raised(ale: Curve) -> Banded:
    """Return accumulated local effects at the level of the outcome, to stand beside partial dependence."""

    def raised(band: Band) -> Band:
        low, high = (frozen_floats(side + ale.mean_level) for side in (band.low, band.high))
        return replace(band, low=low, high=high)

    return Banded(
        at=ale.at,
        estimate=frozen_floats(ale.estimate + ale.mean_level),
        supported=ale.supported,
        bands=tuple(raised(one) for one in ale.bands),
    )


def _learning_drawings(run: Run, outcome: str, press: Press) -> Iterator[Drawing]:
    study = run.manifest.study
    networks = [
        _learning(run, outcome, estimator, place, rows)
        for (estimator, place), rows in run.networks.learning_of(outcome).items()
    ]
    if networks:
        yield press.print(
            f"learning-{file_slug(outcome)}",
            draw_learning(networks),
            alt=f"Errors of the chosen networks for {study.label(outcome)}, step by step.",
            caption=learning_caption(study, outcome),
        )


def _learning(run: Run, outcome: str, estimator: str, place: str, rows: Sequence[LearningRow]) -> Learning:
    key = (outcome, estimator, place)
    searched = run.networks.searches
    chosen = (one for one in searched if one.chosen and (one.outcome, one.estimator, one.place) == key)
    return Learning(
        title=f"{run.manifest.study.estimator_label(estimator)}: {place}",
        step=frozen_floats([row.step or 0 for row in rows]),
        training=frozen_floats([row.training_nmse for row in rows]),
        selection=frozen_floats([row.selection_nmse for row in rows]),
        chosen_step=next((one.best_step for one in chosen), None),
    )
