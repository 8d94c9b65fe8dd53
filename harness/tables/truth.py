"""Of simulated data alone: what is true, and how far estimators are from it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.tables.table import NAN, typed


@dataclass(frozen=True, kw_only=True)
class TruthRow:
    """What the true response answers to a scenario at one place; places that a kind lacks are empty."""

    outcome: str
    scenario: str
    kind: str
    at: float
    moderator_at: float = NAN
    group: str = ""
    truth: float


@dataclass(frozen=True, kw_only=True)
class TruthErrorRow:
    """How far one estimator is from the truth of one kind, and how often its pointwise intervals hold it."""

    outcome: str
    estimator: str
    scenario: str
    kind: str
    rmse: float
    coverage: float
    n_points: int | None
    n_found: int | None = None


TRUTH = typed(
    "truth",
    TruthRow,
    ("outcome", "scenario", "kind", "at", "moderator_at", "group"),
    "simulated data only: the true response in each scenario",
)
TRUTH_ERRORS = typed(
    "truth_errors",
    TruthErrorRow,
    ("outcome", "estimator", "scenario", "kind"),
    "simulated data only: errors of each estimator against the truth, and coverage of its intervals",
    measures=("rmse",),
)
