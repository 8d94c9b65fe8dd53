"""Between: the means of entities, one row each. Reported by ``linearmodels.panel.BetweenOLS``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import DrawSelection, Floats, Panel
from harness_panel.covariance.kinds import IndependentCovariance
from harness_panel.covariance.robust import Classical
from harness_panel.estimators.linear import LINEAR, LinearEstimator
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.levels import LevelModels, stack
from harness_panel.resampling.regression import Regression, constant_of, regress
from harness_panel.resampling.within_fit import fit_within
from harness_panel.results.library import LibraryData, LibraryFit, LibraryReport, report_of
from harness_panel.results.linear_fit import LinearFit

_OFFERED = frozenset({"classical", "robust"})


@dataclass(frozen=True, eq=False, repr=False)
class BetweenFit(LinearFit):
    """A fit of the means of entities."""

    title: ClassVar[str] = "Between"


@dataclass(frozen=True)
class Between(LinearEstimator):
    """Least squares on the means of entities and a constant, reported first as ``const``.

    Every entity counts once, whatever its number of rows, as in plm. Predictions are x b of the row itself,
    not of its entity's mean. Dropped and refused columns are those of `PooledOLS`, told by the means.

    Attributes
    ----------
    covariance : classical unless robust is asked for; no key groups the means, so there is no other
    """

    name: ClassVar[str] = "between"
    provides: ClassVar[frozenset[type]] = LINEAR

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
        regression = regress(means, (), centring=centring)
        report = None if self.predicts_alone else self._report(panel, regression, rng=rng)
        return BetweenFit(panel, regression, regression.model(), report)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: DrawSelection,  # noqa: ARG002 - least squares chooses nothing
        rng: Generator,  # noqa: ARG002 - and draws nothing
    ) -> LevelModels:
        """Fit once a draw; weights is (n_draws, n_obs), >= 0.

        An entity drawn k times with all its rows counts as k entities.
        """
        centring = Centring.at_means(panel)
        bare = centring.taken_from(panel)
        return stack([_draw(bare, centring, draw) for draw in weights])

    def _report(self, panel: Panel, regression: Regression, *, rng: Generator) -> LibraryReport:
        data = LibraryData.centred(
            panel,
            regression,
            leading=np.ones(panel.n_obs),
        )
        return report_of("linearmodels BetweenOLS", _library, data, self.covariance, rng=rng)


def entity_means(panel: Panel) -> Panel:
    """Return the panel of the means of its entities: one row each, in the entity's first period."""
    rows = EntityRows.all_of(panel)
    means = rows.means(np.column_stack([panel.X, panel.observed]))
    firsts = panel.take(np.unique(rows.grouping.codes, return_index=True)[1])
    return replace(firsts, X=means[:, :-1], observed=means[:, -1], derived=())


def _draw(panel: Panel, centring: Centring, weights: Floats) -> LevelModels:
    rows = EntityRows.drawn(panel, weights)
    means = rows.means(np.column_stack([panel.X, panel.observed]))
    bare = fit_within(
        means[:, :-1], means[:, -1], rows.copies, constant_of(rows.copies.size), largest=centring.largest
    )
    fit, centre = centring.put_back_into(bare), centring.columns
    return LevelModels(centre, fit.slopes[None], np.array([fit.level_at(centre)]))


def _library(data: LibraryData) -> LibraryFit:
    from linearmodels.panel import BetweenOLS as Library

    return Library(data.outcome, data.columns, check_rank=False).fit
