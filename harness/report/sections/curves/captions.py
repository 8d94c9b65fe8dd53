"""What stands beneath a figure: what is drawn, how certain it is, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.report.drawing.series import level_of
from harness.report.model.bands import POINTWISE, SIMULTANEOUS, Band
from harness.report.sections.curves.figure import MOST_BANDS, CurveScene
from harness.report.sections.curves.rows import Curve
from harness.report.text.numbers import count, percent, plain
from harness.report.text.plain_text import joined
from harness.store.study_record import StudyRecord

AT_ONE_VALUE = "hold at one value of the horizontal axis at a time, not for the curve as a whole"
AS_A_WHOLE = "hold for the curve as a whole, where the data support it"


def curve_caption(study: StudyRecord, outcome: str, curves: Sequence[Curve], scene: CurveScene) -> str:
    """Return the caption of a figure of net effect curves, or of their slopes.

    Parameters
    ----------
    curves : at least one, all of the same kind
    scene : what is drawn of them
    """
    parts = [
        _what(study, outcome, curves[0]),
        band_text([band for curve in curves for band in curve.bands if band.is_drawn], study),
        *marks_text([scene]),
        *beside_text(scene),
    ]
    if len(curves) > MOST_BANDS:
        parts.append(
            f"The upper panel shows the bands of {study.reference_label} alone; each estimator's own are in "
            f"its small panel, with the curve of {study.reference_label} in grey dashes."
        )
    return " ".join([*parts, *background_text(study.label(study.exposure_of(curves[0].scenario)), [scene])])


def _what(study: StudyRecord, outcome: str, curve: Curve) -> str:
    kind, exposure = curve.kind, study.label(study.exposure_of(curve.scenario))
    if kind == "slope":
        return (
            f"Slope of the net effect curve for {study.label(outcome)}. It is the change in the mean "
            f"prediction per unit of {exposure}, from differences between neighbouring grid points."
        )
    if kind == "level_supported":
        return (
            f"Net effect curve over supported rows for {study.label(outcome)}. The mean prediction is moved "
            f"from each value of {exposure} to the next by those rows alone that have others near them in "
            f"{exposure} and in the main covariates."
        )
    return (
        f"Net effect curve for {study.label(outcome)}. It is the mean prediction were every row's {exposure} "
        "set to the value on the horizontal axis, the other variables as observed."
    )


def outcomes_caption(study: StudyRecord, curves: Sequence[Curve], scenes: Sequence[CurveScene]) -> str:
    """Return the caption of the net effect curves of all outcomes."""
    exposure = study.label(study.exposure_of(curves[0].scenario))
    parts = [
        f"Net effect of {exposure} on each outcome. It is the mean prediction were every row's {exposure} "
        "set to the value on the horizontal axis, the other variables as observed.",
        band_text([band for curve in curves for band in curve.bands if band.is_drawn], study),
        *marks_text(scenes),
        *beside_text(scenes[0]),
    ]
    return " ".join([*parts, *background_text(exposure, scenes)])


def beside_text(scene: CurveScene) -> Iterable[str]:
    """Yield what the dots are, where there are any, and which share of rows has others near them."""
    share = scene.share
    if not scene.beside or share is None:
        return
    if share.is_leading:
        yield "The dots are the curve over all rows, which extrapolates where few rows have others near them."
    else:
        yield (
            "The dots are the curve moved by those rows alone that have others near them in exposure and in "
            "the main covariates."
        )
    least, most = percent(share.least, 0), percent(share.most, 0)
    yield f"The share of such rows goes from {least}, at {plain(share.least_at)}, to {most}."


def marks_text(scenes: Sequence[CurveScene]) -> Iterable[str]:
    """Yield what the marks are, where any line has one, and the dashes of the truth."""
    if any(series.marks for scene in scenes for series in (*scene.series, *scene.beside)):
        yield (
            "Triangles are turning points with the interval of where they are: a significant fall on one "
            "side and a significant rise on the other."
        )
    if any(scene.truth is not None for scene in scenes):
        yield "The black dashes are the truth behind the simulated data, on the same rows."
    if any(scene.true_turns for scene in scenes):
        yield "Upright dashes are where the true curve over all rows turns."


def background_text(exposure: str, scenes: Sequence[CurveScene]) -> Iterable[str]:
    """Yield what the hatching is, where there is any, and what stands under the curves."""
    if any(scene.unsupported for scene in scenes):
        yield (
            "Hatched: too few entities are observed there, so bands are left out and curves are a faint "
            "trace."
        )
    yield (f"Under the curves: the distribution of {exposure} as observed, with a tick for each quantile.")


def band_text(bands: Sequence[Band], study: StudyRecord) -> str:
    """Return how bands were made and what they do and do not cover, in words."""
    if not bands:
        return "No curve has a band."
    kinds = list(dict.fromkeys(band.kind for band in bands))
    level = percent(level_of(bands, study.level), 0)
    made = f"from {_draws(bands)} bootstrap draws{_units(bands, study)}"
    if {POINTWISE, SIMULTANEOUS} <= set(kinds):
        return (
            f"Shaded: pointwise (darker) and simultaneous (lighter) {level} bands {made}. Pointwise ones "
            f"{AT_ONE_VALUE}; simultaneous ones {AS_A_WHOLE}."
        )
    covers = {POINTWISE: f" They {AT_ONE_VALUE}.", SIMULTANEOUS: f" They {AS_A_WHOLE}."}
    return f"Shaded: {joined(kinds)} {level} bands {made}.{covers.get(kinds[0], '')}"


def _draws(bands: Iterable[Band]) -> str:
    numbers = [band.n_draws for band in bands if band.n_draws is not None]
    if not numbers:
        return "the"
    low, high = min(numbers), max(numbers)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def _units(bands: Iterable[Band], study: StudyRecord) -> str:
    words = {"entity": f"of whole entities ({study.label(study.entity)})", "row": "of single rows"}
    named = [words.get(unit, unit) for unit in dict.fromkeys(band.unit for band in bands) if unit]
    return f" {joined(named)}" if named else ""
