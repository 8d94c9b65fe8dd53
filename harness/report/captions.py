"""What stands beneath a figure: what is drawn, how certain it is, and how to read it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from harness.report.curve_figure import MOST_BANDS
from harness.report.curves import Band, Curve
from harness.report.digits import count, percent
from harness.report.manifest import Study
from harness.report.text import joined


def gain_caption(study: Study, outcome: str) -> str:
    """Return the caption of the figure of gains."""
    return (
        f"Gain over {study.reference_label} in predicting {study.label(outcome)}, one panel a protocol. "
        f"Whiskers are {percent(study.level, 0)} intervals from {count(study.draws)} bootstrap draws of "
        f"whole entities ({study.label(study.entity)}), the trained models held fixed. A filled triangle is "
        "a gain (pointing up) or a loss (pointing down) whose interval excludes zero, an open circle one "
        "whose interval does not. An arrow at the left edge is a loss beyond the axis."
    )


def curve_caption(study: Study, outcome: str, curves: Sequence[Curve], *, has_gaps: bool) -> str:
    """Return the caption of a figure of net effect curves, or of their slopes.

    Parameters
    ----------
    curves : at least one, all of the same kind
    has_gaps : whether part of the exposure's range has no support
    """
    exposure = study.label(study.exposure)
    if curves[0].kind == "slope":
        what = (
            f"Slope of the net effect curve: change in mean predicted {study.label(outcome)} per unit of "
            f"{exposure}, from differences between neighbouring grid points."
        )
    else:
        what = (
            f"Net effect curve: mean predicted {study.label(outcome)} were every row's {exposure} set to the "
            "value on the horizontal axis, the other variables as observed."
        )
    panels = (
        f" The upper panel shows the band of {study.reference_label} alone; each estimator's own is in its "
        f"small panel, with the curve of {study.reference_label} in grey dashes."
        if len(curves) > MOST_BANDS
        else ""
    )
    gaps = (
        " Hatched: too few entities are observed there, so bands are left out and curves are a faint trace."
        if has_gaps
        else ""
    )
    rug = f" Under the curves: the distribution of {exposure} as observed, with a tick for each quantile."
    return what + " " + band_text([one.band for one in curves if one.has_band], study) + panels + gaps + rug


def band_text(bands: Sequence[Band], study: Study) -> str:
    """Return how bands were made and what they do and do not cover, in words."""
    if not bands:
        return "No curve has a band."
    kinds = joined(list(dict.fromkeys(band.kind for band in bands)))
    level = next((band.level for band in bands if math.isfinite(band.level)), study.level)
    at_once = (
        " They hold at one value of the horizontal axis at a time, not for the curve as a whole."
        if any(band.kind == "pointwise" for band in bands)
        else ""
    )
    return (
        f"Shaded: {kinds} {percent(level, 0)} bands, percentiles of {_draws(bands)} bootstrap draws"
        f"{_units(bands, study)}.{at_once}"
    )


def _draws(bands: Iterable[Band]) -> str:
    numbers = [band.n_draws for band in bands if band.n_draws is not None]
    if not numbers:
        return "the"
    low, high = min(numbers), max(numbers)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def _units(bands: Iterable[Band], study: Study) -> str:
    words = {"entity": f"of whole entities ({study.label(study.entity)})", "row": "of single rows"}
    named = [words.get(unit, unit) for unit in dict.fromkeys(band.unit for band in bands) if unit]
    return f" {joined(named)}" if named else ""
