"""The section of debiased effects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import marked
from harness.report.model.run import Run
from harness.report.sections.effects.rows import effects_of
from harness.report.sections.effects.table import EffectTable, effect_table
from harness.report.sections.effects.text import cautions
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure


@dataclass(frozen=True, eq=False)
class ShownEffects:
    """The effects of one exposure on one outcome; `axis_heading` is the heading with their units."""

    heading: str
    axis_heading: str
    figures: tuple[RenderedFigure, ...]
    table: EffectTable
    assumptions: tuple[tuple[str, str], ...]
    cautions: tuple[str, ...]
    is_instrumented: bool


class EffectsSection(PackagedSection):
    """Debiased effects beside coefficients, and debiased curves over those of the models."""

    name: ClassVar[str] = "effects"
    title: ClassVar[str] = marked("Debiased effects")
    place: ClassVar[int] = 770

    def is_present(self, run: Run, /) -> bool:
        """Return whether the run has debiased effects."""
        return bool(run.view(effects_of))

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the effects of every exposure on every outcome."""
        from harness.report.sections.effects.scenes import effect_figures

        study = run.manifest.study
        shown = tuple(
            ShownEffects(
                heading=one.subject.named(study),
                axis_heading=one.subject.named(study, with_units=True),
                figures=tuple(effect_figures(run, one, renderer)),
                table=effect_table(study, one),
                assumptions=one.assumptions,
                cautions=tuple(cautions(study, one.rows)),
                is_instrumented=any(math.isfinite(row.first_stage_f) for row in one.rows),
            )
            for one in run.view(effects_of)
        )
        return SectionContent(shown, figures=tuple(figure for one in shown for figure in one.figures))
