"""What stands beneath a figure: what is drawn, how certain it is, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.findings.lines import POINTWISE, SIMULTANEOUS, Band, Curve
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.drawing.series import level_of
from harness.report.sections.curves.scene import MOST_BANDS, CurveScene
from harness.text.numbers import count, percent, plain
from harness.text.plain_text import joined, ranged

AT_ONE_VALUE = marked("hold at one value of the horizontal axis at a time, not for the curve as a whole")
AS_A_WHOLE = marked("hold for the curve as a whole, where the data support it")


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
            gettext(
                "The upper panel shows the bands of {reference_label} alone; each estimator's own "
                "are in its small panel, with the curve of {reference_label} in grey dashes."
            ).format(reference_label=study.reference_label)
        )
    return " ".join([*parts, *background_text(study.label(study.exposure_of(curves[0].scenario)), [scene])])


def _what(study: StudyRecord, outcome: str, curve: Curve) -> str:
    kind, exposure = curve.kind, study.label(study.exposure_of(curve.scenario))
    if kind == "slope":
        return gettext(
            "Slope of the net effect curve for {outcome}. It is the change in the mean "
            "prediction per unit of {exposure}, from differences between neighbouring grid "
            "points."
        ).format(outcome=study.label(outcome), exposure=exposure)
    if kind == "level_supported":
        return gettext(
            "Net effect curve over supported rows for {outcome}. The mean prediction is moved "
            "from each value of {exposure} to the next by those rows alone that have others near "
            "them in {exposure} and in the main covariates."
        ).format(outcome=study.label(outcome), exposure=exposure)
    return gettext(
        "Net effect curve for {outcome}. It is the mean prediction were every row's {exposure} "
        "set to the value on the horizontal axis, the other variables as observed."
    ).format(outcome=study.label(outcome), exposure=exposure)


def outcomes_caption(study: StudyRecord, curves: Sequence[Curve], scenes: Sequence[CurveScene]) -> str:
    """Return the caption of the net effect curves of all outcomes."""
    exposure = study.label(study.exposure_of(curves[0].scenario))
    parts = [
        gettext(
            "Net effect of {exposure} on each outcome. It is the mean prediction were every row's "
            "{exposure} set to the value on the horizontal axis, the other variables as observed."
        ).format(exposure=exposure),
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
        yield gettext(
            "The dots are the curve over all rows, which extrapolates where few rows have others near them."
        )
    else:
        yield (
            gettext(
                "The dots are the curve moved by those rows alone that have others near them in "
                "exposure and in the main covariates."
            )
        )
    least, most = percent(share.least, 0), percent(share.most, 0)
    if least == most:
        yield gettext("The share of such rows is {most} everywhere.").format(most=most)
        return
    yield gettext("The share of such rows goes from {least}, at {least_at}, to {most}.").format(
        least=least, least_at=plain(share.least_at), most=most
    )


def marks_text(scenes: Sequence[CurveScene]) -> Iterable[str]:
    """Yield what the marks are, where any line has one, and the dashes of the truth."""
    if any(series.marks for scene in scenes for series in (*scene.series, *scene.beside)):
        yield (
            gettext(
                "Triangles are turning points with the interval of where they are: a significant "
                "fall on one side and a significant rise on the other."
            )
        )
    if any(scene.truth is not None for scene in scenes):
        yield gettext("The black dashes are the truth behind the simulated data, on the same rows.")
    if any(scene.true_turns for scene in scenes):
        yield gettext("Upright dashes are where the true curve over all rows turns.")


def background_text(exposure: str, scenes: Sequence[CurveScene]) -> Iterable[str]:
    """Yield what the hatching is, where there is any, and what stands under the curves."""
    if any(scene.unsupported for scene in scenes):
        yield (
            gettext(
                "Hatched: too few entities are observed there, so bands are left out and curves are "
                "a faint trace."
            )
        )
    yield (
        gettext(
            "Under the curves: the distribution of {exposure} as observed, with a tick for each quantile."
        ).format(exposure=exposure)
    )


def band_text(bands: Sequence[Band], study: StudyRecord) -> str:
    """Return how bands were made and what they do and do not cover, in words."""
    if not bands:
        return gettext("No curve has a band.")
    kinds = list(dict.fromkeys(band.kind for band in bands))
    level = percent(level_of(bands, study.level), 0)
    made = gettext("from {draws} bootstrap draws{units}").format(
        draws=_draws(bands), units=_units(bands, study)
    )
    if {POINTWISE, SIMULTANEOUS} <= set(kinds):
        return gettext(
            "Shaded: pointwise (darker) and simultaneous (lighter) {level} bands {made}. Pointwise ones hold "
            "at one value of the horizontal axis at a time, simultaneous ones for the whole curve where the "
            "data support it."
        ).format(level=level, made=made)
    covers = {
        POINTWISE: gettext(" They {narrow}.").format(narrow=gettext(AT_ONE_VALUE)),
        SIMULTANEOUS: gettext(" They {wide}.").format(wide=gettext(AS_A_WHOLE)),
    }
    return gettext("Shaded: {kinds} {level} bands {made}.{covers}").format(
        kinds=joined([gettext(kind) for kind in kinds]),
        level=level,
        made=made,
        covers=covers.get(kinds[0], ""),
    )


def _draws(bands: Iterable[Band]) -> str:
    numbers = [band.n_draws for band in bands if band.n_draws is not None]
    if not numbers:
        return gettext("the")
    low, high = min(numbers), max(numbers)
    return count(low) if low == high else ranged(count(low), count(high))


def _units(bands: Iterable[Band], study: StudyRecord) -> str:
    words = {
        "entity": gettext("of whole entities ({entity})").format(entity=study.label(study.entity)),
        "row": gettext("of single rows"),
    }
    named = [words.get(unit, unit) for unit in dict.fromkeys(band.unit for band in bands) if unit]
    return gettext(" {units}").format(units=joined(named)) if named else ""
