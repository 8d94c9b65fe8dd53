"""How emissions respond to the digital level and the moderators in `digital_carbon`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.data.simulate.digital_carbon.digital_level import GREATEST_LEVEL
from harness.data.simulate.digital_carbon.situation import Situation

MEAN_TOTAL = 920.0
"""Mean emissions of a city at a digital level of 0, 10^4 t, as the study's Figure 4 shows them."""

FALL = 330.0 / 920.0
"""Share by which the mean falls over the whole range of levels."""

INTENSITY_PEAK, INTENSITY_RISE = 0.83, 0.02
PER_HEAD_TURNS, PER_HEAD_PACE = (0.13, 0.50), 2.0


@dataclass(frozen=True, eq=False)
class Response:
    """Expected emissions, calibrated so that their mean curves over one panel are `published_curves`.

    Emissions at level 0 grow with population, output, foreign investment and, in a V, with innovation. A
    level of D multiplies them by

        w_1(D) + w_2(D) size + w_3(D) wealth + fall(D) offset,

    where size and wealth are bounded functions of population and output per head, and the offset of foreign
    investment, technology attention and innovation. At each D three weights are found for three mean curves,
    so the fall of total emissions is that of large and rich cities.

    Attributes
    ----------
    unit : emissions of a city whose scale is 1, 10^4 t
    weights : (3, 3), turns published curves into the weights w
    offset : (3,), mean offset in each of the three curves
    """

    unit: float
    weights: Floats
    offset: Floats

    @classmethod
    def calibrated(cls, situation: Situation) -> Response:
        """Return the response that is calibrated on a panel."""
        scale = _scale(situation)
        shares = np.stack([scale, scale / situation.gdp, scale / situation.population])
        shares /= shares.sum(axis=1, keepdims=True)
        return cls(
            unit=MEAN_TOTAL / float(scale.mean()),
            weights=np.asarray(np.linalg.inv(shares @ _traits(situation).T), dtype=np.float64),
            offset=shares @ _offset(situation),
        )

    def factor(self, level: Floats, situation: Situation) -> Floats:
        """Return what the level multiplies emissions by, (n_obs,)."""
        drop = fall(level)
        w = self.weights @ (published_curves(level) - self.offset[:, None] * drop)
        return np.asarray(np.sum(w * _traits(situation), axis=0) + drop * _offset(situation))

    def emissions(self, level: Floats, situation: Situation) -> Floats:
        """Return expected total emissions, (n_obs,), 10^4 t."""
        return self.unit * _scale(situation) * self.factor(level, situation)


def _scale(situation: Situation) -> Floats:
    moderators = situation.moderators
    innovation = _score(moderators["innovation"], 1.2, 0.8)
    exponent = (
        0.5 * np.log(situation.population)
        + 0.35 * np.log(moderators["gdp_pc"])
        + 0.04 * _score(moderators["fdi_pc"], 0.06, 0.7)
        + 0.05 * np.sqrt(np.square(innovation) + 0.25)
        + situation.pressure
    )
    return np.asarray(np.exp(exponent))


def _traits(situation: Situation) -> Floats:
    """Return a constant, size and wealth, (3, n_obs), the latter two between -1 and 1."""
    size = np.tanh(_score(situation.population, 300.0, 0.45))
    wealth = np.tanh(_score(situation.moderators["gdp_pc"], 4.5, 0.35))
    return np.stack([np.ones_like(size), size, wealth])


def _offset(situation: Situation) -> Floats:
    """Return by how much more emissions fall, as a multiple of the mean fall, (n_obs,)."""
    moderators = situation.moderators
    fdi = np.tanh(_score(moderators["fdi_pc"], 0.06, 0.7))
    attention = np.tanh(_score(moderators["technology_attention"], 0.035, 0.7))
    innovation = np.tanh(_score(moderators["innovation"], 1.2, 0.8))
    return np.asarray(0.08 * innovation - 0.10 * fdi - 0.06 * attention)


def _score(values: Floats, median: float, spread: float) -> Floats:
    """Return the standard score of the logarithm; a value of 0 counts as a hundredth of the median."""
    return np.asarray(np.log(np.maximum(values, median / 100.0) / median) / spread)


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
