"""How emissions respond to the digital level and the moderators in `digital_carbon`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.data.simulate.published_curves import MEAN_TOTAL, fall, published_curves
from harness.data.simulate.situation import Situation


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
