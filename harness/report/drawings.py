"""All figures of a run, drawn and turned into bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from harness.report.canvas import Drawing, house_style, png_bytes, settle, svg_bytes
from harness.report.captions import curve_caption, gain_caption
from harness.report.curve_figure import CurveScene, CurveStrand, draw_curves
from harness.report.curves import Curve
from harness.report.gain_figure import draw_gains
from harness.report.manifest import Study
from harness.report.palette import line_style
from harness.report.results import Results
from harness.report.text import file_slug


@dataclass(frozen=True, eq=False)
class OutcomeDrawings:
    """The figures of one outcome; levels and slopes hold one for each scenario that gave curves."""

    gain: Drawing
    levels: tuple[Drawing, ...]
    slopes: tuple[Drawing, ...]

    @property
    def all(self) -> tuple[Drawing, ...]:
        """Every figure."""
        return (self.gain, *self.levels, *self.slopes)


def draw_outcome(results: Results, outcome: str) -> OutcomeDrawings:
    """Return the figures of one outcome."""
    with house_style():
        return OutcomeDrawings(
            gain=_gain_drawing(results, outcome),
            levels=_curve_drawings(results, outcome, "level"),
            slopes=_curve_drawings(results, outcome, "slope"),
        )


def _gain_drawing(results: Results, outcome: str) -> Drawing:
    study = results.run.manifest.study
    figure = draw_gains(results.gains(outcome), study.protocols, reference=study.reference_label)
    alt = (
        f"Dots with intervals: gain of each estimator over {study.reference_label} in predicting "
        f"{study.label(outcome)} under each protocol. The numbers are in the table of gains."
    )
    return _drawing(f"gain-{file_slug(outcome)}", figure, alt=alt, caption=gain_caption(study, outcome))


def _curve_drawings(results: Results, outcome: str, kind: str) -> tuple[Drawing, ...]:
    run = results.run
    found = ((one, run.curves_of(outcome, one, kind)) for one in run.curve_scenarios)
    return tuple(_curve_drawing(results, scenario, curves) for scenario, curves in found if curves)


def _curve_drawing(results: Results, scenario: str, curves: Sequence[Curve]) -> Drawing:
    run = results.run
    study = run.manifest.study
    first = curves[0]
    unsupported = run.unsupported_of(scenario)
    scene = CurveScene(
        strands=_strands(study, curves),
        rug=run.rug_of(scenario),
        unsupported=unsupported,
        x_label=study.axis_label(study.exposure),
        y_label=_y_label(study, first),
        has_zero=first.kind == "slope",
    )
    what = "Slopes of the net effect curves" if first.kind == "slope" else "Net effect curves"
    names = ", ".join(one.label for one in scene.strands)
    alone = len(run.curve_scenarios) == 1
    name = f"{'slope' if first.kind == 'slope' else 'curve'}-{file_slug(first.outcome)}"
    return _drawing(
        name if alone else f"{name}-{file_slug(scenario)}",
        draw_curves(scene),
        alt=f"{what} of {study.label(study.exposure)} on {study.label(first.outcome)}: {names}.",
        caption=curve_caption(study, first.outcome, curves, has_gaps=bool(unsupported)),
    )


def _strands(study: Study, curves: Sequence[Curve]) -> tuple[CurveStrand, ...]:
    place = {one.id: at for at, one in enumerate(study.estimators)}
    return tuple(
        CurveStrand(
            curve=curve,
            label=study.estimator_label(curve.estimator),
            style=line_style(place.get(curve.estimator, len(place))),
            is_reference=curve.estimator == study.reference,
        )
        for curve in curves
    )


def _y_label(study: Study, curve: Curve) -> str:
    if curve.kind == "slope":
        return f"Change in {study.label(curve.outcome)} per unit of {study.label(study.exposure)}"
    return f"Mean predicted {study.axis_label(curve.outcome)}"


def _drawing(name: str, figure: Figure, *, alt: str, caption: str) -> Drawing:
    settle(figure)
    return Drawing(
        name=name,
        svg=svg_bytes(figure),
        png=png_bytes(figure),
        width=float(figure.get_figwidth()),
        alt=alt,
        caption=caption,
    )
