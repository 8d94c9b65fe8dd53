"""The covariance of errors that are dependent across entities and over a few periods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Literal

from harness.plugin import Correction, EstimationError, Floats, Problem
from harness_panel.covariance.of_library import LibraryCovariance, correction_of
from harness_panel.resampling.regression import Regression


@dataclass(frozen=True)
class DriscollKraay:
    """Errors dependent across entities and over a few periods (Driscoll & Kraay 1998), without a factor.

    It is the kernel covariance of linearmodels; lags are counted in periods that some row has.

    Attributes
    ----------
    bandwidth : >= 0, periods
        Largest lag, with Bartlett weights; None is floor(T ** (1 / 4)), T the number of periods.

    Statistics have T - 1 degrees of freedom.
    """

    bandwidth: int | None = None
    use: Literal["driscoll_kraay"] = "driscoll_kraay"

    def __post_init__(self) -> None:
        if self.bandwidth is not None and self.bandwidth < 0:
            message = f"bandwidth: a number of periods >= 0; found {self.bandwidth}"
            raise ValueError(message)

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for.

        Raises
        ------
        EstimationError
            Where there are fewer than two periods, or no more than the bandwidth.
        """
        n_periods, bandwidth = self._periods_and_lags(regression)
        least = max(2, bandwidth + 1)
        if n_periods < least:
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"Driscoll-Kraay of bandwidth {bandwidth} needs {least} periods; "
                    f"the rows are of {n_periods}",
                    hint="choose classical, robust or clustered by entity, or a smaller bandwidth",
                )
            )
        return {"cov_type": "kernel", "kernel": "bartlett", "bandwidth": bandwidth}

    def corrected(self, regression: Regression, covariance: LibraryCovariance) -> tuple[Floats, Correction]:
        """Return linearmodels' covariance, (n_coef, n_coef), as it is."""
        kind = "Driscoll-Kraay" + (", bandwidth floor(T^(1/4))" if self.bandwidth is None else "")
        n_periods, lags = self._periods_and_lags(regression)
        return covariance.matrix, correction_of(
            regression, kind, factor=1.0, n_clusters=(n_periods,), bandwidth=lags
        )

    def _periods_and_lags(self, regression: Regression) -> tuple[int, int]:
        n_periods = regression.grouping("time").n_levels
        return n_periods, isqrt(isqrt(n_periods)) if self.bandwidth is None else self.bandwidth
