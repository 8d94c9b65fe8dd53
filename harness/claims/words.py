"""What a claim is about, in words."""

from __future__ import annotations

from harness.spec.claim import (
    AnyClaim,
    BendClaim,
    ChangeClaim,
    DirectionClaim,
    ErrorClaim,
    GainClaim,
    LevelClaim,
    MedianClaim,
    ThresholdClaim,
    TurningPointClaim,
)

_BOUNDS = {"least": ", at least", "most": ", at most", None: ""}


def about(claim: AnyClaim) -> str:
    """Return what the number of a claim is, such as ``curve at 0.88``."""
    match claim:
        case ErrorClaim():
            return "mean squared error"
        case GainClaim():
            return "gain over the reference"
        case LevelClaim():
            return f"curve at {claim.at:g}{_BOUNDS[claim.bound]}"
        case ChangeClaim(between=(start, end)):
            return f"change of the curve from {start:g} to {end:g}"
        case DirectionClaim(between=(start, end)):
            return f"share of the way from {start:g} to {end:g} on which the curve is {claim.kind}"
        case TurningPointClaim():
            return f"exposure at a {claim.kind} of the curve"
        case BendClaim():
            return "exposure at which the curve bends most"
        case MedianClaim():
            return f"median in {claim.group} ({claim.by})"
        case ThresholdClaim():
            return f"{claim.moderator} at which the effect changes sign"
