"""Covariances of independent errors, of equal or of any variance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness import EstimationError, Floats, Problem
from harness_panel.covariance.scores import Meat, Sample, independent_rows

_LEVERAGE_POWERS: Mapping[str, float] = {"HC2": 0.5, "HC3": 1.0}
"""Power of 1 - h that a residual is divided by."""


@dataclass(frozen=True)
class Classical:
    """Independent errors of equal variance, RSS / (n - K - G), with K coefficients and G effects."""

    kind: Literal["classical"] = "classical"

    def meat(self, sample: Sample) -> Meat:
        """Return the residual variance times the identity."""
        correction = sample.correction("classical", factor=sample.n_obs / sample.df_resid)
        variance = float(sample.residuals @ sample.residuals) / sample.df_resid
        return Meat(variance * np.eye(sample.n_coef), correction)


@dataclass(frozen=True)
class Robust:
    """Independent errors of any variance (White 1980; MacKinnon & White 1985).

    Attributes
    ----------
    variant : HC0 has no correction; HC1 multiplies by n / (n - K - G), which counts absorbed effects as the
        dummy-variable regression does; HC2 and HC3 divide squared residuals by 1 - h and (1 - h)^2, h the
        leverage in the dummy-variable regression
    """

    variant: Literal["HC0", "HC1", "HC2", "HC3"] = "HC1"
    kind: Literal["robust"] = "robust"

    def meat(self, sample: Sample) -> Meat:
        """Return the meat.

        Raises
        ------
        EstimationError
            For HC2 and HC3 where a row has leverage one, as the only row of an entity has.
        """
        factor = sample.n_obs / sample.df_resid if self.variant == "HC1" else 1.0
        matrix = factor * independent_rows(sample.basis * self._residuals(sample)[:, None])
        return Meat(matrix, sample.correction(self.variant, factor=factor))

    def _residuals(self, sample: Sample) -> Floats:
        if self.variant not in _LEVERAGE_POWERS:
            return sample.residuals
        slack = 1.0 - sample.leverage()
        n_fixed = int(np.count_nonzero(slack < 1e-10))
        if n_fixed:
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"{self.variant} is undefined: {n_fixed} of {sample.n_obs} rows have leverage 1, "
                    "as the only row of an entity",
                    expected="HC0, HC1 or clustered",
                    hint="choose another covariance, or leave out entities and periods with a single row",
                )
            )
        return sample.residuals / slack ** _LEVERAGE_POWERS[self.variant]
