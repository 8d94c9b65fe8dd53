"""How far a share among simulated panels may be from the true one before a law of it counts as broken."""

from __future__ import annotations

from scipy.stats import binom

# Chance that a test fails though its law holds, on one side.
CHANCE = 0.0005


def least(share: float, n_panels: int) -> float:
    """Return the least share of panels that a true share gives, but for `CHANCE`."""
    return float(binom.ppf(CHANCE, n_panels, share) / n_panels)


def most(share: float, n_panels: int) -> float:
    """Return the greatest share of panels that a true share gives, but for `CHANCE`."""
    return float(binom.isf(CHANCE, n_panels, share) / n_panels)
