"""Conditional effects as tidy rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from numpy.random import Generator

from harness.arrays import Floats
from harness.scenarios.bands import bands, pointwise_limits
from harness.scenarios.conditional.surface import Plane, conditional_effects, effects_on
from harness.scenarios.conditional.thresholds import thresholds

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class EstimateWithDraws:
    """Numbers of one fit and of its draws.

    Attributes
    ----------
    estimate : any shape
    draws : that shape after (n_draws, ...)
    """

    estimate: Floats
    draws: Floats


def surface_rows(levels: EstimateWithDraws, plane: Plane, *, level: float) -> pd.DataFrame:
    """Return a row for each cell: level and effect, each with its pointwise interval, and the data near it.

    There is no surface where exposure or moderator has two values only: one row says so.

    Parameters
    ----------
    levels : (n_exposure, n_moderator), outcome units
    """
    import pandas as pd

    if plane.moderator_at.size == 2 or plane.exposure_at.size == 2:
        reason = "exposure or moderator has two values only, over which there is no surface"
        return pd.DataFrame([{"status": "refused", "reason": reason}])
    low, high = pointwise_limits(levels.draws, level=level)
    effect_low, effect_high = pointwise_limits(effects_on(levels.draws, plane), level=level)
    columns = {
        "exposure_at": plane.cells[:, 0],
        "moderator_at": plane.cells[:, 1],
        "estimate": levels.estimate.ravel(),
        "conf_low": low.ravel(),
        "conf_high": high.ravel(),
        "effect": effects_on(levels.estimate, plane).ravel(),
        "effect_low": effect_low.ravel(),
        "effect_high": effect_high.ravel(),
        "supported": plane.support.supported.ravel(),
        "n_obs": plane.support.n_obs.ravel(),
        "n_entities": plane.support.n_entities.ravel(),
    }
    return pd.DataFrame(columns).assign(n_draws=len(levels.draws))


def averaged_effects(levels: EstimateWithDraws, plane: Plane) -> EstimateWithDraws:
    """Return the effect at each moderator value, (n_moderator,), NaN where no cell is supported."""
    return EstimateWithDraws(
        conditional_effects(effects_on(levels.estimate, plane), plane),
        conditional_effects(effects_on(levels.draws, plane), plane),
    )


def effect_rows(effects: EstimateWithDraws, plane: Plane, *, level: float, rng: Generator) -> pd.DataFrame:
    """Return a row for each band and moderator value; numbers are empty where no cell is supported."""
    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                "moderator_at": plane.moderator_at,
                "effect": effects.estimate,
                "conf_low": band.low,
                "conf_high": band.high,
                "band": band.kind,
                "n_draws": len(effects.draws),
                "supported": plane.has_support,
            }
        )
        for band in bands(effects.draws, level=level, supported=plane.has_support, rng=rng)
    ]
    return pd.concat(frames, ignore_index=True)


def threshold_rows(effects: EstimateWithDraws, plane: Plane, *, level: float, rng: Generator) -> pd.DataFrame:
    """Return a row for each change of sign of the effect, or one of kind ``none`` without numbers."""
    import pandas as pd

    found = thresholds(
        plane.moderator_at,
        effects.estimate,
        effects.draws,
        supported=plane.has_support,
        level=level,
        rng=rng,
    )
    rows = pd.DataFrame([asdict(change) for change in found]) if found else pd.DataFrame({"kind": ["none"]})
    return rows.assign(n_draws=len(effects.draws))


def interaction_rows(measures: Mapping[str, EstimateWithDraws], *, level: float) -> pd.DataFrame:
    """Return a row for each measure of interaction, with its percentile interval."""
    import pandas as pd

    rows = []
    for name, measure in measures.items():
        low, high = pointwise_limits(measure.draws, level=level)
        estimate = {"measure": name, "estimate": float(measure.estimate)}
        limits = {"conf_low": float(low), "conf_high": float(high)}
        rows.append(estimate | limits | {"n_draws": len(measure.draws)})
    return pd.DataFrame(rows)
