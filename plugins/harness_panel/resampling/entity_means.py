"""Entity means as further columns, which make random effects correlated with the columns they are of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness.plugin import Floats, Grouping, Ints, Panel, read_effect_set
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.within_fit import fit_within

MEAN = " (entity mean)"
"""What the names of entity means end with."""


def varying_columns(panel: Panel) -> Ints:
    """Return the positions of the columns that vary within entities."""
    entity = Absorber((Grouping.of(panel.entity.codes),))
    within = fit_within(panel.X, panel.observed, np.ones(panel.n_obs), entity)
    fixed = {*within.constant, *within.absorbed}
    return np.array([at for at in range(panel.X.shape[1]) if at not in fixed], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class EntityMeans:
    """Entity means of some columns; entities that are not among those known have the means of their rows.

    Attributes
    ----------
    columns : (n_means,), positions of the columns
    labels : (n_entities,), known entities
    means : (n_entities, n_means)
    """

    columns: Ints
    labels: tuple[str, ...]
    means: Floats

    @classmethod
    def of(cls, panel: Panel, columns: Ints) -> EntityMeans:
        """Return the means of a panel's entities."""
        entities = read_effect_set(panel, "entity")
        return cls(columns, entities.labels, entities.means(panel.X[:, columns]))

    def moved(self, by: Floats) -> EntityMeans:
        """Return the means of columns that are larger by constants, (n_means,)."""
        return replace(self, means=self.means + by)

    def knowing(self, panel: Panel) -> EntityMeans:
        """Return means to which further entities, those of these rows, are known."""
        is_new = panel.entity.codes_among(self.labels) < 0
        if not is_new.any():
            return self
        new = EntityMeans.of(panel.take(np.flatnonzero(is_new)), self.columns)
        return replace(self, labels=(*self.labels, *new.labels), means=np.vstack([self.means, new.means]))

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the means of its entities as last controls."""
        known = self.knowing(panel)
        means = known.means[panel.entity.codes_among(known.labels)]
        names = [f"{panel.columns[at]}{MEAN}" for at in self.columns.tolist()]
        return replace(panel, controls=(*panel.controls, *names), X=np.hstack([panel.X, means]))
