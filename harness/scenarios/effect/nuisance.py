"""The pieces of work of an effect: one nuisance function on one fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.guard import predict
from harness.estimators.protocol import Fitted
from harness.rng import random_stream
from harness.scenarios.effect.riesz import STEP, Representer, riesz_representer
from harness.scenarios.held_out_fit import HeldOutFit


@dataclass(frozen=True, eq=False)
class _Constant:
    mean: float

    def predict(self, panel: Panel) -> Floats:
        return np.full(panel.n_obs, self.mean)


@dataclass(frozen=True, eq=False)
class NuisancePart(HeldOutFit):
    """The conditional mean of one target, which stands in the outcome's place."""

    def fit(self) -> Fitted:
        """Fit on the training rows; a target that does not vary there is its mean."""
        observed = self.panel.observed[self.train]
        return _Constant(float(observed[0])) if np.ptp(observed) == 0.0 else super().fit()


@dataclass(frozen=True, eq=False)
class DerivativePart(NuisancePart):
    """The derivative of the outcome's conditional mean, with the Riesz representer that debiases its mean.

    Attributes
    ----------
    representer : what learns it
    """

    representer: Representer = "ridge"

    def run(self) -> Floats:
        """Return predictions, derivatives and representer of the rows held out, (3, n_test).

        Raises
        ------
        EstimationError
            Where the learner refuses the rows.
        """
        train, test = self.panel.take(self.train), self.panel.take(self.test)
        fit = self.fit()
        step = STEP * float(train.column(train.exposure).std())
        at = test.column(test.exposure)
        up, down = (predict(fit, test.with_column(test.exposure, at + move)) for move in (step, -step))
        rng = random_stream(self.seed, "riesz", self.label)
        representer = riesz_representer(self.representer, train, test, rng=rng)
        return np.stack([predict(fit, test), (up - down) / (2.0 * step), representer])
