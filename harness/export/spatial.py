"""A spatial Durbin panel as lagsarlm and spregress write it: lagged columns, weights by pairs of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.panel import Panel

# What stands before columns that are means over neighbours.
LAG = "W × "


def of_no_other_program(options: Mapping[str, Any], panel: Panel) -> str:
    """Return which option lagsarlm and spregress do not have, in words; empty where they have all."""
    if options["likelihood"] != "direct":
        return "lagsarlm has no likelihood that is adjusted for effects, but `likelihood: direct`"
    if options["nearest"] is not None or options["within_km"] is not None:
        return "its neighbours are other ones than those of the data"
    return "" if panel.contiguity is not None or panel.coordinates is not None else "nothing tells neighbours"


def lagged_columns(panel: Panel) -> Mapping[str, Floats]:
    """Return the neighbours' mean of each column, (n_obs,), by its name; none without neighbours."""
    links = panel.links()
    if links is None:
        return {}
    near = links.weights[:, None] * panel.X[links.others]
    lagged = np.zeros_like(panel.X)
    np.add.at(lagged, links.rows, near)
    return {f"{LAG}{name}": lagged[:, column] for column, name in enumerate(panel.columns)}


def pairs_of(panel: Panel) -> pd.DataFrame:
    """Return pairs of neighbouring rows, counted from one, and their weights."""
    links = panel.links()
    assert links is not None  # noqa: S101 - refused by `of_no_other_program`
    return pd.DataFrame({"row": links.rows + 1, "neighbour": links.others + 1, "weight": links.weights})
