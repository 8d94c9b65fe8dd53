"""What stands beneath figures of curves: what is drawn, and how certain it is."""

from __future__ import annotations

from collections.abc import Sequence

from harness.findings.lines import POINTWISE, SIMULTANEOUS, Band, Curve
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.drawing.lines import level_of
from harness.report.sections.section import draws_text
from harness.text.numbers import percent
from harness.text.plain_text import joined

# What each kind of curve is.
KINDS = {
    "slope": marked("Change in the mean prediction per unit of {exposure}."),
    "level_supported": marked(
        "Mean prediction as {exposure} moves along the axis, each step over the rows that have similar rows "
        "there, other variables as observed."
    ),
    "level": marked(
        "Mean prediction with every row's {exposure} set to the value on the axis, others as observed."
    ),
}


def curve_caption(study: StudyRecord, curves: Sequence[Curve]) -> str:
    """Return the caption of a figure of net effect curves or their slopes.

    Parameters
    ----------
    curves : that it leads with, at least one; of one kind and scenario
    """
    first = curves[0]
    what = gettext(KINDS[first.kind]).format(exposure=study.label(study.exposure_of(first.scenario)))
    return f"{what} {band_text([band for one in curves for band in one.bands if band.is_drawn], study)}"


def band_text(bands: Sequence[Band], study: StudyRecord) -> str:
    """Return what kinds of bands are shaded, and how they were made."""
    if not bands:
        return gettext("No curve has a band.")
    kinds, level = {band.kind for band in bands}, percent(level_of(bands, study.level), 0)
    if kinds == {POINTWISE, SIMULTANEOUS}:
        words = gettext("Shaded: pointwise (darker) and simultaneous (lighter) {level} bands {made}.")
        return words.format(level=level, made=_made(bands, study))
    named = joined([gettext(kind) for kind in kinds])
    return gettext("Shaded: {kinds} {level} bands {made}.").format(
        kinds=named, level=level, made=_made(bands, study)
    )


def _made(bands: Sequence[Band], study: StudyRecord) -> str:
    """Return how many draws of what bands are from."""
    words = {
        "entity": gettext("of whole entities ({entity})").format(entity=study.label(study.entity)),
        "row": gettext("of single rows"),
    }
    named = [words.get(unit, unit) for unit in dict.fromkeys(band.unit for band in bands) if unit]
    units = gettext(" {units}").format(units=joined(named)) if named else ""
    draws = draws_text(band.n_draws for band in bands) or gettext("the")
    return gettext("from {draws} bootstrap draws{units}").format(draws=draws, units=units)
