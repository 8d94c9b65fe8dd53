"""Whether predictions add to those of a reference, residuals of near entities go together, series wander."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints, Key
from harness.data.neighbours import Contiguity, Links, nearest_links
from harness.data.panel import Panel

if TYPE_CHECKING:
    import pandas as pd


# Share of squared differences of predictions up to which they are rounding.
ROUNDING = 1e-24


@dataclass(frozen=True)
class EntityTest:
    """A statistic with its p-value and the entities that it rests on."""

    statistic: float
    p_value: float
    n_entities: int


@dataclass(frozen=True)
class Encompassing(EntityTest):
    """The t statistic of a forecast encompassing test with its p-value.

    Attributes
    ----------
    weight : of the rival where both are averaged, 0 where the reference says all that the rival does
    """

    weight: float


def encompassing_test(
    rival: pd.DataFrame, reference: pd.DataFrame, *, test_to_train: float = 0.0
) -> Encompassing | None:
    """Test whether a rival's predictions add to those of a reference on the same test rows.

    The errors of the reference are regressed on the difference of the predictions (Harvey, Leybourne and
    Newbold 1998), both less their means in the period: shocks that all entities share fall away, however long
    they last. The standard error is the jackknife over entities (CV3 of MacKinnon, Nielsen and Webb 2023),
    widened for training rows that folds share (Nadeau and Bengio 2003). The test is one-sided: a rival that
    only adds noise has a negative weight, and adds nothing.

    Parameters
    ----------
    rival, reference : test rows of one protocol, with columns fold, entity, time, observed, predicted
    test_to_train : test rows over training rows of a fold

    Returns
    -------
    None where their predictions never differ by other than a number for each period, or of a single entity.
    """
    from scipy.stats import t

    keys = ["fold", "entity", "time"]
    other = reference.set_index(rival.index) if len(reference) == len(rival) else reference
    if rival[keys].equals(other[keys]):
        both = rival.assign(predicted_reference=other["predicted"])
    else:
        both = rival.merge(reference, on=keys, suffixes=("", "_reference"))
    apart = both[["predicted", "observed"]].sub(both["predicted_reference"], axis="index")
    within = apart - apart.groupby(both["time"], observed=True).transform("mean")
    difference, error = within.to_numpy().T
    codes = both["entity"].factorize()[0]
    cross, square = (np.bincount(codes, weights=difference * one) for one in (error, difference))
    if (square.sum() - square).min() <= ROUNDING * float(np.square(apart["predicted"]).sum()):
        return None
    weight, n_entities = float(cross.sum() / square.sum()), square.size
    without = (cross.sum() - cross) / (square.sum() - square)
    variance = (n_entities - 1) / n_entities * np.square(without - weight).sum() * (1.0 + test_to_train)
    statistic = weight / float(np.sqrt(variance))
    return Encompassing(statistic, float(t.sf(statistic, n_entities - 1)), n_entities, weight)


# With fewer entities there is no test, and with fewer periods none of a unit root.
LEAST_ENTITIES, LEAST_PERIODS = 20, 10


def harris_tzavalis(panel: Panel, values: Floats) -> EntityTest | None:
    """Test the null that every entity's series is a random walk (Harris and Tzavalis 1999, with levels).

    The autoregression of all entities together, with effects of entities, has a coefficient below one by
    3 / (T + 1) under the null, T being the periods less one; many entities make it normal however few periods
    there are. Means over the entities of a period are taken out first.

    Parameters
    ----------
    values : (n_obs,)

    Returns
    -------
    The standardised coefficient with its lower tail, by entities with a row in every period; None where
    periods are fewer than ten or have gaps, or those entities fewer than twenty.
    """
    from scipy.stats import norm

    periods, column = np.unique(panel.period, return_inverse=True)
    entities, row = np.unique(panel.entity.codes, return_inverse=True)
    series = np.full((entities.size, periods.size), np.nan)
    series[row, column] = values
    series = series[np.isfinite(series).all(axis=1)]
    if periods.size < LEAST_PERIODS or np.ptp(periods) >= periods.size or len(series) < LEAST_ENTITIES:
        return None
    series = series - series.mean(axis=0)
    before, now = (own - own.mean(axis=1, keepdims=True) for own in (series[:, :-1], series[:, 1:]))
    spread, n = float(np.square(before).sum()), periods.size - 1
    if not spread > ROUNDING * float(np.square(values).sum()):
        return None
    gap = float((before * now).sum()) / spread - 1.0 + 3.0 / (n + 1)
    variance = 3.0 * (17 * n**2 - 20 * n + 17) / (5.0 * (n - 1) * (n + 1) ** 3)
    statistic = gap * float(np.sqrt((len(series) - 1) / variance))
    return EntityTest(statistic, float(norm.cdf(statistic)), len(series))


# Draws of who lives where; the least p-value is one in 500.
N_PERMUTATIONS = 499


def geography_of(panel: Panel) -> Contiguity | pd.DataFrame | None:
    """Return which entities are neighbours by a file, or else where they are; None where neither is known.

    A place is the mean of an entity's rows: columns latitude and longitude, by its label.
    """
    import pandas as pd

    if panel.contiguity is not None or panel.coordinates is None:
        return panel.contiguity

    labels = np.asarray(panel.entity.labels, dtype=object)[panel.entity.codes]
    coordinates = pd.DataFrame(panel.coordinates, columns=["latitude", "longitude"])
    return coordinates.groupby(labels).mean().dropna()


def moran_test(
    predictions: pd.DataFrame, geography: Contiguity | pd.DataFrame, rng: Generator
) -> EntityTest | None:
    """Test whether residuals of entities near each other go together in the same period.

    Moran's I of all periods together, with a p-value from permutations of entities over places: an entity
    keeps its residuals of all periods, so that correlation over time is as strong in every draw.

    Parameters
    ----------
    predictions : rows with columns entity, time, observed, predicted; of a row predicted twice the first
    geography : of `geography_of`
    rng : of the permutations

    Returns
    -------
    Moran's I with its two-sided p-value; None where fewer than `LEAST_ENTITIES` have a place, or neighbours
    by a file.
    """
    once = predictions.drop_duplicates(["entity", "time"])
    residual = (once["observed"] - once["predicted"]).rename("residual")
    wide = once.assign(residual=residual - residual.mean()).pivot_table(
        index="entity", columns="time", values="residual"
    )
    known = geography.entities if isinstance(geography, Contiguity) else geography.index
    wide = wide[wide.index.isin(known)].fillna(0.0)
    links = _links(geography, wide.index)
    if np.unique(links.rows).size < LEAST_ENTITIES:
        return None
    products = wide.to_numpy() @ wide.to_numpy().T
    share = _share(products, links, np.arange(len(wide)))
    drawn = np.array(
        [_share(products, links, rng.permutation(len(wide)).astype(np.int64)) for _ in range(N_PERMUTATIONS)]
    )
    as_far = np.abs(drawn - drawn.mean()) >= abs(share - drawn.mean())
    return EntityTest(share, (1.0 + float(as_far.sum())) / (N_PERMUTATIONS + 1.0), len(wide))


def _links(geography: Contiguity | pd.DataFrame, labels: pd.Index) -> Links:
    """Return the neighbours of some entities among themselves."""
    together = np.zeros(len(labels), dtype=np.int64)
    if isinstance(geography, Contiguity):
        return geography.links(Key("entity", tuple(labels), np.arange(len(labels))), together)
    return nearest_links(geography.loc[labels].to_numpy(dtype=np.float64), together)


def _share(products: Floats, links: Links, order: Ints) -> float:
    """Return the mean product of neighbours over that of an entity with itself, entities in some order."""
    pairs = products[order[links.rows], order[links.others]]
    return float(links.weights @ pairs / links.weights.sum() / np.trace(products) * len(products))
