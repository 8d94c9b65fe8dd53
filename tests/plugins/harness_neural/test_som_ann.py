from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import Panel
from harness.plugin import Floats, draw_weights, out_of_bag
from harness_neural.batch.networks import NetworkBatch
from harness_neural.mlp import Mlp
from harness_neural.search import STAGE
from harness_neural.som_ann import SomAnn
from neural_tasks import r_squared
from panels import panel_from_arrays

QUICK = SomAnn().quick()


def regimes_panel(
    n_per_regime: tuple[int, ...] = (40, 40, 40, 40), *, noise: float = 0.1, seed: int = 2
) -> Panel:
    """Four clouds of entities in the plane of two inputs; the effect of a third differs between them."""
    rng = np.random.default_rng(seed)
    regime = np.repeat(np.repeat(np.arange(4), n_per_regime), 5)
    corner = 5.0 * np.stack(np.divmod(regime, 2), axis=1)
    exposure = rng.normal(size=regime.size)
    effect = np.array([3.0, -2.0, 1.0, -4.0])[regime]
    return panel_from_arrays(
        entity=np.repeat(np.arange(sum(n_per_regime)), 5),
        period=np.tile(np.arange(5), sum(n_per_regime)),
        outcome=10.0 * regime + effect * exposure + noise * rng.normal(size=regime.size),
        X=np.column_stack([exposure, corner + 0.5 * rng.normal(size=corner.shape)]),
    )


def test_a_network_a_cluster_recovers_regimes() -> None:
    panel = regimes_panel()
    fitted = replace(QUICK, restarts=3).fit(panel, rng=np.random.default_rng(0))
    assert r_squared(panel, fitted.predict(panel)) > 0.99
    assert [search.where for search in fitted.searches] == [f"cluster {at}" for at in range(1, 5)]
    assert [search.n_obs for search in fitted.searches] == [200] * 4


def test_the_formula_counts_all_rows_or_those_of_the_cluster() -> None:
    panel = regimes_panel((20, 30, 40, 50))
    printed = QUICK.fit(panel, rng=np.random.default_rng(0))
    assert [search.formula for search in printed.searches] == [((700 * 0.9 - 1) / 5 - 1) / 10] * 4
    fitted = replace(QUICK, formula_rows="cluster").fit(panel, rng=np.random.default_rng(0))
    counts = np.bincount(fitted.map_fit.map.assign(fitted.design.standardised(panel)))
    assert [search.n_obs for search in fitted.searches] == counts.tolist()
    formula = [search.formula for search in fitted.searches]
    np.testing.assert_allclose(formula, ((counts * 0.9 - 1) / 5 - 1) / 10, rtol=1e-12)


def test_without_clusters_it_is_the_plain_network() -> None:
    panel = regimes_panel()
    ours = replace(QUICK, combine="none", map_starts=1).fit(panel, rng=np.random.default_rng(0))
    plain = Mlp().quick().fit(panel, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(ours.predict(panel), plain.predict(panel))


def test_dummies_are_inputs_of_the_one_network() -> None:
    panel = regimes_panel()
    fitted = replace(QUICK, combine="one_hot").fit(panel, rng=np.random.default_rng(0))
    assert fitted.searches[0].formula == pytest.approx(((800 * 0.9 - 1) / (7 + 2) - 1) / 10)
    assert fitted.model.networks.hidden.shape[2] == 3 + 4 + 1
    assert r_squared(panel, fitted.predict(panel)) > 0.9


def by_hand(networks: NetworkBatch, at: int, X: Floats) -> Floats:
    """One network of a batch from its weights, sigmoid units, as the equation has it."""
    hidden = networks.hidden[at]
    units = 1.0 / (1.0 + np.exp(-(X @ hidden[:, :-1].T + hidden[:, -1])))
    return networks.intercept[at] + units @ networks.output[at]


def test_stacked_networks_take_in_the_outputs_of_those_of_all_clusters() -> None:
    panel = regimes_panel()
    stacked = replace(QUICK, combine="stacked", max_steps=80)
    fitted = stacked.fit(panel, rng=np.random.default_rng(0))
    assert [search.where for search in fitted.searches] == [*(f"cluster {at}" for at in range(1, 5)), STAGE]
    assert fitted.searches[-1].formula == pytest.approx(((800 * 0.9 - 1) / (3 + 2) - 1) / 10)
    assert fitted.model.further.hidden.shape[2] == 4 + 1
    X = fitted.design.standardised(panel)
    functions = np.column_stack([by_hand(own, 0, X) for own in fitted.model.functions])
    expected = fitted.design.in_outcome_units(by_hand(fitted.model.further, 0, functions))
    np.testing.assert_allclose(fitted.predict(panel), expected, rtol=1e-6)
    alone = replace(QUICK, max_steps=80).fit(panel, rng=np.random.default_rng(0))
    for ours, own in zip(fitted.model.functions, alone.model.networks, strict=True):
        np.testing.assert_array_equal(ours.hidden, own.hidden)
    assert r_squared(panel, fitted.predict(panel)) > 0.7


def test_draws_of_stacked_networks_have_each_their_own_outputs() -> None:
    panel = regimes_panel()
    weights = draw_weights(panel, 3, unit="row", rng=np.random.default_rng(1))
    fitted = replace(QUICK, combine="stacked", max_steps=80).fit_draws(
        panel, weights=weights, selection=out_of_bag(weights), rng=np.random.default_rng(0)
    )
    X, predicted = fitted.design.standardised(panel), fitted.predict(panel)
    assert predicted.shape == (3, panel.n_obs)
    for at in range(3):
        functions = np.column_stack([by_hand(own, at, X) for own in fitted.model.functions])
        expected = fitted.design.in_outcome_units(by_hand(fitted.model.further, at, functions))
        np.testing.assert_allclose(predicted[at], expected, rtol=1e-6)
    assert r_squared(panel, predicted.mean(axis=0)) > 0.7


def test_steps_of_minisom_are_counted() -> None:
    panel = regimes_panel()
    sequential = replace(QUICK, map_training="sequential", map_starts=1, map_passes=2)
    fitted = sequential.fit(panel, rng=np.random.default_rng(0))
    assert [note.message for note in fitted.notes if note.where == "map"] == [
        "MiniSom trained the map row by row, 1,600 steps from each start"
    ]


def test_the_map_does_not_see_the_outcome() -> None:
    panel = regimes_panel()
    other = replace(panel, observed=np.random.default_rng(1).normal(size=panel.n_obs))
    maps = [QUICK.fit(rows, rng=np.random.default_rng(0)).map_fit.map.codebook for rows in (panel, other)]
    np.testing.assert_array_equal(*maps)
