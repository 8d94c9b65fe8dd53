"""From panels to the numbers networks see, which rows train and select, and back to outcome units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import Coded, Floats, Inputs, Ints, Note, Panel, inner_split, key_of, make_inputs
from harness_neural.names import Dimension

if TYPE_CHECKING:
    from harness_neural.batch.networks import FixedInputs


@dataclass(frozen=True, eq=False)
class Design(Inputs):
    """The inputs of a network, of which some may repeat others.

    Attributes
    ----------
    n_distinct : inputs that are not another one in other units
    """

    n_distinct: int

    def fixed(self, columns: tuple[str, ...], points: Floats) -> FixedInputs:
        """Return the inputs that are among some columns, at points, (n_points, n_columns) in their own units.

        A column that is no input, since it does not vary where networks train, changes nothing.
        """
        from harness_neural.batch.networks import FixedInputs

        kept = [at for at, name in enumerate(columns) if name in self.columns]
        places = np.array([self.columns.index(columns[at]) for at in kept], dtype=np.int64)
        return FixedInputs(places, self.scale.take(places).standardised(points[:, kept]))


def make_design(panel: Panel) -> Design:
    """Return the design of a training panel.

    Raises
    ------
    EstimationError
        Where the outcome or the exposure does not vary.
    """
    inputs = make_inputs(panel)
    repeated = _repeated(inputs.values(panel), inputs.columns)
    copies = (
        Note("W-DUP", name, Coded("equals {twin} in other units and is used once", twin=twin))
        for name, twin in repeated
    )
    return Design(
        inputs.columns,
        inputs.scale,
        inputs.outcome_scale,
        (*inputs.notes, *copies),
        n_distinct=len(inputs.columns) - len(repeated),
    )


def _repeated(values: Floats, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the columns that equal an earlier one, with its name."""
    first: dict[bytes, str] = {}
    repeated = []
    for name, column in zip(names, values.T, strict=True):
        twin = first.setdefault((column + 0.0).tobytes(), name)
        if twin != name:
            repeated.append((name, twin))
    return repeated


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """A panel and how draws use its rows.

    Attributes
    ----------
    panel : rows that some draw trains or selects on, in canonical order
    weights, selection : (n_draws, n_obs), >= 0
    given : (n_draws, n_given), the weights before they were put in order, of the rows they were given for
    """

    panel: Panel
    weights: Floats
    selection: Floats
    given: Floats

    @property
    def trained_on(self) -> Panel:
        """The rows that some draw trains on."""
        return self.panel.take(np.flatnonzero(self.weights.any(axis=0)))


def drawn_rows(
    panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, with_unused: bool = False
) -> DrawnRows:
    """Return the rows that some draw trains or selects on, with further ones that all select on.

    Parameters
    ----------
    weights, selection : as `harness.plugin.CanFitDraws` has them
    with_unused : whether to return the other rows too, so that draws do not depend on which there are
    """
    whole, given = panel, weights
    if isinstance(selection, Panel):
        whole = panel.joined(selection)
        is_aside = np.arange(whole.n_obs) >= panel.n_obs
        asides = np.broadcast_to(is_aside.astype(np.float64), (len(weights), whole.n_obs))
        weights = np.pad(weights, ((0, 0), (0, selection.n_obs)))
    else:
        asides = np.broadcast_to(0.0, weights.shape) if selection is None else selection
    rows = whole.canonical_order
    if not with_unused:
        is_used = np.asarray(weights.any(axis=0)) | np.asarray(asides.any(axis=0))
        rows = rows[is_used[rows]]
    if np.array_equal(rows, np.arange(whole.n_obs)):
        return DrawnRows(whole, weights, asides, given)
    return DrawnRows(whole.take(rows), weights[:, rows], asides[:, rows], given)


