"""The section of what the run says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import marked
from harness.report.model.gains import Gains
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent
from harness.report.sections.verdict.table import EffectSummary, effect_table
from harness.report.sections.verdict.text import Said, said_of

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


@dataclass(frozen=True)
class OutcomeVerdict:
    """What the run says about one outcome.

    Attributes
    ----------
    said : the sentences of the table ``findings``
    """

    label: str
    axis_label: str
    said: Said
    effects: EffectSummary


@dataclass(frozen=True)
class ShownVerdict:
    """Every outcome, and how many gains are compared, each with an interval of its own."""

    outcomes: tuple[OutcomeVerdict, ...]
    n_gains: int


class VerdictSection(PackagedSection):
    """The verdict, the findings, and what each estimator says of the effect."""

    name: ClassVar[str] = "verdict"
    title: ClassVar[str] = marked("What the run says")
    place: ClassVar[int] = 100

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return the verdict on every outcome."""
        study, gains = run.manifest.study, Gains(run)
        cells = (
            cell
            for over in (gains, *gains.further)
            for outcome in study.outcomes
            for cell in over.cells(outcome)
        )
        outcomes = tuple(_outcome(gains, outcome) for outcome in study.outcomes)
        return SectionContent(ShownVerdict(outcomes, sum(cell.has_gain for cell in cells)))


def _outcome(gains: Gains, outcome: str) -> OutcomeVerdict:
    study = gains.run.manifest.study
    return OutcomeVerdict(
        label=study.label(outcome),
        axis_label=study.axis_label(outcome),
        said=said_of(gains.run, outcome),
        effects=effect_table(gains.run, outcome),
    )
