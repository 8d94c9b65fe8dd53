"""The section of networks and maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.plugin.reporting import PackagedSection, Run, SectionContent, gettext, marked
from harness_neural.report.rows import networks
from harness_neural.report.table import MapQuality, SearchRow, map_table, search_table

if TYPE_CHECKING:
    from harness.plugin.drawing import FigureRenderer, RenderedFigure


@dataclass(frozen=True, eq=False)
class OutcomeNetworks:
    """The networks for one outcome; `figures` holds at most one."""

    label: str
    searches: tuple[SearchRow, ...]
    figures: tuple[RenderedFigure, ...]


@dataclass(frozen=True, eq=False)
class ShownNetworks:
    """The networks by outcome, and the maps of all."""

    outcomes: tuple[OutcomeNetworks, ...]
    maps: tuple[MapQuality, ...]
    map_figures: tuple[RenderedFigure, ...]


class NetworksSection(PackagedSection):
    """Searches for a size, learning, and self-organising maps."""

    name: ClassVar[str] = "networks"
    title: ClassVar[str] = marked("Networks")
    place: ClassVar[int] = 1400

    def is_present(self, run: Run, /) -> bool:
        """Return whether any fit tells of its search or its map."""
        return bool(run.view(networks).searches or run.view(networks).maps)

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return searches, learning and maps."""
        from harness_neural.report.learning_figure import learning_figures
        from harness_neural.report.map_figure import map_figures

        study = run.manifest.study
        outcomes = tuple(
            OutcomeNetworks(
                study.label(outcome),
                search_table(run, outcome),
                tuple(learning_figures(run, outcome, renderer)),
            )
            for outcome in study.outcomes
        )
        maps = tuple(map_figures(run, renderer))
        return SectionContent(
            ShownNetworks(outcomes, map_table(run), maps),
            gettext("Networks and maps"),
            figures=(*(figure for part in outcomes for figure in part.figures), *maps),
        )
