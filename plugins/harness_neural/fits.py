"""What the estimators of this plugin return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats, LevelEffects, Note, Panel, count_unseen
from harness_neural.design import Design
from harness_neural.details import Table, map_tables, search_tables
from harness_neural.map_fit import MapFit
from harness_neural.models import Model
from harness_neural.search import SizeSearch


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """Networks, one for a fit or one a draw, and what led to them.

    Attributes
    ----------
    design : from panels to inputs, and back to outcome units
    model : of one network, or of one a cluster, for the fit or for each draw
    searches : of the hidden sizes, with learning curves; of draws, on all rows that some draw uses
    notes : warnings for the report
    effects : of the keys whose levels have effects beside the networks
    """

    design: Design
    model: Model
    searches: tuple[SizeSearch, ...]
    notes: tuple[Note, ...]
    effects: tuple[LevelEffects, ...] = ()

    def details(self) -> Mapping[str, Table]:
        """Return what was tried and chosen: ``networks`` and ``learning_curves``."""
        return search_tables(self.searches)

    def _predict(self, panel: Panel) -> Floats:
        """Return predictions of all networks, (n_networks, n_obs), outcome units."""
        predicted = self.model.predict(self.design.inputs(panel))
        for effect in self.effects:
            predicted += effect.of_rows(panel)
        return self.design.in_outcome_units(predicted)

    def _profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions of all networks, (n_networks, n_points), outcome units."""
        means = self.model.profile(self.design.inputs(panel), self.design.fixed(columns, points))
        for effect in self.effects:
            means += effect.mean(panel)[:, None]
        return self.design.in_outcome_units(means)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedNetworks(Fit):
    """One fit."""

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units; a level never seen has the mean effect."""
        return np.asarray(self._predict(panel)[0])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.plugin.CanProfile` has it."""
        return np.asarray(self._profile(panel, columns, points)[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedNetworkDraws(Fit):
    """One fit a draw."""

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self._predict(panel)

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        return self._profile(panel, columns, points)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedLevelNetworks(FittedNetworks):
    """One fit that may have effects of entities or periods."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since their entity or period is new."""
        return count_unseen(self.effects, panel)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedLevelDraws(FittedNetworkDraws):
    """One fit a draw that may have effects of entities or periods."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since their entity or period is new."""
        return count_unseen(self.effects, panel)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedMapNetworks(FittedNetworks):
    """One fit after a self-organising map; `map_fit` holds the map and its errors."""

    map_fit: MapFit

    def details(self) -> Mapping[str, Table]:
        """Return further the map and its clusters: ``som`` and ``som_profile``."""
        return {**search_tables(self.searches), **map_tables(self.map_fit, self.design)}


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedMapDraws(FittedNetworkDraws):
    """One fit a draw after a self-organising map, which all draws share."""

    map_fit: MapFit

    def details(self) -> Mapping[str, Table]:
        """Return further the map and its clusters: ``som`` and ``som_profile``."""
        return {**search_tables(self.searches), **map_tables(self.map_fit, self.design)}
