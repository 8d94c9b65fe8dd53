"""Rows that networks learn from, as arrays: which to train on, which to be selected by."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from harness import Floats, Ints, Panel, inner_split
from harness_neural.design import Design, canonical_order, settle
from harness_neural.drawn import DrawnRows
from harness_neural.effects import Dimensions, codes_of, codes_of_both


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
    levels : (n_obs,) codes from 0 of each key whose levels have effects
    """

    X: Floats
    outcome: Floats
    weights: Floats
    selection: Floats
    n_distinct: int
    levels: tuple[Ints, ...] = ()

    def rows(self, rows: Ints) -> NetworkSample:
        """Return the sample of these rows, (n_rows,) positions."""
        return replace(
            self,
            X=self.X[rows],
            outcome=self.outcome[rows],
            weights=self.weights[:, rows],
            selection=self.selection[:, rows],
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
    effects: Dimensions = (),
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
        is_trained_on = np.isin(np.arange(panel.n_obs), split.train)
        X, outcome, levels = design.inputs(panel), design.outcome(panel), codes_of(panel, effects)
    else:
        aside = selection.take(canonical_order(selection))
        is_trained_on = np.arange(panel.n_obs + aside.n_obs) < panel.n_obs
        X = np.concatenate([design.inputs(panel), design.inputs(aside)])
        outcome = np.concatenate([design.outcome(panel), design.outcome(aside)])
        levels = codes_of_both(panel, aside, effects)
    trained_on = is_trained_on[None].astype(np.float64)
    return NetworkSample(settle(X), settle(outcome), trained_on, 1.0 - trained_on, design.n_distinct, levels)


def sample_of_draws(rows: DrawnRows, design: Design, *, effects: Dimensions = ()) -> NetworkSample:
    """Return the rows of draws as arrays."""
    X, outcome = settle(design.inputs(rows.panel)), settle(design.outcome(rows.panel))
    levels = codes_of(rows.panel, effects)
    return NetworkSample(X, outcome, rows.weights, rows.selection, design.n_distinct, levels)


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
        draws,
        weights=is_trained_on[None].astype(np.float64),
        selection=selects[None].astype(np.float64),
    )
    return whole.rows(np.flatnonzero(is_trained_on | selects))
