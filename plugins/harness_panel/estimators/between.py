"""Between: the means of entities, one row each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import CanFitDraws, CanProfile, Floats, HasCoefficients, HasDetails, HasNotes, Panel
from harness_panel.covariance.kinds import IndependentCovariance
from harness_panel.covariance.robust import Classical
from harness_panel.resampling.absorb import OneWay
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.grouping import Grouping
from harness_panel.resampling.levels import LevelModels, stack
from harness_panel.resampling.within_fit import fit_within
from harness_panel.results.linear_fit import LinearFit
from harness_panel.results.tabulate import fit_linear

_OFFERED = frozenset({"classical", "robust"})


@dataclass(frozen=True, eq=False, repr=False)
class BetweenFit(LinearFit):
    """A fit of the means of entities."""

    title: ClassVar[str] = "Between"


@dataclass(frozen=True)
class Between:
    """Least squares on the means of entities and a constant, reported first as ``const``.

    Every entity counts once, whatever its number of rows, as in plm. Predictions are x b of the row itself,
    not of its entity's mean. Dropped and refused columns are those of `PooledOLS`, told by the means.

    Attributes
    ----------
    covariance : classical unless robust is asked for; no key groups the means, so there is no other
    """

    name: ClassVar[str] = "between"
    provides: ClassVar[frozenset[type]] = frozenset(
        {CanFitDraws, CanProfile, HasCoefficients, HasDetails, HasNotes}
    )

    covariance: IndependentCovariance = field(default_factory=Classical)

    def __post_init__(self) -> None:
        if self.covariance.kind not in _OFFERED:
            message = f"covariance: classical or robust; found {self.covariance.kind}"
            raise ValueError(message)

    def fit(
        self,
        panel: Panel,
        *,
        rng: Generator,
        selection: Panel | None = None,  # noqa: ARG002 - least squares chooses nothing
    ) -> BetweenFit:
        """Fit on the entities of a panel.

        Raises
        ------
        EstimationError
            As by `PooledOLS`, the rows being entities.
        """
        centring = Centring.at_means(panel)
        means = entity_means(centring.taken_from(panel))
        fit = fit_linear(means, (), self.covariance, rng=rng, centring=centring)
        return BetweenFit(panel, fit.regression, fit.model, fit.table)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: Floats | None,  # noqa: ARG002 - least squares chooses nothing
        rng: Generator,  # noqa: ARG002 - and draws nothing
    ) -> LevelModels:
        """Fit once a draw; weights is (n_draws, n_obs), >= 0.

        An entity drawn k times with all its rows counts as k entities.
        """
        centring = Centring.at_means(panel)
        bare = centring.taken_from(panel)
        return stack([_draw(bare, centring, draw) for draw in weights])


def entity_means(panel: Panel) -> Panel:
    """Return the panel of the means of its entities: one row each, in the entity's first period."""
    rows = EntityRows.all_of(panel)
    means = rows.means(np.column_stack([panel.X, panel.observed]))
    firsts = panel.take(np.unique(rows.grouping.codes, return_index=True)[1])
    return replace(firsts, X=means[:, :-1], observed=means[:, -1], derived=())


def _draw(panel: Panel, centring: Centring, weights: Floats) -> LevelModels:
    rows = EntityRows.drawn(panel, weights)
    means = rows.means(np.column_stack([panel.X, panel.observed]))
    constant = OneWay(Grouping.of(np.zeros(rows.copies.size, dtype=np.int64)))
    bare = fit_within(means[:, :-1], means[:, -1], rows.copies, constant, largest=centring.largest)
    fit, centre = centring.put_back_into(bare), centring.columns
    return LevelModels(centre, fit.slopes[None], np.array([fit.level_at(centre)]))