@dataclass(frozen=True, eq=False)
class NetworkSample:
    """Rows for one network or for many.

    Attributes
    ----------
    X : (n_obs, n_inputs), standardised
    outcome : (n_obs,), standardised
    weights : (n_networks, n_obs), >= 0; how often each network trains on a row
    selection : (n_networks, n_obs), >= 0; how often a row counts where candidates are compared
    n_distinct : inputs that the formula of the hidden size counts
    places : (n_obs,), equal for rows of one entity and period, which are one row to that formula
    levels : (n_obs,) codes from 0 of each key whose levels have effects
    """

    X: Floats
    outcome: Floats
    weights: Floats
    selection: Floats
    n_distinct: int
    places: Ints
    levels: tuple[Ints, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of distinct rows: one that is trained on and selected on counts once."""
        return int(np.unique(self.places).size)

    def rows(self, rows: Ints) -> NetworkSample:
        """Return the sample of these rows, (n_rows,) positions."""
        return replace(
            self,
            X=self.X[rows],
            outcome=self.outcome[rows],
            weights=self.weights[:, rows],
            selection=self.selection[:, rows],
            places=self.places[rows],
            levels=tuple(codes[rows] for codes in self.levels),
        )

    def networks(self, networks: Ints) -> NetworkSample:
        """Return the sample of these networks, (n_taken,) positions."""
        return replace(self, weights=self.weights[networks], selection=self.selection[networks])


def sample_to_fit(
    panel: Panel,
    design: Design,
    *,
    selection: Panel | None,
    share: float,
    rng: Generator,
    effects: tuple[Dimension, ...] = (),
) -> NetworkSample:
    """Return the rows for one fit: of `panel` and of `selection`, or of an inner split of `panel`.

    Parameters
    ----------
    panel : in canonical order
    selection : rows to select on; with None, or none, a share of the units of `panel` is set aside for it
    share : in (0, 1)
    effects : keys whose levels have effects
    """
    if selection is None or selection.n_obs == 0:
        split = inner_split(panel, share=share, rng=rng)
        rows, is_trained_on = panel, np.isin(np.arange(panel.n_obs), split.train)
    else:
        rows = panel.joined(selection.take(selection.canonical_order))
        is_trained_on = np.arange(rows.n_obs) < panel.n_obs
    trained_on = is_trained_on[None].astype(np.float64)
    return _sample(rows, design, weights=trained_on, selection=1.0 - trained_on, effects=effects)


def sample_of_draws(rows: DrawnRows, design: Design, *, effects: tuple[Dimension, ...] = ()) -> NetworkSample:
    """Return the rows of draws as arrays."""
    return _sample(rows.panel, design, weights=rows.weights, selection=rows.selection, effects=effects)


def _sample(
    panel: Panel, design: Design, *, weights: Floats, selection: Floats, effects: tuple[Dimension, ...]
) -> NetworkSample:
    return NetworkSample(
        X=design.values(panel),
        outcome=design.outcome(panel),
        weights=weights,
        selection=selection,
        n_distinct=design.n_distinct,
        places=panel.entity.codes * len(panel.time.labels) + panel.time.codes,
        levels=tuple(key_of(panel, dimension).codes for dimension in effects),
    )


def sample_to_search(panel: Panel, draws: NetworkSample, *, share: float, rng: Generator) -> NetworkSample:
    """Return the rows to search a hidden size on before draws are trained, as for one fit.

    Where all draws select on the same rows, candidates are compared on these; otherwise a share of the units
    is set aside.

    Parameters
    ----------
    panel : the rows of `draws`
    """
    is_trained_on = np.asarray(draws.weights.any(axis=0))
    selects = draws.selection[0] > 0.0
    is_shared = bool(selects.any() and (draws.selection == draws.selection[0]).all())
    if not is_shared:
        rows = np.flatnonzero(is_trained_on)
        split = inner_split(panel.take(rows), share=share, rng=rng)
        selects = np.isin(np.arange(panel.n_obs), rows[split.selection])
    is_trained_on &= ~selects
    whole = replace(
        draws, weights=is_trained_on[None].astype(np.float64), selection=selects[None].astype(np.float64)
    )
    return whole.rows(np.flatnonzero(is_trained_on | selects))
