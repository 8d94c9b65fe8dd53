"""What estimators and scenarios declare that they identify, in the order of a study's headline effect."""

from __future__ import annotations

from typing import Final, Literal, get_args

# In the order in which a study has its headline effect, before anything is fitted: effects of a treatment by
# methods that hold where starts and effects differ; slopes by instruments, and given the outcome's own past;
# impacts with those on neighbours; debiased effects, and those through mediators; coefficients within
# entities, and pooled ones.
Identified = Literal[
    "staged_treatment",
    "instruments",
    "dynamics",
    "spatial_impacts",
    "debiased",
    "mediation",
    "within",
    "pooled",
]
IDENTIFIED: Final[tuple[Identified, ...]] = get_args(Identified)


def identified_by(choice: object) -> Identified | None:
    """Return what an estimator or a scenario with its options identifies, as it declares; None of others."""
    return getattr(choice, "identifies", None)
