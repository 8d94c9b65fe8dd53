"""The page of a calibration: one offline HTML document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.language import closed_up, gettext, spoken
from harness.report.calibration.figure import Block, CalibrationScene, Line, draw_calibration
from harness.report.calibration.rows import BANDS, GAIN, VERDICT, Calibration, CalibrationRow
from harness.report.calibration.table import CalibrationGroup, calibration_groups, is_off
from harness.report.calibration.text import calibrated, kept, repeated
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure, house_style
from harness.report.model.told import in_words
from harness.report.page import Numbering
from harness.report.templating import environment, packaged, style_sheet
from harness.report.text.numbers import count, percent, plain
from harness.report.text.plain_text import capitalised


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


def calibration_figure(found: Calibration) -> RenderedFigure:
    """Return the figure; its data are simulated, whatever those of the study are."""
    with house_style():
        return FigureRenderer(is_simulated=True).render(
            "calibration-with-effect" if found.effect else "calibration",
            draw_calibration([_scene(found, outcome) for outcome in found.manifest.study.outcomes]),
            alt=gettext("Dots with limits: how often gains were found, and how often bands held the truth."),
            caption=(
                gettext(
                    "Left: share of {n_panels} panels in which a gain was found, by protocol. Right: "
                    "share in which the simultaneous band holds the whole truth, and share of the "
                    "curve that pointwise bands hold. Bars are exact binomial {limits} limits; "
                    "dashed lines what is promised, for gains at most. An open diamond is a share "
                    "whose limits exclude it on the wrong side."
                ).format(n_panels=count(found.n_panels), limits=percent(found.limits, 0))
            ),
        )


def _scene(found: Calibration, outcome: str) -> CalibrationScene:
    return CalibrationScene(
        outcome=found.manifest.study.label(outcome),
        gains=tuple(_gain_blocks(found, outcome)),
        bands=tuple(
            Block(
                gettext("{kind}, {band} band").format(kind=capitalised(gettext(kind)), band=gettext(band)),
                _lines(found, rows),
                found.nominal(name),
            )
            for name, (kind, band) in BANDS.items()
            if (rows := found.of(outcome, name))
        ),
    )


def _gain_blocks(found: Calibration, outcome: str) -> Iterator[Block]:
    verdicts = found.of(outcome, VERDICT)
    if verdicts:
        yield Block(gettext("Verdict, all honest protocols"), _lines(found, verdicts), found.nominal(VERDICT))
    for protocol in found.manifest.study.protocols:
        rows = [row for row in found.of(outcome, GAIN) if row.protocol == protocol.id]
        if rows:
            promised = None if protocol.knows_entities else found.nominal(GAIN)
            yield Block(protocol.title, _lines(found, rows), promised)


def _lines(found: Calibration, rows: Sequence[CalibrationRow]) -> tuple[Line, ...]:
    study = found.manifest.study
    return tuple(
        Line(study.estimator_label(row.estimator), row.share, row.conf_low, row.conf_high, is_off(found, row))
        for row in rows
    )
