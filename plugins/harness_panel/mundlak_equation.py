"""The equation of correlated random effects: columns, and the entity means of those that vary."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, Ints, Panel
from harness_panel.absorb import OneWay
from harness_panel.centring import Centring
from harness_panel.entity_rows import EntityRows
from harness_panel.grouping import Grouping
from harness_panel.random_equation import RandomEquation, centred_equation
from harness_panel.within_fit import fit_within

_MEAN = " (entity mean)"


@dataclass(frozen=True, eq=False)
class CorrelatedEquation:
    """Random effects on columns and entity means.

    Attributes
    ----------
    panel : rows in levels, entity means being its last controls
    columns : (n_means,), positions of the columns that have means
    means : (n_entities, n_means), less the means of the columns over the rows
    equation : what is regressed
    """

    panel: Panel
    columns: Ints
    means: Floats
    equation: RandomEquation


def correlated_equation(panel: Panel) -> CorrelatedEquation:
    """Return the equation of all rows of a panel.

    Raises
    ------
    EstimationError
        Where the variances cannot be estimated.
    """
    columns, rows, centring = varying_columns(panel), EntityRows.all_of(panel), Centring.at_means(panel)
    bare, extended = centring.taken_from(panel), centring.with_means(columns)
    means = rows.means(bare.X[:, columns])
    equation = centred_equation(with_means(bare, columns, means[rows.grouping.codes]), rows, extended)
    levels = with_means(panel, columns, means[rows.grouping.codes] + centring.columns[columns])
    return CorrelatedEquation(levels, columns, means, equation)


def varying_columns(panel: Panel) -> Ints:
    """Return the positions of the columns that vary within entities."""
    entity = OneWay(Grouping.of(panel.entity.codes))
    screening = fit_within(panel.X, panel.observed, np.ones(panel.n_obs), entity).screening
    fixed = {*screening.constant, *screening.absorbed}
    return np.array([at for at in range(panel.X.shape[1]) if at not in fixed], dtype=np.int64)


def with_means(panel: Panel, columns: Ints, means: Floats) -> Panel:
    """Return the panel with entity means, (n_obs, n_means), as further controls."""
    names = tuple(f"{panel.columns[at]}{_MEAN}" for at in columns.tolist())
    return replace(panel, controls=(*panel.controls, *names), X=np.hstack([panel.X, means]), derived=())


def is_mean(term: str) -> bool:
    """Say whether a term is the slope of an entity mean."""
    return term.endswith(_MEAN)
