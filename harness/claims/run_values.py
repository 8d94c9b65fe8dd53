"""What a run gives for each kind of claim, read from its tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.claims.curve import RunCurve
from harness.claims.run_value import RunValue, cell, nearest, refusal, rows_of
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

if TYPE_CHECKING:
    import pandas as pd

SOURCES = ("accuracy", "gain", "curves", "turning_points", "heterogeneity", "thresholds")
"""Tables that claims are looked up in."""

Tables = Mapping[str, "pd.DataFrame"]


def here(claim: AnyClaim, tables: Tables, *, first_protocol: str) -> RunValue:
    """Return what a run gives for a claim.

    Parameters
    ----------
    tables : those named in `SOURCES`; empty frames for what the study did not ask
    first_protocol : protocol of claims that name none
    """
    place = {"outcome": claim.outcome, "estimator": claim.estimator}
    match claim:
        case ErrorClaim():
            rows = place | {"protocol": claim.protocol or first_protocol, "sample": claim.sample}
            return cell(tables["accuracy"], rows, "mse")
        case GainClaim():
            rows = place | {"protocol": claim.protocol or first_protocol, "sample": claim.sample}
            return cell(tables["gain"], rows, "gain")
        case MedianClaim():
            rows = place | {"by": claim.by, "group": claim.group, "mode": "pooled"}
            return cell(tables["heterogeneity"], rows, "median")
        case ThresholdClaim():
            rows = place | {"moderator": claim.moderator}
            return nearest(rows_of(tables["thresholds"], rows), {}, to=claim.value)
        case TurningPointClaim():
            looked = rows_of(tables["turning_points"], place)
            return nearest(looked, {"kind": claim.kind}, to=claim.value)
        case LevelClaim() | ChangeClaim() | DirectionClaim() | BendClaim():
            return _of_curve(claim, tables, place)


def _of_curve(
    claim: LevelClaim | ChangeClaim | DirectionClaim | BendClaim, tables: Tables, place: Mapping[str, str]
) -> RunValue:
    curve = _curve(tables, place)
    if isinstance(curve, RunValue):
        return curve
    match claim:
        case LevelClaim():
            return curve.level_at(claim.at)
        case ChangeClaim():
            return curve.change(*claim.between)
        case DirectionClaim():
            return curve.share_going(*claim.between, sign=1.0 if claim.kind == "rising" else -1.0)
        case BendClaim():
            return curve.bend()


def _curve(tables: Tables, place: Mapping[str, str]) -> RunCurve | RunValue:
    """Return the level curve of the first scenario that has one, or why there is none."""
    rows = rows_of(tables["curves"], place)
    levels = rows_of(rows, {"kind": "level"})
    if not len(levels):
        return RunValue(math.nan, refusal(rows, absent="this run draws no such curve"))
    first = levels[levels["scenario"] == levels["scenario"].iloc[0]]
    points = first.drop_duplicates("at").sort_values("at")
    return RunCurve(points["at"].to_numpy(dtype=float), points["estimate"].to_numpy(dtype=float))
