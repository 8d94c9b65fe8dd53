"""What the columns other than the exposure are while a curve is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel

Held = Literal["average", "mean", "median"]

_CENTRES: Mapping[Held, Callable[[Floats], np.floating]] = {"mean": np.mean, "median": np.median}


def hold(panel: Panel, held: Held) -> Panel:
    """Return the panel on whose rows a curve is averaged.

    With ``average`` it is the panel itself, and the curve is a partial dependence. Otherwise every column
    other than the exposure has its mean, or its median, in all rows; columns that follow from others are
    computed from those. Entities and periods stay, so that their effects are averaged in any case.
    """
    if held == "average":
        return panel
    derived = {derivation.into for derivation in panel.derived}
    centre = _CENTRES[held]
    for name in panel.columns:
        if name != panel.exposure and name not in derived:
            panel = panel.with_column(name, float(centre(panel.column(name))))
    return panel
