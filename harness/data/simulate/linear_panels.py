"""Small panels whose response is linear in the exposure: with one effect, a moderated one, and none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.data.simulate.small_panel import SmallPanel


@dataclass(frozen=True)
class InteractionPanel(SmallPanel):
    """The response is exposure times moderator: the effect is m, and changes sign at m = 0."""

    name: ClassVar[str] = "interaction"
    title: ClassVar[str] = "Panel in which the moderator is the effect"

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return x m."""
        return np.asarray(exposure * moderator)


@dataclass(frozen=True)
class Linear(SmallPanel):
    """The response is the exposure itself: all there is to learn is linear."""

    name: ClassVar[str] = "linear"
    title: ClassVar[str] = "Linear panel"

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return x."""
        return np.asarray(exposure)


@dataclass(frozen=True)
class NullEffect(SmallPanel):
    """No effect of the exposure, no nonlinearity, 27 slow-moving inputs, and a constant for each city.

    The constants are about 40 per cent of the outcome's variance, the noise about 5. An estimator that
    recognises a city by its inputs predicts its other years better than least squares does, and a city never
    seen worse: a gain without anything to gain.
    """

    name: ClassVar[str] = "null_effect"
    title: ClassVar[str] = "Linear panel without any effect of the exposure"
    n_controls: ClassVar[int] = 25
    between: ClassVar[float] = 0.97
    control_sd: ClassVar[float] = 0.74
    city_sd: ClassVar[float] = 0.63

    noise: float = 0.22

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return 0.2 m."""
        return np.asarray(0.2 * moderator)
