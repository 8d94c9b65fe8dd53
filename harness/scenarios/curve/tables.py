"""Curves and their turning points as tidy rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.arrays import Floats, Mask
from harness.evaluation.resample import ResampleUnit
from harness.scenarios.asked import Asked
from harness.scenarios.bands import bands, simultaneous_limits
from harness.scenarios.curve.turning_points import significant_slopes, turning_points

if TYPE_CHECKING:
    import pandas as pd

CurveKind = Literal["level", "slope", "ale", "level_supported", "average_effect"]


@dataclass(frozen=True, eq=False)
class CurveEstimate:
    """One curve of one estimator.

    Attributes
    ----------
    kind : level, level_supported and ale in outcome units, slope and average_effect in those per unit of
        exposure
    at : (n_grid,), increasing, the exposure's unit; one NaN of the average effect, which has no place
    curve : (n_grid,)
    draws : (n_draws, n_grid)
    supported : (n_grid,), whether the data reach there
    share_of_rows : (n_grid,), in [0, 1], rows with data near them at each exposure; NaN where all count
    mean_level : what to add to `curve` to set it beside levels; NaN where it is one, or a slope
    """

    kind: CurveKind
    at: Floats
    curve: Floats
    draws: Floats
    supported: Mask
    share_of_rows: Floats | float = np.nan
    mean_level: float = np.nan


def curve_rows(
    curves: Iterable[CurveEstimate], asked: Asked, *, level: float, unit: ResampleUnit | Literal[""]
) -> pd.DataFrame:
    """Return a row for each curve, band and grid point.

    Parameters
    ----------
    asked : gives each curve's random stream
    level : in (0, 1), of the bands
    unit : what a draw resamples; empty where the estimator's own draws do not tell
    """
    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                "kind": curve.kind,
                "at": curve.at,
                "estimate": curve.curve,
                "conf_low": band.low,
                "conf_high": band.high,
                "band": band.kind,
                "n_draws": len(curve.draws),
                "supported": curve.supported,
                "share_of_rows": curve.share_of_rows,
                "mean_level": curve.mean_level,
                "level": level,
                "unit": unit,
            }
        )
        for curve in curves
        for band in bands(
            curve.draws, level=level, supported=curve.supported, rng=asked.rng("bands", curve.kind)
        )
    ]
    return pd.concat(frames, ignore_index=True)


def turning_point_rows(
    curve: CurveEstimate, slopes: CurveEstimate, asked: Asked, *, level: float
) -> pd.DataFrame:
    """Return a row for each interior extreme, or one of kind ``none`` without numbers where there is none.

    Parameters
    ----------
    slopes : of `curve`; their simultaneous band is that of `curve_rows`
    asked : gives each curve's random stream
    """
    import pandas as pd

    low, high = simultaneous_limits(
        slopes.draws, level=level, among=slopes.supported, rng=asked.rng("bands", slopes.kind)
    )
    found = turning_points(
        curve.at,
        curve.curve,
        curve.draws,
        slopes=significant_slopes(slopes.curve, low, high),
        supported=curve.supported,
        level=level,
        rng=asked.rng("turning points"),
    )
    none = {"kind": ["none"], "is_established": [False]}
    rows = pd.DataFrame([asdict(point) for point in found] if found else none)
    return rows.assign(n_draws=len(curve.draws))
