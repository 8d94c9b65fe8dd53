"""Small panels whose response to the exposure is a curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.data.simulate.small_panel import SmallPanel


@dataclass(frozen=True)
class SCurve(SmallPanel):
    """A response with a minimum at an exposure of 0.13 and a maximum at 0.87.

    With u = x - 1/2 its slope is proportional to (0.37² - u²)(1 + 16 u²); it rises by 1 between the turning
    points, and falls by 0.31 on either side of them.
    """

    name: ClassVar[str] = "s_curve"
    title: ClassVar[str] = "Panel with an S-shaped response"
    turning_points: ClassVar[tuple[float, float]] = (0.13, 0.87)

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return the antiderivative of the slope."""
        reach = 0.37
        rise = 2.0 * (_shape(np.array(reach), reach))
        return np.asarray(_shape(exposure - 0.5, reach) / rise)


def _shape(u: Floats, reach: float) -> Floats:
    """Return the integral of (reach² - u²)(1 + 16 u²) from 0 to u."""
    return np.asarray(reach**2 * u + (16.0 * reach**2 - 1.0) * u**3 / 3.0 - 16.0 * u**5 / 5.0)


@dataclass(frozen=True)
class InvertedU(SmallPanel):
    """A parabola 1 - 4 (x - 0.6)² with its maximum at an exposure of 0.6."""

    name: ClassVar[str] = "inverted_u"
    title: ClassVar[str] = "Panel with an inverted U as response"
    turning_points: ClassVar[tuple[float]] = (0.6,)

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return the parabola."""
        return np.asarray(1.0 - 4.0 * np.square(exposure - self.turning_points[0]))


RATE = 3.0


@dataclass(frozen=True)
class MonotonePanel(SmallPanel):
    """A saturating response 1 - exp(-3 x), without any turning point."""

    name: ClassVar[str] = "monotone"
    title: ClassVar[str] = "Panel with a saturating response"

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return 1 - exp(-3 x)."""
        return np.asarray(-np.expm1(-RATE * exposure))
