"""What the estimators of this plugin return, with tables about searches and maps for the run folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.random import Generator

from harness.plugin import AbsorbedEffects, Floats, Note, Panel, count_unseen, marked
from harness_neural.design import Design
from harness_neural.models import Model
from harness_neural.sample import DrawnRows, drawn_rows
from harness_neural.search import SizeSearch
from harness_neural.som import MapFit

Table = Mapping[str, Sequence[object]]
"""A tidy table by columns, all of one length."""

ALL_ROWS = marked("all rows")


def detail_tables(searches: Sequence[SizeSearch], map_fit: MapFit | None, design: Design) -> dict[str, Table]:
    """Return ``networks``, a row a candidate, and ``learning_curves``, a row a step of a chosen candidate.

    With a map also ``som``, a row a cluster, and ``som_profile``, a row a cluster and variable.
    """
    of_map = {} if map_fit is None else _map_tables(map_fit, design)
    return {"networks": _networks(searches), "learning_curves": _learning_curves(searches), **of_map}


def _networks(searches: Sequence[SizeSearch]) -> Table:
    tried = [(search, candidate) for search in searches for candidate in search.candidates]
    return {
        "place": [search.where or ALL_ROWS for search, _ in tried],
        "hidden": [candidate.n_units for _, candidate in tried],
        "restart": [candidate.restart for _, candidate in tried],
        "steps": [candidate.steps for _, candidate in tried],
        "best_step": [candidate.best_step for _, candidate in tried],
        "training_nmse": [candidate.training_nmse for _, candidate in tried],
        "selection_nmse": [candidate.selection_nmse for _, candidate in tried],
        "chosen": [candidate is search.chosen for search, candidate in tried],
        "formula": [np.nan if search.formula is None else search.formula for search, _ in tried],
        "n_obs": [search.n_obs for search, _ in tried],
    }


def _learning_curves(searches: Sequence[SizeSearch]) -> Table:
    steps = [np.arange(search.curve.training.size) for search in searches]
    return {
        "place": [search.where or ALL_ROWS for search, own in zip(searches, steps, strict=True) for _ in own],
        "step": np.concatenate(steps).tolist(),
        "training_nmse": np.concatenate([search.curve.training for search in searches]).tolist(),
        "selection_nmse": np.concatenate([search.curve.selection for search in searches]).tolist(),
    }


def _map_tables(fitted: MapFit, design: Design) -> dict[str, Table]:
    """Return the tables of a map.

    Errors and agreement are of the whole map and repeat on every row. Means are over the rows the map was
    trained on; those of a cluster without rows are missing.
    """
    n_clusters, n_inputs = fitted.means.shape
    inputs = design.inputs_scale
    cluster = np.arange(n_clusters) + 1
    rows, columns = fitted.map.grid.astype(np.int64).T + 1
    return {
        "som": {
            "cluster": cluster.tolist(),
            "row": rows.tolist(),
            "column": columns.tolist(),
            "n_obs": fitted.n_obs.tolist(),
            "quantization_error": [fitted.quantization_error] * n_clusters,
            "topographic_error": [fitted.topographic_error] * n_clusters,
            "agreement": [fitted.agreement] * n_clusters,
        },
        "som_profile": {
            "cluster": np.repeat(cluster, n_inputs).tolist(),
            "variable": list(design.columns) * n_clusters,
            "mean": (fitted.means * inputs.deviation + inputs.centre).ravel().tolist(),
            "mean_standardised": fitted.means.ravel().tolist(),
        },
    }


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """Networks, one for a fit or one a draw, and what led to them.

    Attributes
    ----------
    design : from panels to inputs, and back to outcome units
    model : of one network, or of one a cluster, for the fit or for each draw
    searches : of the hidden sizes, with learning curves; of draws, on all rows that some draw uses
    notes : warnings for the report
    effects : of the keys whose levels have effects next to the networks
    map_fit : the self-organising map before the networks, which all draws share; None without one
    """

    design: Design
    model: Model
    searches: tuple[SizeSearch, ...]
    notes: tuple[Note, ...]
    effects: tuple[AbsorbedEffects, ...] = ()
    map_fit: MapFit | None = None

    def details(self) -> Mapping[str, Table]:
        """Return what was tried and chosen, and the map and its clusters."""
        return detail_tables(self.searches, self.map_fit, self.design)

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


DrawsT_co = TypeVar("DrawsT_co", bound=FittedNetworkDraws, covariant=True)


@dataclass(frozen=True, eq=False)
class PreparedNetworks(ABC, Generic[DrawsT_co]):
    """What draws of networks have in common.

    Attributes
    ----------
    panel : rows that weights of draws are of
    selection : further rows that all draws select on
    design : from panels to inputs
    map_fit : the self-organising map before the networks, which all draws share; None without one
    """

    panel: Panel
    selection: Panel | None
    design: Design
    map_fit: MapFit | None

    @property
    @abstractmethod
    def found(self) -> tuple[SizeSearch, ...]:
        """The searches that were done for all draws."""

    @abstractmethod
    def fit_rows(self, rows: DrawnRows, rngs: Sequence[Generator]) -> DrawsT_co:
        """Train networks for each draw on rows of the panel."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What to know about the inputs and the hidden sizes."""
        return (*self.design.notes, *(note for search in self.found for note in search.notes))

    def details(self) -> Mapping[str, Table]:
        """Return what was tried and chosen, and the map and its clusters."""
        return detail_tables(self.found, self.map_fit, self.design)

    def fit(self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]) -> DrawsT_co:
        """Train networks of the sizes that were found, for each draw.

        Raises
        ------
        EstimationError
            Where a draw has too few rows.
        """
        selects = selection if self.selection is None else self.selection
        rows = drawn_rows(self.panel, weights=weights, selection=selects, with_unused=True)
        return self.fit_rows(rows, rngs)


class _CountsUnseen(Fit):
    """What may have effects of entities or periods."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since their entity or period is new."""
        return count_unseen(self.effects, panel)


class FittedLevelNetworks(_CountsUnseen, FittedNetworks):
    """One fit that may have effects of entities or periods."""


class FittedLevelDraws(_CountsUnseen, FittedNetworkDraws):
    """One fit a draw that may have effects of entities or periods."""
