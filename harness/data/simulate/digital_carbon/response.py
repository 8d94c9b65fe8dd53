"""How emissions respond to the digital level and the moderators in `digital_carbon`.

The published study has total emissions fall by 36 per cent along the index, intensity rise by 17 and
emissions per head turn twice, population and output held. Since total = intensity x GDP = per head x
population in every row, one effect for all cities would give the three curves the same slope of the
logarithm. Effects that differ by size and wealth need not: the mean of totals weighs large cities, the mean
of ratios all alike, and intensity counts the poor for more than emissions per head do. With the spread of
sizes among cities, the `Response` has exactly these three mean curves, meets both identities row by row, and
all its emissions are above zero.

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

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.simulate.simulation import Values
from harness.errors import DataError
from harness.language import marked

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline


# Where the published index ends; it starts at 0.
GREATEST_LEVEL = 0.88

# Output per head, 10^4 yuan, from which the digital level raises emissions, and then lowers them.
GDP_ONSET, GDP_TURN = 3.7, 7.5

# Fiscal spending on science per head, 10^4 yuan, from which the response depends on it.
ATTENTION_ONSET = 0.6

POPULATION_ELASTICITY, GDP_ELASTICITY = 0.8, 0.6

# Digital levels at which the response is calibrated; between them it is a cubic spline.
GRID = np.linspace(0.0, GREATEST_LEVEL, 177)

STEPS, CLOSE = 60, 1e-12


@dataclass(frozen=True, eq=False)
class Response:
    """Expected emissions, calibrated so that their mean curves over one panel are the published ones.

    Emissions at level 0 grow with population, output, foreign investment and, in a V, with innovation. A
    level of D multiplies them by

        exp(a(D) + b(D) size + c(D) middle - d(D) rich + given(D)),

    where size is the standard score of log population, middle and rich are functions of output per head that
    begin at `GDP_ONSET` and `GDP_TURN` (the former fades in large cities), and what is given depends on
    innovation, technology attention and the pilot policy. At each D the four numbers are those for which the
    means of total emissions, intensity and emissions per head are `published_curves`, and for which, were all
    cities below `GDP_ONSET`, the level would change neither intensity nor emissions per head.

    Attributes
    ----------
    unit : emissions of a city whose scale is 1, 10^4 t
    weights : (n_grid, 4), a, b, c, d on `GRID`
    """

    unit: float
    weights: Floats

    @classmethod
    def calibrated(cls, situation: Situation) -> Response:
        """Return the response that is calibrated on a panel."""
        scale = _scale(situation)
        per_head = scale / situation.population
        alike = per_head / situation.moderators["gdp_pc"] ** GDP_ELASTICITY
        shares = np.stack([scale, scale / situation.gdp, per_head, alike])
        shares /= shares.sum(axis=1, keepdims=True)
        traits, given = _traits(situation), _given(situation)
        weights, found = np.zeros(len(traits)), []
        targets = published_curves(GRID)
        for level, target in zip(GRID, targets.T, strict=True):
            weights = _solved(weights, traits, _given_at(level, *given), shares, target)
            found.append(weights)
        return cls(unit=MEAN_TOTAL / float(scale.mean()), weights=np.array(found))

    def log_factor(self, level: Floats, situation: Situation) -> Floats:
        """Return the logarithm of what the level multiplies emissions by, (n_obs,)."""
        distinct, at = np.unique(level, return_inverse=True)
        here = np.asarray(self._curves(distinct), dtype=np.float64)[at]
        return np.asarray((here.T * _traits(situation)).sum(axis=0) + _given_at(level, *_given(situation)))

    @cached_property
    def _curves(self) -> CubicSpline:
        from scipy.interpolate import CubicSpline

        return CubicSpline(GRID, self.weights)

    def emissions(self, level: Floats, situation: Situation) -> Floats:
        """Return expected total emissions, (n_obs,), 10^4 t; above 0."""
        return self.unit * _scale(situation) * np.exp(self.log_factor(level, situation))


def _solved(start: Floats, traits: Floats, given: Floats, shares: Floats, target: Floats) -> Floats:
    """Return the weights of one level by Newton's method, from those of the level before.

    Raises
    ------
    DataError
        Where no weights give the three means; the cities are too few or too alike for them.
    """
    weights = start
    below = traits * np.array([1.0, 1.0, 0.0, 0.0])[:, None]
    for _ in range(STEPS):
        factor, factor_below = np.exp(weights @ traits + given), np.exp(weights @ below + given)
        parts = np.vstack([shares[:3] * factor, shares[3] * factor_below])
        error = parts.sum(axis=1) - np.append(target, 1.0)
        if np.abs(error).max() < CLOSE:
            return weights
        slopes = np.vstack([parts[:3] @ traits.T, parts[3] @ below.T])
        step = np.linalg.solve(slopes, error)
        weights = weights - step / max(1.0, np.abs(step).max() / 0.3)
    what = marked("no response of these cities has the published mean curves")
    expected = marked("cities enough of different size and wealth")
    hint = marked("raise n_entities or n_periods, or take another seed")
    raise DataError.at("data.simulate", what, expected, hint)


def _scale(situation: Situation) -> Floats:
    moderators = situation.moderators
    innovation = _score(moderators["innovation"], 1.2, 0.8)
    exponent = (
        POPULATION_ELASTICITY * np.log(situation.population)
        + GDP_ELASTICITY * np.log(moderators["gdp_pc"])
        + 0.08 * _score(moderators["fdi_pc"], 0.06, 0.7)
        + 0.20 * np.sqrt(np.square(innovation) + 0.25)
        + situation.pressure
    )
    return np.asarray(np.exp(exponent))


def _size(situation: Situation) -> Floats:
    return _score(situation.population, 275.0, 0.9)


def _traits(situation: Situation) -> Floats:
    """Return a constant, size, middle and minus rich, (4, n_obs); the last two are 0 up to their onsets."""
    gdp = situation.moderators["gdp_pc"]
    way = np.clip(np.log(gdp / GDP_ONSET) / np.log(GDP_TURN / GDP_ONSET), 0.0, 1.0)
    size = _size(situation)
    small = 1.0 - np.tanh(1.25 * (size + 0.5))
    middle = np.minimum(1.0, 4.0 * np.minimum(way, 1.0 - way))
    rich = np.tanh(2.0 * np.log(np.maximum(gdp / GDP_TURN, 1.0)))
    return np.stack([np.ones_like(gdp), size, middle * small, -rich])


def _given(situation: Situation) -> tuple[Floats, Floats]:
    """Return what the response to the level has besides what is calibrated, (n_obs,) each.

    The first is the effect at level 0 of what fades as the level rises: innovation strengthens reductions.
    The second lasts, per unit of the level: beyond `ATTENTION_ONSET` attention lowers the emissions of small
    cities and raises those of large ones, so that intensity falls and the fall of totals weakens; the pilot
    policy lowers emissions.
    """
    moderators = situation.moderators
    innovation = np.tanh(_score(moderators["innovation"], 1.2, 0.8))
    beyond = np.log(np.maximum(moderators["technology_attention"] / ATTENTION_ONSET, 1.0))
    turned = 1.4 * np.tanh(2.0 * beyond) * (np.tanh(_size(situation)) - 0.1)
    return -0.4 * innovation, turned - 0.3 * situation.policy


def _given_at(level: Floats | float, fading: Floats, lasting: Floats) -> Floats:
    """Return the logarithm of what is given at a level, (n_obs,)."""
    spent = level - np.square(level) / (2.0 * GREATEST_LEVEL)
    return np.asarray(fading * spent + lasting * level)


def _score(values: Floats, median: float, spread: float) -> Floats:
    """Return the standard score of the logarithm; a value of 0 counts as a hundredth of the median."""
    return np.asarray(np.log(np.maximum(values, median / 100.0) / median) / spread)


# Output, foreign investment and fiscal spending on science in 10^4 yuan of 2011 per head; invention patents
# granted per 10^4 persons.
MODERATORS = ("gdp_pc", "fdi_pc", "technology_attention", "innovation")


@dataclass(frozen=True, eq=False)
class Situation:
    """What emissions depend on besides the digital level, (n_obs,) each.

    Attributes
    ----------
    population : 10^4 persons
    moderators : by the names in `MODERATORS`
    pressure : logarithm of what the structure of the economy and the city itself add
    policy : 1 where the pilot policy is in force, else 0
    """

    population: Floats
    moderators: Mapping[str, Floats]
    pressure: Floats
    policy: Floats

    @property
    def gdp(self) -> Floats:
        """Output, 10^8 yuan of 2011."""
        return self.population * self.moderators["gdp_pc"]

    def take(self, rows: Ints, given: Mapping[str, Values]) -> Situation:
        """Return the situation of some rows, (n_rows,), in which some moderators have other values.

        Raises
        ------
        KeyError
            Where a name is none of a moderator.
        """
        unknown = set(given) - set(MODERATORS)
        if unknown:
            message = f"no moderators: {sorted(unknown)}; there are {', '.join(MODERATORS)}"
            raise KeyError(message)
        moderators = {
            name: np.asarray(np.broadcast_to(given.get(name, drawn[rows]), rows.shape), dtype=np.float64)
            for name, drawn in self.moderators.items()
        }
        return Situation(self.population[rows], moderators, self.pressure[rows], self.policy[rows])


# Mean emissions of a city at a digital level of 0, 10^4 t.
MEAN_TOTAL = 920.0

# Digital level and mean emissions, 10^4 t: both ends, at least 885 at 0.2, 80 and 190 less than at 0.4.
TOTAL_AT = {0.0: 920.0, 0.2: 890.0, 0.4: 855.0, 0.6: 775.0, 0.8: 665.0, 0.88: 590.0}

INTENSITY_LINEAR, INTENSITY_PEAK, INTENSITY_RISE = 0.5, 0.83, 0.17
PER_HEAD_TURNS, PER_HEAD_PACE = (0.13, 0.87), 0.7


def total_curve(level: Floats) -> Floats:
    """Return mean total emissions over those at level 0, through `TOTAL_AT`, ever steeper.

    Between the points the curve is monotone (Fritsch and Carlson 1980).
    """
    from scipy.interpolate import PchipInterpolator

    at, total = np.array(list(TOTAL_AT.items())).T
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
