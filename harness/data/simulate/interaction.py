"""A panel in which the moderator is the effect of the exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.data.simulate.small_panel import SmallPanel


@dataclass(frozen=True)
class Interaction(SmallPanel):
    """The response is exposure times moderator: the effect is m, and changes sign at m = 0."""

    name: ClassVar[str] = "interaction"
    title: ClassVar[str] = "Panel in which the moderator is the effect"

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return x m."""
        return np.asarray(exposure * moderator)
