"""What stands beneath the figures of where gains come from and of the multiverse."""

from __future__ import annotations

from harness.report.figures.universe_figure import UniverseScene, axis_limits
from harness.report.words.digits import count, percent
from harness.store.study_record import StudyRecord


def waterfall_caption(study: StudyRecord, outcome: str) -> str:
    """Return the caption of the figure of where the gain comes from."""
    return (
        f"Where the in-sample gain over {study.reference_label} in predicting {study.label(outcome)} comes "
        "from, one panel an estimator. Read downwards: each bar starts where the one above it ends. "
        "Functional form is the gain for entities never seen; recognising is what is added where other rows "
        "of the same entities and periods are trained on; selection, where models are chosen on the test "
        "rows; optimism, where the rows compared on are those trained on. The last bar is the sum. Whiskers "
        f"are {percent(study.level, 0)} intervals of each part, at its end, from {count(study.draws)} "
        f"bootstrap draws of whole entities ({study.label(study.entity)}), the trained models held fixed; an "
        "arrow at the left edge is a loss beyond the axis. The numbers are percentage points."
    )


def universe_caption(study: StudyRecord, outcome: str, scene: UniverseScene) -> str:
    """Return the caption of the specification curve."""
    own = scene.multiverse
    start, _ = axis_limits(scene)
    n_hidden = int((own.gain < start).sum())
    hidden = f" {count(n_hidden)} gains lie below the axis: triangles at its edge." if n_hidden else ""
    published = " The dashed line is the published gain." if scene.published else ""
    return (
        f"Gain of {study.estimator_label(own.estimator)} in predicting {study.label(outcome)} under every "
        "combination of the choices listed below the curve, each computed, in increasing order. Dots are "
        f"gains, upright lines their {percent(study.level, 0)} intervals from {count(study.draws)} bootstrap "
        f"draws of whole entities ({study.label(study.entity)}), not adjusted for their number; a mark below "
        f"is the level that the combination above it has.{published}{hidden}"
    )
