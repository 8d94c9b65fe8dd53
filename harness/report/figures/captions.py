"""What stands beneath a figure: what is drawn, how certain it is, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.report.figures.curve_figure import MOST_BANDS, CurveScene
from harness.report.figures.strand import level_of
from harness.report.reading.banded import POINTWISE, SIMULTANEOUS, Band
from harness.report.reading.curves import Curve
from harness.report.words.digits import count, percent
from harness.report.words.text import joined
from harness.store.study_record import StudyRecord

AT_ONE_VALUE = "hold at one value of the horizontal axis at a time, not for the curve as a whole"
AS_A_WHOLE = "hold for the curve as a whole, where the data support it"


def gain_caption(study: StudyRecord, outcome: str) -> str:
    """Return the caption of the figure of gains."""
    return (
        f"Gain over {study.reference_label} in predicting {study.label(outcome)}, one panel a protocol. "
        f"Whiskers are {percent(study.level, 0)} intervals from {count(study.draws)} bootstrap draws of "
        f"whole entities ({study.label(study.entity)}), the trained models held fixed. A filled triangle is "
        "a gain (pointing up) or a loss (pointing down) that is established: its interval excludes zero, and "
        "so do the tests that allow for many comparisons. An open circle is one that is not. An arrow at the "
        "left edge is a loss beyond the axis."
    )


def curve_caption(study: StudyRecord, outcome: str, curves: Sequence[Curve], scene: CurveScene) -> str:
    """Return the caption of a figure of net effect curves, or of their slopes.

    Parameters
    ----------
    curves : at least one, all of the same kind
    scene : what is drawn of them
    """
    parts = [
        _what(study, outcome, curves[0].kind),
        band_text([band for one in curves for band in one.bands if band.is_drawn], study),
        *marks_text([scene]),
    ]
    if len(curves) > MOST_BANDS:
        parts.append(
            f"The upper panel shows the bands of {study.reference_label} alone; each estimator's own are in "
            f"its small panel, with the curve of {study.reference_label} in grey dashes."
        )
    return " ".join([*parts, *ground_text(study, [scene])])


def _what(study: StudyRecord, outcome: str, kind: str) -> str:
    exposure = study.label(study.exposure)
    if kind == "slope":
        return (
            f"Slope of the net effect curve: change in mean predicted {study.label(outcome)} per unit of "
            f"{exposure}, from differences between neighbouring grid points."
        )
    return (
        f"Net effect curve: mean predicted {study.label(outcome)} were every row's {exposure} set to the "
        "value on the horizontal axis, the other variables as observed."
    )


def marks_text(scenes: Sequence[CurveScene]) -> Iterable[str]:
    """Yield what the marks are, where any line has one."""
    if any(strand.marks for scene in scenes for strand in scene.strands):
        yield (
            "Triangles are turning points with the interval of where they are: a significant fall on one "
            "side and a significant rise on the other."
        )


def ground_text(study: StudyRecord, scenes: Sequence[CurveScene]) -> Iterable[str]:
    """Yield what the hatching is, where there is any, and what stands under the curves."""
    if any(scene.unsupported for scene in scenes):
        yield (
            "Hatched: too few entities are observed there, so bands are left out and curves are a faint "
            "trace."
        )
    yield (
        f"Under the curves: the distribution of {study.label(study.exposure)} as observed, with a tick for "
        "each quantile."
    )


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


def ale_caption(study: StudyRecord, outcome: str) -> str:
    """Return the caption of accumulated local effects beside partial dependence."""
    return (
        f"Partial dependence sets every row's {study.label(study.exposure)} to each value and averages the "
        f"predictions of {study.label(outcome)}, also for combinations that no row has; accumulated local "
        "effects add up changes within the rows near each value, and are set at the mean prediction. Where "
        "the two part, the exposure goes with other variables. Both are drawn within the support."
    )


def learning_caption(study: StudyRecord, outcome: str) -> str:
    """Return the caption of the figure of learning."""
    return (
        f"Learning of the networks that were chosen for {study.label(outcome)}, on all rows of the panel: "
        "mean squared error over the outcome's variance after each step, on a logarithmic axis."
    )
