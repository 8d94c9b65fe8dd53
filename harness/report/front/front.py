"""What the first screen shows of a run."""

from __future__ import annotations

from dataclasses import dataclass

from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure, house_style
from harness.report.front.curves import front_curve_figure
from harness.report.front.gains import front_gains
from harness.report.front.text import effect_sentence, gain_sentence, shape


@dataclass(frozen=True, eq=False)
class FrontOutcome:
    """One outcome: a sentence on gains, their figure, a curve where there is any, one on the effect."""

    label: str
    sentence: str
    gains: RenderedFigure | None
    curve: RenderedFigure | None
    effect: str


@dataclass(frozen=True, eq=False)
class Front:
    """The first screen; `shape` is that of the panel, on one line."""

    shape: str
    outcomes: tuple[FrontOutcome, ...]

    @property
    def figures(self) -> tuple[RenderedFigure, ...]:
        """Every figure of the first screen."""
        return tuple(
            figure for part in self.outcomes for figure in (part.gains, part.curve) if figure is not None
        )


def front_of(run: Run) -> Front:
    """Return the first screen of a run."""
    study, gains = run.manifest.study, Gains(run)
    renderer = FigureRenderer(run.manifest.data.simulated)
    with house_style():
        outcomes = tuple(
            FrontOutcome(
                label=study.label(outcome),
                sentence=gain_sentence(run, outcome),
                gains=front_gains(gains, outcome, renderer) if gains.candidates else None,
                curve=front_curve_figure(run, outcome, renderer),
                effect=effect_sentence(run, outcome),
            )
            for outcome in study.outcomes
        )
    return Front(shape(study, run.manifest.data), outcomes)
