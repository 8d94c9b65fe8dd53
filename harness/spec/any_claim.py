"""Every kind of claim that a spec may hold, told apart by ``quantity``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.spec.claim import (
    BandClaim,
    BendClaim,
    ChangeClaim,
    ChoiceClaim,
    DirectionClaim,
    ErrorClaim,
    GainClaim,
    LevelClaim,
    MedianClaim,
    OrderClaim,
    PaceClaim,
    ThresholdClaim,
    TurningPointClaim,
)
from harness.spec.moderated_claim import (
    EffectSignClaim,
    EffectTrendClaim,
    LevelRangeClaim,
    OnsetClaim,
    ShapeClaim,
)

AnyClaim = Annotated[
    ErrorClaim
    | GainClaim
    | LevelClaim
    | ChangeClaim
    | DirectionClaim
    | PaceClaim
    | BandClaim
    | TurningPointClaim
    | BendClaim
    | MedianClaim
    | OrderClaim
    | ThresholdClaim
    | OnsetClaim
    | EffectSignClaim
    | EffectTrendClaim
    | ShapeClaim
    | LevelRangeClaim
    | ChoiceClaim,
    Field(discriminator="quantity"),
]
