"""Nuisance functions by learners that allow for entities themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.arrays import Floats, Mask
from harness.data.entity_means import means_by
from harness.data.panel import Panel
from harness.estimators.guard import predict
from harness.estimators.protocol import CanLearnWithin, Estimator
from harness.rng import random_stream
from harness.scenarios.effect.methods import Moved
from harness.scenarios.effect.nuisance import NuisancePart


def learning_within(learner: Estimator) -> Estimator | None:
    """Return the form of a learner that has an effect of each entity; None of others."""
    return learner.within_entities() if isinstance(learner, CanLearnWithin) else None


def moving_inputs(levels: Panel, names: Sequence[str]) -> Panel | None:
    """Return rows whose regressors are those columns that move within entities; None where none does."""
    columns = {name: levels.column(name) for name in names}
    code = levels.entity.codes
    moving = [
        name
        for name, column in columns.items()
        if not np.allclose(column, means_by(code, column), rtol=0.0, atol=1e-9 * (np.ptp(column) or 1.0))
    ]
    if not moving:
        return None
    X = np.column_stack([columns[name] for name in moving])
    first, *others = moving
    return replace(levels, exposure=first, levels=(), moderators=tuple(others), controls=(), X=X, derived=())


@dataclass(frozen=True, eq=False)
class WithinPart(NuisancePart):
    """The conditional mean of one target, by a function of the inputs beside an effect of each entity.

    The function is fitted on levels, of training entities. Least squares of what it leaves on the inputs of
    the method add what the effects took: the part of an entity's constant that follows from its means, and
    what moves all entities in a period.

    Attributes
    ----------
    estimator : has effects of entities
    levels : all rows, with inputs that move within entities and the target as outcome
    moved : which levels the rows of `panel` are made of
    """

    levels: Panel
    moved: Moved

    def run(self) -> Floats:
        """Return predictions of the rows held out, (n_test,).

        Raises
        ------
        EstimationError
            Where the learner refuses the rows.
        """
        if np.ptp(self.panel.observed[self.train]) == 0.0:
            return super().run()
        rng = random_stream(self.seed, self.purpose, self.name, self.label)
        entities = np.unique(self.panel.entity.codes[self.train])
        known: Mask = np.isin(self.levels.entity.codes, entities)
        fit = self.estimator.fit(self.levels.take(np.flatnonzero(known)), rng=rng)
        function = self.moved.of(predict(fit, _as_new(self.levels)))
        left = self.panel.observed - function
        X = self.panel.X
        centre, scale = X[self.train].mean(axis=0), X[self.train].std(axis=0)
        inputs = (X - centre) / np.where(scale > 0.0, scale, 1.0)
        columns = np.column_stack([np.ones(self.panel.n_obs), inputs])
        slopes = np.linalg.lstsq(columns[self.train], left[self.train])[0]
        return np.asarray((function + columns @ slopes)[self.test])


def _as_new(panel: Panel) -> Panel:
    """Return the rows as those of entities that nothing was trained on, which have the mean effect."""
    entity = panel.entity
    return replace(panel, entity=replace(entity, labels=tuple(f"new {label}" for label in entity.labels)))
