"""The neighbours of a panel's rows, by a file of pairs or by where they are."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.distance import nearest_neighbours
from harness.data.links import Links
from harness.data.panel import Panel

NEAREST = 5
"""Neighbours of a row where none are named: the nearest of its period, with equal weights."""


def neighbour_links(panel: Panel) -> Links | None:
    """Return the neighbours of each row, by the contiguity or else the nearest; None without either."""
    if panel.contiguity is not None:
        return panel.contiguity.links(panel.entity, panel.period)
    return None if panel.coordinates is None else nearest_links(panel.coordinates, panel.period)


def nearest_links(coordinates: Floats, period: Ints) -> Links:
    """Return the nearest rows of each row's period, fewer where there are no more.

    Parameters
    ----------
    coordinates : (n_obs, 2), latitude and longitude in degrees
    period : (n_obs,)
    """
    near = nearest_neighbours(coordinates, period, nearest=NEAREST)
    rows, places = np.nonzero(near >= 0)
    return Links.standardised(
        rows, near[rows, places], np.ones(rows.size), source=f"{NEAREST} nearest rows of a period"
    )
