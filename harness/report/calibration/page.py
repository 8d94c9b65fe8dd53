"""The page of a calibration: one offline HTML document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.language import closed_up, gettext, spoken
from harness.report.calibration.figure import calibration_figure
from harness.report.calibration.rows import Calibration, CalibrationGroup, calibration_groups
from harness.report.calibration.text import calibrated, kept, repeated
from harness.report.drawing.canvas import RenderedFigure
from harness.report.page import Numbering
from harness.report.templating import environment, packaged, style_sheet
from harness.report.told import in_words
from harness.text.numbers import plain


def calibration_page(found: Calibration, *, messages: Sequence[Path] = ()) -> str:
    """Return the page as one HTML document, in the language of the study; every name in it is escaped.

    Parameters
    ----------
    messages : folders of the plugins' catalogs
    """
    with spoken(found.manifest.study.language, messages):
        return closed_up(_page(replace(found, manifest=in_words(found.manifest))))


def _page(found: Calibration) -> str:
    study = found.manifest.study
    template = environment().from_string(packaged("harness.report.calibration", "calibration.html.j2"))
    return template.render(
        found=found,
        study=study,
        data=found.manifest.data,
        style=style_sheet(),
        repeated=repeated(found),
        kept=kept(found),
        blocks=[_block(own) for own in found.each()],
        numbers=Numbering(),
    )


@dataclass(frozen=True)
class EffectBlock:
    """What was found on the panels with one true effect, outcome by outcome."""

    heading: str
    parts: tuple[tuple[str, tuple[str, ...], tuple[CalibrationGroup, ...]], ...]
    figure: RenderedFigure


def _block(found: Calibration) -> EffectBlock:
    study = found.manifest.study
    exposure = study.label(study.exposure)
    return EffectBlock(
        heading=gettext("An effect of {exposure} of {effect}").format(
            exposure=exposure, effect=plain(found.effect)
        )
        if found.effect
        else gettext("No effect"),
        parts=tuple(
            (study.label(outcome), calibrated(found, outcome), calibration_groups(found, outcome))
            for outcome in study.outcomes
        ),
        figure=calibration_figure(found),
    )
