"""What fits of networks tell of their search for a size, their learning and the map that sorts the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.plugin.reporting import Run, gettext, typed

CLUSTER = "cluster "
"""What the place of a network of one cluster begins with."""


def place_name(place: str) -> str:
    """Return what rows are called that a network was fitted on: those of a cluster, or all."""
    if place.startswith(CLUSTER):
        return gettext("cluster {number}").format(number=place.removeprefix(CLUSTER))
    return gettext(place)


@dataclass(frozen=True)
class NetworkRow:
    """One candidate of a search: its size, where it was tried, and its errors over the outcome's variance.

    `formula` is the size by the formula before rounding, `place` the rows it was fitted on.
    """

    outcome: str
    estimator: str
    place: str
    hidden: int | None
    restart: int | None
    best_step: int | None
    training_nmse: float
    selection_nmse: float
    chosen: bool
    formula: float
    n_obs: int | None


@dataclass(frozen=True)
class LearningRow:
    """Errors of a chosen network after one step of its learning."""

    outcome: str
    estimator: str
    place: str
    step: int | None
    training_nmse: float
    selection_nmse: float


@dataclass(frozen=True)
class MapRow:
    """One cluster of a self-organising map; errors and agreement are of the whole map."""

    outcome: str
    estimator: str
    cluster: int | None
    row: int | None
    column: int | None
    n_obs: int | None
    quantization_error: float
    topographic_error: float
    agreement: float


@dataclass(frozen=True)
class ProfileRow:
    """Mean of one variable in one cluster, in its unit and in standard deviations from that of all rows."""

    outcome: str
    estimator: str
    cluster: int | None
    variable: str
    mean: float
    mean_standardised: float


Fit = tuple[str, str]
"""Outcome and estimator."""


@dataclass(frozen=True, eq=False)
class Networks:
    """All that fits of networks tell."""

    searches: tuple[NetworkRow, ...]
    learning: tuple[LearningRow, ...]
    maps: tuple[MapRow, ...]
    profiles: tuple[ProfileRow, ...]

    @property
    def mapped(self) -> tuple[Fit, ...]:
        """Outcome and estimator of the fits that have a map."""
        return tuple(dict.fromkeys((row.outcome, row.estimator) for row in self.maps))

    def map_of(self, fit: Fit) -> tuple[MapRow, ...]:
        """Return the clusters of one fit's map."""
        return tuple(row for row in self.maps if (row.outcome, row.estimator) == fit)

    def profile_of(self, fit: Fit) -> tuple[ProfileRow, ...]:
        """Return the means of one fit's clusters."""
        return tuple(row for row in self.profiles if (row.outcome, row.estimator) == fit)

    def places(self, fit: Fit) -> Iterator[tuple[NetworkRow, ...]]:
        """Yield the candidates of each place at which one fit searched."""
        own = [row for row in self.searches if (row.outcome, row.estimator) == fit]
        for place in dict.fromkeys(row.place for row in own):
            yield tuple(row for row in own if row.place == place)

    def learning_of(self, outcome: str) -> dict[tuple[str, str], tuple[LearningRow, ...]]:
        """Return the learning curves for one outcome by estimator and place."""
        own = [row for row in self.learning if row.outcome == outcome]
        keys = dict.fromkeys((row.estimator, row.place) for row in own)
        return {key: tuple(row for row in own if (row.estimator, row.place) == key) for key in keys}

    def distinct_maps(self) -> tuple[tuple[Fit, ...], ...]:
        """Return the fits that have a map, those with the same map together."""
        same: dict[tuple[object, ...], list[Fit]] = {}
        for fit in self.mapped:
            cells = ((row.cluster, row.row, row.column, row.n_obs) for row in self.map_of(fit))
            means = ((row.cluster, row.variable, row.mean) for row in self.profile_of(fit))
            same.setdefault((*cells, *means), []).append(fit)
        return tuple(tuple(fits) for fits in same.values())


def networks(run: Run) -> Networks:
    """Return all that fits of networks tell of a run."""
    return Networks(
        searches=run.rows(typed("details/networks", NetworkRow)),
        learning=run.rows(typed("details/learning_curves", LearningRow)),
        maps=run.rows(typed("details/som", MapRow)),
        profiles=run.rows(typed("details/som_profile", ProfileRow)),
    )
