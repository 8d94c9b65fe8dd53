"""Whether predictions add to those of a reference out of sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LEAST_PERIODS = 5
"""With fewer test periods shocks common to a period move all rows together, and there is no p-value."""


@dataclass(frozen=True)
class Encompassing:
    """The t statistic of a forecast encompassing test with its two-sided p-value.

    Attributes
    ----------
    weight : of the rival where both are averaged, 0 where the reference says all that the rival does
    """

    weight: float
    statistic: float
    p_value: float
    n_entities: int


def encompassing_test(rival: pd.DataFrame, reference: pd.DataFrame) -> Encompassing | None:
    """Test whether a rival's predictions add to those of a reference on the same test rows.

    The errors of the reference are regressed on the difference of the predictions (Harvey, Leybourne and
    Newbold 1998), with errors clustered by entity.

    Parameters
    ----------
    rival, reference : test rows of one protocol, with columns fold, entity, time, observed, predicted

    Returns
    -------
    None where they share fewer than `LEAST_PERIODS` periods, or never differ.
    """
    from scipy.stats import t

    keys = ["fold", "entity", "time"]
    both = rival.merge(reference, on=keys, suffixes=("", "_reference"))
    difference = (both["predicted"] - both["predicted_reference"]).to_numpy()
    total = float(difference @ difference)
    if both["time"].nunique() < LEAST_PERIODS or total == 0.0:
        return None
    error = (both["observed"] - both["predicted_reference"]).to_numpy()
    weight = float(difference @ error) / total
    codes = both["entity"].factorize()[0]
    scores = np.bincount(codes, weights=difference * (error - weight * difference))
    n_entities = scores.size
    std_error = np.sqrt(np.square(scores).sum() * n_entities / (n_entities - 1)) / total
    statistic = weight / float(std_error)
    return Encompassing(weight, statistic, float(2.0 * t.sf(abs(statistic), n_entities - 1)), n_entities)
