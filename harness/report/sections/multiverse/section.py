"""The section of the gain under every combination of choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.claims.rows import claim_rows
from harness.report.sections.multiverse.rows import choices_of, multiverses
from harness.report.sections.multiverse.table import ChoiceGroup, choice_table
from harness.report.sections.multiverse.text import multiverse_text
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure


@dataclass(frozen=True, eq=False)
class OutcomeMultiverse:
    """The combinations for one outcome."""

    label: str
    sentences: tuple[str, ...]
    figure: RenderedFigure
    choices: tuple[ChoiceGroup, ...]


class MultiverseSection(PackagedSection):
    """The gain under every combination of choices."""

    name: ClassVar[str] = "multiverse"
    title: ClassVar[str] = marked("Multiverse")
    place: ClassVar[int] = 600

    def is_present(self, run: Run, /) -> bool:
        """Return whether the gain was computed under combinations of choices."""
        return bool(run.view(multiverses))

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the combinations for every outcome that has any."""
        from harness.report.sections.multiverse.figure import specification_figure

        study = run.manifest.study
        shown = tuple(
            OutcomeMultiverse(
                label=study.label(outcome),
                sentences=multiverse_text(study, multiverse, choices_of(run, outcome), claim_rows(run)),
                figure=specification_figure(run, multiverse, renderer),
                choices=choice_table(run, outcome),
            )
            for outcome in study.outcomes
            for multiverse in run.view(multiverses)
            if multiverse.outcome == outcome
        )
        return SectionContent(
            shown,
            gettext("The gain under every combination of choices"),
            tuple(part.figure for part in shown),
        )
