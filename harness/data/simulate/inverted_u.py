"""A panel whose response rises and then falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.data.simulate.small_panel import SmallPanel


@dataclass(frozen=True)
class InvertedU(SmallPanel):
    """A parabola 1 - 4 (x - 0.6)² with its maximum at an exposure of 0.6."""

    name: ClassVar[str] = "inverted_u"
    title: ClassVar[str] = "Panel with an inverted U as response"
    turning_points: ClassVar[tuple[float]] = (0.6,)

    def response(self, exposure: Floats, moderator: Floats) -> Floats:  # noqa: ARG002 - it has no effect
        """Return the parabola."""
        return np.asarray(1.0 - 4.0 * np.square(exposure - self.turning_points[0]))
