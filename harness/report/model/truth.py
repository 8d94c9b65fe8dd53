"""What the true response of simulated data answers to the scenarios of a run."""

from __future__ import annotations

from dataclasses import dataclass

from harness.arrays import Floats, frozen_floats
from harness.report.model.run import Run
from harness.tables.truth import TRUTH, TruthRow


@dataclass(frozen=True, eq=False)
class TruthLine:
    """A true curve.

    Attributes
    ----------
    at : (n_grid,), increasing, the unit of the exposure or of the moderator
    truth : (n_grid,), the curve's unit
    """

    at: Floats
    truth: Floats


def true_rows(run: Run, outcome: str, scenario: str, kind: str) -> tuple[TruthRow, ...]:
    """Return the truths of one kind; none where the data are not simulated, or nothing is known of it."""
    key = (outcome, scenario, kind)
    return tuple(row for row in run.rows(TRUTH) if (row.outcome, row.scenario, row.kind) == key)


def truth_line(run: Run, outcome: str, scenario: str, kind: str, *, along: str = "at") -> TruthLine | None:
    """Return the true curve of one kind; None where nothing is known of it.

    Parameters
    ----------
    along : the place that the curve runs along, ``at`` or ``moderator_at``
    """
    points = sorted((getattr(row, along), row.truth) for row in true_rows(run, outcome, scenario, kind))
    if not points:
        return None
    at, truth = zip(*points, strict=True)
    return TruthLine(frozen_floats(at), frozen_floats(truth))


def true_of_groups(run: Run, outcome: str, scenario: str, kind: str) -> dict[str, float]:
    """Return the true number of each group."""
    return {row.group: row.truth for row in true_rows(run, outcome, scenario, kind)}
