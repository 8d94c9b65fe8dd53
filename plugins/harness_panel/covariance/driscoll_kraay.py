"""The covariance of errors that are dependent across entities and over a few periods."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Literal

import numpy as np

from harness import EstimationError, Problem
from harness_panel.covariance.scores import Meat, Sample, dependent_periods


@dataclass(frozen=True)
class DriscollKraay:
    """Errors dependent across entities and over a few periods (Driscoll & Kraay 1998), without a factor.

    Attributes
    ----------
    bandwidth : >= 0, periods
        Largest lag, with Bartlett weights; None is floor(T ** (1 / 4)), T the number of periods.

    Statistics have T - 1 degrees of freedom.
    """

    bandwidth: int | None = None
    kind: Literal["driscoll_kraay"] = "driscoll_kraay"

    def __post_init__(self) -> None:
        if self.bandwidth is not None and self.bandwidth < 0:
            message = f"bandwidth: a number of periods >= 0; found {self.bandwidth}"
            raise ValueError(message)

    def meat(self, sample: Sample) -> Meat:
        """Return the meat.

        Raises
        ------
        EstimationError
            Where there are fewer than two periods.
        """
        n_periods = int(np.unique(sample.period).size)
        if n_periods < 2:
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"Driscoll-Kraay needs two periods; there is {n_periods}",
                    hint="choose classical, robust or clustered by entity",
                )
            )
        chosen = isqrt(isqrt(n_periods)) if self.bandwidth is None else self.bandwidth
        kind = "Driscoll-Kraay" + (", bandwidth floor(T^(1/4))" if self.bandwidth is None else "")
        matrix = dependent_periods(sample.scores(), sample.period, chosen)
        correction = sample.correction(kind, factor=1.0, n_clusters=(n_periods,), bandwidth=chosen)
        return Meat(matrix, correction)
