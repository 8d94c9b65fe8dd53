"""The net effect curves that the published study shows, as the mean truth of `digital_carbon`.

The study has total emissions fall by 36 per cent along the index, intensity rise by 17 and emissions per
head turn twice, population and output held. Since total = intensity x GDP = per head x population in every
row, one effect for all cities would give the three curves the same slope of the logarithm. Effects that
differ by size and wealth need not: the mean of totals weighs large cities, the mean of ratios all alike, and
intensity counts the poor for more than emissions per head do. With the spread of sizes among cities, the
response in `harness.data.simulate.digital_carbon.response` has exactly these three mean curves, meets both
identities row by row, and all its emissions are above zero.

Three things cannot be met.

- The level of intensity. Emissions of 2.3 per head are an intensity of about 0.4 at an output of five
  10^4 yuan per head, which is where the thresholds of the study's Figure 8 stand (3.7 and 7.5); its printed
  0.12 would need an output per head of 19.5. So intensity has the published shape at a level of its own.
- At one output per head for all, intensity is emissions per head over a constant, so the two respond alike:
  the rise of intensity above 3.7 ends where the fall of emissions per head begins, at 7.5.
- Emissions per head cannot fall at every attention up to 0.6, where nearly all rows are (Figure 11), and rise
  in the mean of those rows (Figure 4).

Of emissions per head the study prints one level, at the maximum, which a draw meets to a tenth; how deep the
curve falls before is chosen here.
"""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats

MEAN_TOTAL = 920.0
"""Mean emissions of a city at a digital level of 0, 10^4 t."""

TOTAL_AT: tuple[tuple[float, float], ...] = (
    (0.0, 920.0),
    (0.2, 890.0),
    (0.4, 855.0),
    (0.6, 775.0),
    (0.8, 665.0),
    (0.88, 590.0),
)
"""Digital level and mean emissions, 10^4 t: both ends, at least 885 at 0.2, 80 and 190 less than at 0.4."""

INTENSITY_LINEAR, INTENSITY_PEAK, INTENSITY_RISE = 0.5, 0.83, 0.17
PER_HEAD_TURNS, PER_HEAD_PACE = (0.13, 0.87), 0.7


def total_curve(level: Floats) -> Floats:
    """Return mean total emissions over those at level 0, through `TOTAL_AT`, ever steeper.

    Between the points the curve is monotone (Fritsch and Carlson 1980).
    """
    from scipy.interpolate import PchipInterpolator

    at, total = np.array(TOTAL_AT).T
    return np.asarray(PchipInterpolator(at, total / MEAN_TOTAL)(level), dtype=np.float64)


def intensity_curve(level: Floats) -> Floats:
    """Return mean intensity over that at level 0: a line up to 0.5, then slower to the peak."""
    width = INTENSITY_PEAK - INTENSITY_LINEAR
    pace = INTENSITY_RISE / (INTENSITY_LINEAR + width * 2.0 / 3.0)
    beyond = np.maximum(level - INTENSITY_LINEAR, 0.0)
    return np.asarray(1.0 + pace * (level - beyond**3 / (3.0 * width**2)))


def per_head_curve(level: Floats) -> Floats:
    """Return mean emissions per head over those at level 0: down, up, down, turning at `PER_HEAD_TURNS`."""
    low, high = PER_HEAD_TURNS
    way = -(level**3) / 3.0 + (low + high) * level**2 / 2.0 - low * high * level
    return np.asarray(1.0 + PER_HEAD_PACE * way)


def published_curves(level: Floats) -> Floats:
    """Return the curves of total, intensity and per-head emissions over those at level 0, (3, n)."""
    return np.stack([total_curve(level), intensity_curve(level), per_head_curve(level)])
