"""From the run to what the figures of curves show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from harness.report.figures.curve_figure import CurveScene
from harness.report.figures.palette import line_style
from harness.report.figures.strand import MARKERS, Mark, Strand
from harness.report.reading.banded import Banded
from harness.report.reading.curves import Curve
from harness.report.reading.run import Run
from harness.report.reading.turning_points import TurningPointRow
from harness.store.study_record import StudyRecord


def strand(
    study: StudyRecord, line: Banded, estimator: str, *, points: Iterable[TurningPointRow] = ()
) -> Strand:
    """Return an estimator's line in the style that it has in every figure, its turning points marked."""
    places = {one.id: at for at, one in enumerate(study.estimators)}
    return Strand(
        line=line,
        label=study.estimator_label(estimator),
        style=line_style(places.get(estimator, len(places))),
        is_reference=estimator == study.reference,
        marks=tuple(
            Mark(row.kind, row.at, row.conf_low, row.conf_high, row.estimate)
            for row in points
            if row.kind in MARKERS and math.isfinite(row.at) and math.isfinite(row.estimate)
        ),
    )


def curve_scene(run: Run, curves: Sequence[Curve]) -> CurveScene:
    """Return what a figure of curves shows.

    Parameters
    ----------
    curves : at least one; of the same outcome, scenario and kind
    """
    study, first = run.manifest.study, curves[0]
    is_level = first.kind == "level"
    return CurveScene(
        strands=tuple(
            strand(
                study,
                one,
                one.estimator,
                points=run.turning_points_of(one.outcome, one.scenario, one.estimator) if is_level else (),
            )
            for one in curves
        ),
        rug=run.rug_of(first.scenario),
        unsupported=run.unsupported_of(first.scenario),
        x_label=study.axis_label(study.exposure),
        y_label=level_label(study, first.outcome) if is_level else effect_label(study, first.outcome),
        has_zero=not is_level,
        level=study.level,
    )


def level_label(study: StudyRecord, outcome: str) -> str:
    """Return the label of an axis of levels."""
    return f"Mean predicted {study.axis_label(outcome)}"


def effect_unit_label(study: StudyRecord, outcome: str) -> str:
    """Return the label of an axis of effects in a narrow panel whose outcome is told elsewhere."""
    return f"Effect ({_per_unit(study, outcome)})"


def effect_label(study: StudyRecord, outcome: str) -> str:
    """Return the label of an axis of effects."""
    return f"Effect on {study.label(outcome)} ({_per_unit(study, outcome)})"


def _per_unit(study: StudyRecord, outcome: str) -> str:
    return f"{study.unit(outcome) or 'change'} per unit"
