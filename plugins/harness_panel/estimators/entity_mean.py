"""The estimator ``entity_mean``: each entity's own training mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import Floats, HasEffects, Panel, Rung


@dataclass(frozen=True, eq=False)
class EntityMeanFit:
    """Predicts a number for each entity.

    Attributes
    ----------
    labels : (n_entities,), entities trained on
    means : (n_entities,), outcome units
    mean : for an entity never seen: the mean of the training rows
    """

    labels: tuple[str, ...]
    means: Floats
    mean: float

    def predict(self, panel: Panel) -> Floats:
        """Return the mean of each row's entity, (n_obs,)."""
        codes = panel.entity.codes_among(self.labels)
        return np.where(codes >= 0, self.means[codes], self.mean)

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows whose entity was not trained on."""
        return int((panel.entity.codes_among(self.labels) < 0).sum())


@dataclass(frozen=True)
class EntityMean:
    """The mean outcome of each entity: what knowing who it is, and nothing else, is worth."""

    name: ClassVar[str] = "entity_mean"
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(10, "Entity mean"),)
    provides: ClassVar[frozenset[type]] = frozenset({HasEffects})

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> EntityMeanFit:  # noqa: ARG002
        """Fit on a panel; nothing is drawn and nothing selected."""
        present, codes = np.unique(panel.entity.codes, return_inverse=True)
        return EntityMeanFit(
            labels=tuple(panel.entity.labels[code] for code in present.tolist()),
            means=np.bincount(codes, weights=panel.observed) / np.bincount(codes),
            mean=float(panel.observed.mean()),
        )
