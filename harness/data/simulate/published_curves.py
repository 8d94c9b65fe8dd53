"""The mean curves that `digital_carbon` is calibrated to, relative to their value at a digital level of 0."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats
from harness.data.simulate.digital_level import GREATEST_LEVEL

MEAN_TOTAL = 920.0
"""Mean emissions of a city at a digital level of 0, 10^4 t, as the study's Figure 4 shows them."""

FALL = 330.0 / 920.0
"""Share by which the mean falls over the whole range of levels."""

INTENSITY_PEAK, INTENSITY_RISE = 0.83, 0.02
PER_HEAD_TURNS, PER_HEAD_PACE = (0.13, 0.50), 2.0


def fall(level: Floats) -> Floats:
    """Return how far total emissions have fallen, from 0 to `FALL`: little up to 0.4, steeply beyond."""
    return np.asarray(FALL * (level / GREATEST_LEVEL) ** 2.8)


def intensity_rise(level: Floats) -> Floats:
    """Return a left-skewed inverted U with its maximum, `INTENSITY_RISE`, at `INTENSITY_PEAK`."""
    share = level / INTENSITY_PEAK
    return np.asarray(INTENSITY_RISE * (8.0 * share - share**8) / 7.0)


def per_head_change(level: Floats) -> Floats:
    """Return a curve that falls, rises and falls, turning at `PER_HEAD_TURNS`."""
    low, high = PER_HEAD_TURNS
    return np.asarray(
        PER_HEAD_PACE * (-(level**3) / 3.0 + (low + high) * level**2 / 2.0 - low * high * level)
    )


def published_curves(level: Floats) -> Floats:
    """Return mean total, intensity and per-head emissions over those at level 0, (3, n_obs).

    The study has total emissions fall by 36 per cent, intensity rise by 17 and emissions per head end near
    their maximum, population and output held. One effect for all cities cannot do that, since total =
    intensity x GDP = per head x population gives the three curves the same slope of the logarithm. Effects
    that differ between cities can come near it: a large city counts more in the mean of totals than in that
    of ratios. Were intensity to rise by 17 per cent and emissions per head to peak at 0.87, the emissions of
    the largest cities would fall below nothing; so intensity rises by 2 per cent here, and emissions per head
    keep the S, with the second turn at 0.50.
    """
    return np.stack([1.0 - fall(level), 1.0 + intensity_rise(level), 1.0 + per_head_change(level)])
