"""Mundlak: random effects that are correlated with the columns through their entity means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import CanFitDraws, Floats, HasCoefficients, HasEffects, HasNotes, Panel
from harness_panel.clustered import Clustered
from harness_panel.covariance import Covariance
from harness_panel.entity_rows import EntityRows
from harness_panel.levels import LevelModels, stack
from harness_panel.mundlak_models import (
    MundlakFit,
    MundlakModels,
    mundlak_models,
    varying_columns,
    with_means,
)
from harness_panel.random_effects import fit_random
from harness_panel.random_equation import random_equation


@dataclass(frozen=True)
class Mundlak:
    """Correlated random effects: random effects with the entity means of all time-varying columns added.

    The slopes of time-varying columns are those of fixed effects (Mundlak 1978; on unbalanced panels,
    Wooldridge 2019), columns that never vary keep a slope, and the slopes of the means say how entities
    differ: all zero if random effects hold. Means have the suffix ``(entity mean)`` in the table.

    Predictions are x b, plus the means times their slopes, plus the predicted effect of the entity. An
    entity of the training rows, or of the rows to select on, keeps the means it has there, so that a
    counterfactual column changes predictions by its slope alone. An entity of neither has the means of its
    rows to predict and no effect; `n_unseen` counts its rows.

    Attributes
    ----------
    covariance : clustered by entity unless another is asked for
    """

    name: ClassVar[str] = "mundlak"
    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, HasCoefficients, HasEffects, HasNotes})

    covariance: Covariance = field(default_factory=Clustered)

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> MundlakFit:
        """Fit on all rows of a panel; rows to select on only tell the means of further entities.

        Raises
        ------
        EstimationError
            As by `RandomEffects`.
        """
