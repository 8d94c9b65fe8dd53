"""The section of what is left of the gains, from rows at hand to entities never seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import ReportBlock, SmallPrint, tabs_of
from harness.report.sections.section import Section

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


def origin_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield what is left of the gains of every outcome, where estimators are compared with the reference."""
    from harness.report.sections.origin.left import outcome_blocks
    from harness.report.sections.origin.rows import gains_left

    study, gains = run.manifest.study, Gains(run)
    if not gains.candidates:
        return
    yield tabs_of(
        (study.label(outcome), outcome_blocks(gains, outcome, renderer)) for outcome in study.outcomes
    )
    if any(gains_left(run, outcome) for outcome in study.outcomes):
        yield SmallPrint(
            gettext(
                "From bar to bar the reference's error changes, and so does more than what is predicted: a "
                "protocol that selects models on its test rows trains on more rows than one that sets rows "
                "aside for that, networks are sized by them, and preparation is fitted on other rows. Later "
                "periods: time was seen once where they are fewer than five. Intervals are not adjusted for "
                "their number."
            )
        )


ORIGIN_SECTION = Section("origin", marked("What is left of the gain"), 500, origin_blocks)
