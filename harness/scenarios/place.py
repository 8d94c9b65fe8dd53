"""Where a fit belongs in a study."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from harness.rng import random_stream
from harness.scenarios.asked import ALL_ROWS


@dataclass(frozen=True)
class FitPlace:
    """Which estimator is fitted, on what.

    Attributes
    ----------
    outcome, estimator : ids
    sample : name of the rows
    exposure : of the fit, where it is not that of the panel; otherwise empty
    """

    outcome: str
    estimator: str
    sample: str = ALL_ROWS
    exposure: str = ""

    def __str__(self) -> str:
        about = (f"exposure {self.exposure}",) if self.exposure else ()
        return " · ".join((self.outcome, self.estimator, self.sample, *about))

    def stream(self, seed: int) -> Generator:
        """Return the random stream of the fit."""
        return random_stream(seed, "fit", *(label for label in vars(self).values() if label))
