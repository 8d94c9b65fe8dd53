"""Fits without the entities of a fold, and their predictions of these: parts of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.guard import predict
from harness.estimators.protocol import Estimator, Fitted
from harness.rng import random_stream


@dataclass(frozen=True, eq=False)
class HeldOutFit:
    """A fit without the entities of a fold, and its predictions of them.

    Attributes
    ----------
    label : of the part
    purpose, name : of the random stream, beside the label: the scenario, and the estimator in the study
    estimator : that is fitted
    panel : all rows, with the columns that are used and the outcome that is predicted
    train, test : positions of rows
    seed : root seed of the study
    """

    label: str
    purpose: str
    name: str
    estimator: Estimator
    panel: Panel
    train: Ints
    test: Ints
    seed: int

    def run(self) -> Floats:
        """Return predictions of the rows held out, (n_test,).

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        return predict(self.fit(), self.panel.take(self.test))

    def fit(self) -> Fitted:
        """Fit on the training rows."""
        rng = random_stream(self.seed, self.purpose, self.name, self.label)
        return self.estimator.fit(self.panel.take(self.train), rng=rng)
