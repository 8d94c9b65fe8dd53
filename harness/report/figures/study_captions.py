"""What stands beneath the figures of the whole study."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.figures.captions import band_text, ground_text, marks_text
from harness.report.figures.curve_figure import CurveScene
from harness.report.reading.curves import Curve
from harness.report.reading.networks import Fit
from harness.report.words.digits import percent
from harness.report.words.text import joined
from harness.store.study_record import EstimatorRecord, StudyRecord


def outcomes_caption(study: StudyRecord, curves: Sequence[Curve], scenes: Sequence[CurveScene]) -> str:
    """Return the caption of the net effect curves of all outcomes."""
    parts = [
        f"Net effect of {study.label(study.exposure)} on each outcome: its mean prediction were every row's "
        f"{study.label(study.exposure)} set to the value on the horizontal axis, the other variables as "
        "observed.",
        band_text([band for one in curves for band in one.bands if band.is_drawn], study),
        *marks_text(scenes),
    ]
    return " ".join([*parts, *ground_text(study, scenes)])


def group_caption(study: StudyRecord, by: str, estimator: EstimatorRecord) -> str:
    """Return the caption of the figure of groups."""
    return (
        f"{estimator.label} by {study.label(by)}. Above and middle: levels of the net effect curve at the "
        f"{study.label(study.exposure)} of each group's own rows; the line is the median, the box holds the "
        "middle half, whiskers reach from the 5th to the 95th percentile. Below: the mean effect in each "
        f"group with its {percent(study.level, 0)} interval. Levels are not effects: groups differ in level "
        "because their exposures, or the other variables of a model of their own, differ."
    )


def surface_caption(study: StudyRecord, moderator: str, estimator: EstimatorRecord) -> str:
    """Return the caption of the figure of one moderator."""
    exposure, other = study.label(study.exposure), study.label(moderator)
    return (
        f"{estimator.label}, by {other}. Left and middle: mean prediction were every row's {exposure} and "
        f"{other} set to each pair of values; grey or hatched where too few entities are near. Triangles in "
        "the middle mark cells where the interval of the effect excludes zero, up for a rise; the dashed "
        f"line is where the effect is zero. Right: effect of {exposure} at each {other}, averaged over the "
        "exposures observed around it, with pointwise (darker) and simultaneous (lighter) "
        f"{percent(study.level, 0)} bands. Red: the {other} at which that effect changes its sign, with its "
        "interval; none is drawn where no change of sign is established."
    )


def map_caption(study: StudyRecord, fits: Sequence[Fit]) -> str:
    """Return the caption of a map.

    Parameters
    ----------
    fits : at least one; all that have this map
    """
    named = [f"{study.estimator_label(name)} on {study.label(outcome)}" for outcome, name in fits]
    return (
        f"The self-organising map of {joined(named)}. Above: its clusters as they lie on the map, with their "
        "rows. Below: the mean of each variable in each cluster, in standard deviations from the mean of all "
        "rows."
    )
