"""A panel whose response rises throughout, ever more slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.data.simulate.small_panel import SmallPanel

RATE = 3.0


@dataclass(frozen=True)
class Monotone(SmallPanel):
    """A saturating response 1 - exp(-3 x), without any turning point."""

    name: ClassVar[str] = "monotone"
    title: ClassVar[str] = "Panel with a saturating response"

    def response(self, exposure: Floats, moderator: Floats) -> Floats:  # noqa: ARG002 - it has no effect
        """Return 1 - exp(-3 x)."""
        return np.asarray(-np.expm1(-RATE * exposure))
