"""What is left of an outcome as parts of entities, of periods and of single rows, each drawn as it depends.

The split and the draws follow the bootstrap under clustering in two dimensions (Menzel 2021, Econometrica 89;
Davezies, D'Haultfoeuille and Guyonvarch 2021, Annals of Statistics 49): a part for each dimension and a
remainder, drawn apart. Levels and remainders take random signs by entity, all rows of an entity the same one,
so that spread, tails and serial correlation are those of the data (wild cluster bootstrap; Cameron, Gelbach
and Miller 2008). Period shocks take a random sign for each period. As they may last, the signs go to the
innovations of a first-order autoregression of theirs (recursive wild bootstrap; Goncalves and Kilian 2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel

MOST_PERSISTENT = 0.95
"""Largest coefficient of the autoregression of period shocks."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Which entity and which period every row is of.

    Attributes
    ----------
    entity : (n_obs,), codes of entities, 0 to `n_entities` less one
    period : (n_obs,), places of the periods in their order, 0 to `n_periods` less one
    """

    entity: Ints
    period: Ints
    n_entities: int
    n_periods: int

    @classmethod
    def of(cls, panel: Panel) -> Cells:
        """Return the cells of a panel's rows; periods without a row do not count."""
        present, period = np.unique(panel.period, return_inverse=True)
        entities, entity = np.unique(panel.entity.codes, return_inverse=True)
        return cls(entity, period, entities.size, present.size)

    def entity_means(self, values: Floats) -> Floats:
        """Return the mean of every entity's rows, (n_entities,)."""
        return _means(values, self.entity, self.n_entities)

    def period_means(self, values: Floats) -> Floats:
        """Return the mean of every period's rows, (n_periods,)."""
        return _means(values, self.period, self.n_periods)

    def matrix(self, values: Floats) -> Floats:
        """Return values as (n_entities, n_periods), zero where there is no row."""
        filled = np.zeros((self.n_entities, self.n_periods))
        filled[self.entity, self.period] = values
        return filled


@dataclass(frozen=True, eq=False)
class ErrorParts:
    """Values of rows as a sum of three parts.

    Attributes
    ----------
    level : (n_entities,), of entities
    shock : (n_periods,), of periods, with mean zero
    remainder : (n_obs,), what is left; its means over entities and over periods are zero
    """

    cells: Cells
    level: Floats
    shock: Floats
    remainder: Floats

    @property
    def variances(self) -> tuple[float, float, float]:
        """Variance over the rows of the parts of entities, of periods, and of the remainder."""
        level, shock = self.level[self.cells.entity], self.shock[self.cells.period]
        return float(level.var()), float(shock.var()), float(self.remainder.var())


def error_parts(values: Floats, cells: Cells) -> ErrorParts:
    """Split values, (n_obs,), into the least squares effects of entities and periods, and the remainder."""
    present = cells.matrix(np.ones(values.size))
    rows = present.sum(axis=1)
    within = values - cells.entity_means(values)[cells.entity]
    normal = np.diag(present.sum(axis=0)) - present.T @ (present / rows[:, None])
    sums = np.bincount(cells.period, weights=within, minlength=cells.n_periods)
    shock = np.linalg.lstsq(normal, sums)[0]
    shock = np.asarray(shock - shock.mean())
    level = cells.entity_means(values - shock[cells.period])
    return ErrorParts(cells, level, shock, values - level[cells.entity] - shock[cells.period])


@dataclass(frozen=True, eq=False)
class PeriodShocks:
    """What period shocks are drawn from.

    Attributes
    ----------
    response : (n_periods, n_periods), of every period's shock to the sign of every innovation
    """

    response: Floats

    def draw(self, rng: Generator) -> Floats:
        """Draw a shock for each period, (n_periods,)."""
        return np.asarray(self.response @ rng.choice([-1.0, 1.0], size=len(self.response)))


def period_shocks(parts: ErrorParts) -> PeriodShocks:
    """Return what period shocks like these are drawn from.

    Remainders with signs by entity have period means too, where those of the data have none, so shocks are
    scaled: variances of period means of shock and remainder together are, in expectation, those of the data.
    Where the remainders alone reach it, there are no shocks.
    """
    shock, cells = parts.shock, parts.cells
    before = float(shock[:-1] @ shock[:-1])
    persistence = float(shock[1:] @ shock[:-1]) / before if before > 0 else 0.0
    persistence = min(max(persistence, 0.0), MOST_PERSISTENT)
    innovations = shock - persistence * np.concatenate([[0.0], shock[:-1]])
    lag = np.subtract.outer(np.arange(shock.size), np.arange(shock.size))
    response = np.where(lag >= 0, persistence ** np.maximum(lag, 0), 0.0) * innovations
    of_data = cells.period_means(parts.remainder + shock[cells.period])
    of_remainder = cells.matrix(parts.remainder) / np.bincount(cells.period)
    wanted = _about_mean(of_data[:, None]) - _about_mean(of_remainder.T)
    expected = _about_mean(response)
    scale = np.sqrt(max(wanted, 0.0) / expected) if expected > 0 else 0.0
    return PeriodShocks(response * scale)


def _about_mean(columns: Floats) -> float:
    """Return the sum of squares of columns about their means."""
    return float(((columns - columns.mean(axis=0)) ** 2).sum())


def _means(values: Floats, codes: Ints, n_codes: int) -> Floats:
    rows = np.bincount(codes, minlength=n_codes)
    return np.asarray(np.bincount(codes, weights=values, minlength=n_codes) / rows)
