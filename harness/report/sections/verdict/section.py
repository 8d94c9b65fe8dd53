"""The section of what the run says: its findings, and what every estimator says of the effect."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.language import gettext, marked, pgettext
from harness.report.blocks import Paragraph, QualifiedPoints, ReportBlock, SaidOf, SaidOnce, tabs_of
from harness.report.sections.section import Section
from harness.report.sections.verdict.effects import EffectReading, effects
from harness.report.sections.verdict.text import Said, said_of
from harness.report.table import Given, ReportTable, TableCell, TableColumn, plain_rows
from harness.text.numbers import count, decimals_for, interval, percent, plain, rounded, significant

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer

Readings = Sequence[EffectReading]
"""What every estimator that says anything says about the effect on one outcome."""


def verdict_blocks(run: Run, _renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the verdict on every outcome, and how to read it."""
    study, gains = run.manifest.study, Gains(run)
    said = {outcome: said_of(run, outcome) for outcome in study.outcomes}
    found = {outcome: effects(run, outcome) for outcome in study.outcomes}
    left_open = {own.open for own in said.values()}
    yield tabs_of(
        (
            study.label(outcome),
            _outcome(run, outcome, said[outcome], found[outcome], is_alike=len(left_open) == 1),
        )
        for outcome in study.outcomes
    )
    if len(left_open) == 1 and left_open != {""}:
        alike = [gettext("So for every outcome.")] if len(study.outcomes) > 1 else []
        yield Paragraph(" ".join([left_open.pop(), *alike]))
    if any(found.values()):
        yield Paragraph(_how_to_read_effects(run, list(found.values())), "note")
    n_gains = sum(
        cell.has_gain
        for over in (gains, *gains.further)
        for outcome in study.outcomes
        for cell in over.cells(outcome)
    )
    if n_gains:
        yield Paragraph(_how_to_read_gains(study.level, n_gains), "read-me")


def _outcome(run: Run, outcome: str, said: Said, found: Readings, *, is_alike: bool) -> Iterator[ReportBlock]:
    label = run.manifest.study.label(outcome)
    for place, sentence in enumerate(said.headlines):
        yield SaidOf(sentence, label, about=place, look="verdict")
    yield from map(SaidOnce, said.caveats)
    yield from map(Paragraph, said.won)
    yield from map(SaidOnce, said.known)
    if said.effects:
        yield QualifiedPoints(said.effects)
    if said.open and not is_alike:
        yield Paragraph(said.open)
    if found:
        yield effect_table(run, outcome, found)


def _has_supported(found: Readings) -> bool:
    """Return whether any curve over supported rows reaches both ends of the range."""
    return any(one.curve is not None and math.isfinite(one.curve.supported_change) for one in found)


def effect_table(run: Run, outcome: str, found: Readings) -> ReportTable:
    """Return what every estimator says about the effect on one outcome.

    Changes are of the mean prediction over the supported range of the exposure; the last columns are shares
    of that range.
    """
    study, has_supported = run.manifest.study, _has_supported(found)
    columns = [
        *(TableColumn(gettext("Estimator")), TableColumn(gettext("Coefficient\n(std. error)"))),
        TableColumn(gettext("{level} interval").format(level=percent(study.level, 0))),
    ]
    curve = next((one.curve for one in found if one.curve is not None), None)
    if curve is not None:
        ends = {"low_at": plain(curve.low_at), "high_at": plain(curve.high_at)}
        if has_supported:
            columns.append(
                TableColumn(gettext("Change over\nsupported rows,\n{low_at} to {high_at}").format(**ends))
            )
        over_all = gettext("Change of the curve\nover all rows,\n{low_at} to {high_at}").format(**ends)
        columns += [
            TableColumn(over_all, is_for_files=has_supported),
            *(
                TableColumn(gettext("Slope's band\nabove zero")),
                TableColumn(gettext("Slope's band\nbelow zero")),
            ),
        ]
    return ReportTable(
        caption=gettext("The effect of {exposure} on {label}, estimator by estimator").format(
            exposure=study.axis_label(study.exposure), label=study.axis_label(outcome)
        ),
        columns=tuple(columns),
        groups=plain_rows([tuple(_cells(one, has_supported=has_supported)) for one in found]),
    )


def _cells(one: EffectReading, *, has_supported: bool) -> Iterator[Given]:
    yield one.estimator.label
    if one.coefficient is None:
        yield from ("", "")
    else:
        decimals = decimals_for([one.coefficient.std_error])
        beneath = f"({rounded(one.coefficient.std_error, decimals)})"
        yield TableCell(rounded(one.coefficient.estimate, decimals), (beneath,))
        yield interval(one.coefficient.conf_low, one.coefficient.conf_high, decimals)
    if one.curve is not None:
        if has_supported:
            change = one.curve.supported_change
            yield significant(change, 3) if math.isfinite(change) else ""
        yield significant(one.curve.change, 3)
        for share in (one.curve.rising, one.curve.falling):
            yield percent(share, 0) if math.isfinite(share) else ""


def _how_to_read_effects(run: Run, found: Sequence[Readings]) -> str:
    study = run.manifest.study
    text = gettext("A coefficient is the whole effect only where the exposure enters alone and linearly")
    if not any(one.curve is not None for own in found for one in own):
        return text + pgettext("end", ".")
    text += gettext(
        "; the curve is the effect as the estimator predicts it. Change: from the lowest to the highest "
        "supported {exposure}"
    ).format(exposure=study.label(study.exposure))
    if any(map(_has_supported, found)):
        text += gettext(
            ", moved by those rows alone that have others near them; over all rows, in the CSV, the others "
            "are extrapolated"
        )
    return text + gettext(
        ". Last columns: the share of the supported range on which both the slope and its pointwise band lie "
        "there."
    )


def _how_to_read_gains(level: float, n_gains: int) -> str:
    return gettext(
        "How to read this. Gain = 1 − MSE / MSE of the reference on the same rows: 20% is a mean squared "
        "error a fifth smaller, a negative gain a larger one. A single gain is established where its "
        "{level} interval excludes zero, the p-values that allow for all gains of the outcome (Holm), for "
        "picking the best estimator and for the overlap of splits are below {value}, and the gains of all "
        "folds have the same sign; in the verdict an estimator's gain is, only where that holds under every "
        "protocol that keeps test rows apart from fitting, selecting and preparing. Intervals resample "
        "whole entities and hold the trained models fixed. If no estimator differed, about {n_gains_2} of "
        "the {n_gains} intervals would exclude zero by chance."
    ).format(
        level=percent(level, 0),
        value=plain(1.0 - level),
        n_gains=count(n_gains),
        n_gains_2=plain(round((1.0 - level) * n_gains, 2)),
    )


VERDICT_SECTION = Section("verdict", marked("What the run says"), 100, verdict_blocks)
