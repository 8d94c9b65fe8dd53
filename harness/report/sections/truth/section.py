"""The section of the truth behind simulated data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent
from harness.report.sections.truth.table import TruthTable, truth_rows, truth_table

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


@dataclass(frozen=True, eq=False)
class ShownTruth:
    """The errors of each outcome, whose columns are estimators."""

    estimators: tuple[str, ...]
    tables: tuple[TruthTable, ...]


class TruthSection(PackagedSection):
    """How far each estimator is from the truth, of simulated data alone."""

    name: ClassVar[str] = "truth"
    title: ClassVar[str] = marked("Truth")
    place: ClassVar[int] = 980

    def is_present(self, run: Run, /) -> bool:
        """Return whether a truth is known."""
        return bool(truth_rows(run))

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return the errors for every outcome."""
        study = run.manifest.study
        tables = (truth_table(run, outcome) for outcome in study.outcomes)
        labels = tuple(entry.label for entry in study.estimators)
        shown = ShownTruth(labels, tuple(table for table in tables if table.lines))
        return SectionContent(shown, gettext("The truth, and how far each estimator is from it"))
