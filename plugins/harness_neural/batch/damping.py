"""How far Levenberg-Marquardt steps go."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Options of the method.

    Attributes
    ----------
    damping : > 0; added to the curvature at the first step, in units of standardised outcome and inputs
    rise, fall : > 1; what the damping is multiplied by after a step that does not lower the loss, and divided
        by after one that does
    """

    damping: float = 1e-3
    rise: float = 4.0
    fall: float = 3.0
