"""Estimators without regressors: means of all rows and of each entity, and each entity's latest value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import (
    AbsorbingModels,
    CanProfile,
    Floats,
    HasEffects,
    Ints,
    LadderEntry,
    Mask,
    Panel,
    Stream,
)


@dataclass(frozen=True, eq=False, repr=False)
class MeanFit(plugin.LearnedFit):
    """Predicts by levels alone.

    Attributes
    ----------
    model : one draw, whose slopes are zero
    """

    model: AbsorbingModels

    def predict(self, panel: Panel) -> Floats:
        """Return the mean of each row's level, (n_obs,), outcome units."""
        return np.asarray(self.model.predict(panel)[0])


class EntityMeanFit(MeanFit):
    """Predicts by the levels of entities."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows whose level was not trained on, which have the mean of all rows."""
        return self.model.n_unseen(panel)


@dataclass(frozen=True)
class Mean:
    """The mean outcome of the training rows: what an R2 compares with."""

    name: ClassVar[str] = "mean"
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(0, "Mean"),)
    provides: ClassVar[frozenset[type]] = frozenset({plugin.CanFitDraws, CanProfile})

    def fit(self, panel: Panel, *, rng: Stream = None, selection: Panel | None = None) -> MeanFit:
        """Fit on a panel; nothing is drawn and nothing selected."""
        return MeanFit(_means(panel, np.ones((1, panel.n_obs))))

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> AbsorbingModels:
        """Return weighted means, one a draw; nothing is selected."""
        return _means(panel, weights)


@dataclass(frozen=True)
class EntityMean:
    """The mean outcome of each entity: what knowing who it is, and nothing else, is worth."""

    name: ClassVar[str] = "entity_mean"
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(10, "Entity mean"),)
    provides: ClassVar[frozenset[type]] = frozenset({HasEffects})

    def fit(self, panel: Panel, *, rng: Stream = None, selection: Panel | None = None) -> EntityMeanFit:
        """Fit on a panel; nothing is drawn and nothing selected."""
        entities, overall = plugin.read_effect_set(panel, "entity"), _means(panel, np.ones((1, panel.n_obs)))
        deviations = entities.means(panel.observed[:, None]).T - overall.intercepts
        effects = (plugin.AbsorbedEffects("entity", entities.labels, deviations),)
        return EntityMeanFit(replace(overall, effects=effects))


def _means(panel: Panel, weights: Floats) -> AbsorbingModels:
    """Return the weighted mean of all rows, one a draw of weights, (n_draws, n_obs)."""
    n_columns = panel.X.shape[1]
    means = weights @ panel.observed / weights.sum(axis=1)
    return AbsorbingModels(np.zeros(n_columns), np.zeros((len(weights), n_columns)), means)


@dataclass(frozen=True, eq=False, repr=False)
class LastValueFit(plugin.LearnedFit):
    """Remembers what was observed of each entity, period by period.

    Attributes
    ----------
    labels : (n_entities,), entities trained on
    codes, period, observed : (n_train,), training rows, sorted by entity and period
    mean : where an entity has no earlier value: the mean of the training rows
    """

    labels: tuple[str, ...]
    codes: Ints
    period: Ints
    observed: Floats
    mean: float

    def predict(self, panel: Panel) -> Floats:
        """Return the entity's value in the latest period trained on before the row's own, (n_obs,)."""
        at, has_earlier = self.earlier(panel)
        return np.where(has_earlier, self.observed[at], self.mean)

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows without an earlier value of their entity."""
        return int((~self.earlier(panel)[1]).sum())

    def earlier(self, panel: Panel) -> tuple[Ints, Mask]:
        """Return the position of the latest training row before each row, and whether there is one."""
        codes = panel.entity.codes_among(self.labels)
        lowest = min(int(self.period.min()), int(panel.period.min()))
        span = max(int(self.period.max()), int(panel.period.max())) - lowest + 1
        known = self.codes * span + self.period - lowest
        at = np.searchsorted(known, codes * span + panel.period - lowest, side="left") - 1
        return at, (at >= 0) & (codes >= 0) & (self.codes[at] == codes)


@dataclass(frozen=True)
class LastValue:
    """The entity's value in the latest earlier period: what persistence alone is worth.

    A row's own value is never used, so a training row is predicted by its predecessor.
    """

    name: ClassVar[str] = "last_value"
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(20, "Last value"),)
    provides: ClassVar[frozenset[type]] = frozenset({HasEffects})

    def fit(self, panel: Panel, *, rng: Stream = None, selection: Panel | None = None) -> LastValueFit:
        """Fit on a panel; nothing is drawn and nothing selected."""
        order = np.lexsort((panel.period, panel.entity.codes))
        entity, observed = panel.entity, panel.observed
        mean = float(observed.mean())
        return LastValueFit(entity.labels, entity.codes[order], panel.period[order], observed[order], mean)
