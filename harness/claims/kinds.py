"""All kinds of claims; a new one is a type of `harness.spec.claim`, a file of this folder and a line here."""

from __future__ import annotations

from typing import Any

from harness.claims.band import BandKind
from harness.claims.bend import BendKind
from harness.claims.change import ChangeKind
from harness.claims.choice import ChoiceKind
from harness.claims.direction import DirectionKind
from harness.claims.effect_sign import EffectSignKind
from harness.claims.effect_trend import EffectTrendKind
from harness.claims.error import ErrorKind
from harness.claims.gain import GainKind
from harness.claims.kind import ClaimKind
from harness.claims.level import LevelKind
from harness.claims.level_range import LevelRangeKind
from harness.claims.median import MedianKind
from harness.claims.onset import OnsetKind
from harness.claims.order import OrderKind
from harness.claims.pace import PaceKind
from harness.claims.shape import ShapeKind
from harness.claims.threshold import ThresholdKind
from harness.claims.turning_point import TurningPointKind
from harness.spec.claim import Claim

KINDS: tuple[ClaimKind[Any], ...] = (
    ErrorKind(),
    GainKind(),
    LevelKind(),
    ChangeKind(),
    DirectionKind(),
    PaceKind(),
    BandKind(),
    TurningPointKind(),
    BendKind(),
    MedianKind(),
    OrderKind(),
    ThresholdKind(),
    OnsetKind(),
    EffectSignKind(),
    EffectTrendKind(),
    ShapeKind(),
    LevelRangeKind(),
    ChoiceKind(),
)

SOURCES = tuple(dict.fromkeys(kind.source.name for kind in KINDS))
"""Names of the tables that claims are looked up in."""

_BY_TYPE = {kind.claim: kind for kind in KINDS}


def kind_of(claim: Claim) -> ClaimKind[Any]:
    """Return the kind of a claim."""
    return _BY_TYPE[type(claim)]
