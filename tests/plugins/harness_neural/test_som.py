"""The map, and a network for each of its clusters."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from minisom import MiniSom
from sklearn.metrics import adjusted_rand_score

from harness import Panel
from harness.plugin import Floats, draw_weights, out_of_bag, random_stream
from harness_neural.batch.networks import NetworkBatch
from harness_neural.design import NetworkSample
from harness_neural.mlp import Mlp
from harness_neural.names import MapTraining
from harness_neural.options import NetworkOptions
from harness_neural.row_training import N_AT_ONCE, QuickSom
from harness_neural.search import (
    STAGE,
    ClusteredSample,
    ClusterSearches,
    Learned,
    SizeSearch,
    learn,
    learn_by_cluster,
    learn_draws,
    learn_draws_by_cluster,
    search_clusters,
    search_size,
)
from harness_neural.som import (
    SelfOrganisingMap,
    batch_step,
    first_radius,
    fit_map,
    grid_shape,
    make_grid,
    neighbourhood,
)
from harness_neural.som_ann import SomAnn
from neural_tasks import r_squared
from panels import panel_from_arrays

PRODUC = "tests/reference/r/data/produc.csv"
# Mean over seeds of a 2 x 2 map by R's kohonen on produc.csv, five standardised columns.
KOHONEN_ERROR = 0.9926


@pytest.fixture
def produc(request: pytest.FixtureRequest) -> Floats:
    table = pd.read_csv(request.config.rootpath / PRODUC)
    X = table[["lgsp", "lpcap", "lpc", "lemp", "unemp"]].to_numpy()
    return np.asarray((X - X.mean(axis=0)) / X.std(axis=0, ddof=1))


@pytest.fixture
def four_clouds() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(4)
    cloud = np.repeat(np.arange(4), 50)
    centres = 6.0 * np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]])
    return centres[cloud] + rng.normal(size=(200, 3)), cloud


@pytest.mark.parametrize("n_starts", [1, 5])
def test_quantization_error_on_produc_is_that_of_kohonen(produc: Floats, n_starts: int) -> None:
    fitted = fit_map(
        produc, n_clusters=4, training="batch", n_starts=n_starts, n_passes=50, rng=np.random.default_rng(0)
    )
    assert fitted.quantization_error <= 1.05 * KOHONEN_ERROR


@pytest.mark.parametrize("training", ["batch", "sequential"])
def test_clouds_far_apart_are_told_apart(four_clouds: tuple[Floats, Floats], training: MapTraining) -> None:
    X, cloud = four_clouds
    fitted = fit_map(
        X, n_clusters=4, training=training, n_starts=3, n_passes=50, rng=np.random.default_rng(1)
    )
    assert adjusted_rand_score(cloud, fitted.map.assign(X)) > 0.98


@pytest.mark.parametrize("training", ["batch", "sequential"])
def test_a_map_is_that_of_its_rows_and_root_seed_whatever_the_outcome(
    produc: Floats, training: MapTraining
) -> None:
    streams = [random_stream(seed, "fit", outcome) for seed, outcome in ((1, "y"), (1, "z"), (2, "y"))]
    maps = [
        fit_map(produc, n_clusters=4, training=training, n_starts=2, n_passes=2, rng=rng).map.codebook
        for rng in streams
    ]
    np.testing.assert_array_equal(maps[0], maps[1])
    assert training == "batch" or not np.array_equal(maps[0], maps[2])


def test_clusters_are_compared_with_those_of_maps_from_ten_other_seeds(
    produc: Floats, four_clouds: tuple[Floats, Floats]
) -> None:
    """Clouds that lie far from each other are found from every seed; one cloud is cut at random."""
    how = {"n_clusters": 4, "training": "sequential", "n_starts": 1, "n_seeds": 10}
    clear = fit_map(four_clouds[0], n_passes=20, rng=random_stream(1), **how)
    cloud = np.random.default_rng(0).normal(size=(400, 6))
    chance = fit_map(cloud, n_passes=5, rng=random_stream(1), **how)
    assert clear.n_seeds == 10
    assert clear.agreement > 0.95
    assert chance.agreement < 0.5
    alone = fit_map(cloud, n_clusters=4, training="batch", n_starts=1, n_passes=1, rng=random_stream(1))
    assert np.isnan([alone.agreement, alone.topographic_error]).all()


def test_batch_step_agrees_with_minisom(produc: Floats) -> None:
    theirs = MiniSom(2, 3, 5, sigma=0.8, learning_rate=1.0, random_seed=1)
    theirs.random_weights_init(produc)
    start = theirs.get_weights().reshape(6, 5).copy()
    theirs.train_batch_offline(produc, 1)
    ours = batch_step(produc, start, neighbourhood(make_grid(6), 0.8))
    np.testing.assert_allclose(ours, theirs.get_weights().reshape(6, 5), rtol=1e-10)


@pytest.mark.parametrize(("n_clusters", "decimals"), [(1, 9), (3, 9), (6, 9), (6, 0)])
def test_training_row_by_row_is_minisoms_to_the_last_digit(
    produc: Floats, n_clusters: int, decimals: int
) -> None:
    """Rounded rows begin with units at one place, which are equally near."""
    produc = produc.round(decimals)
    shape, grid = grid_shape(n_clusters), make_grid(n_clusters)
    maps = [
        MiniSom(*shape, 5, sigma=first_radius(grid), random_seed=7),
        QuickSom(grid, *shape, 5, sigma=first_radius(grid), random_seed=7),
    ]
    for som in maps:
        som.random_weights_init(produc)
        som.train_random(produc, N_AT_ONCE // (5 * n_clusters**2) + 500)
    np.testing.assert_array_equal(maps[0].get_weights(), maps[1].get_weights())


def test_errors_agree_with_minisom(produc: Floats) -> None:
    theirs = MiniSom(3, 3, 5, random_seed=1)
    theirs.random_weights_init(produc)
    ours = SelfOrganisingMap(make_grid(9), theirs.get_weights().reshape(9, 5))
    assert ours.quantization_error(produc) == pytest.approx(theirs.quantization_error(produc), rel=1e-12)
    assert ours.topographic_error(produc) == pytest.approx(theirs.topographic_error(produc), rel=1e-12)
    assert theirs.topographic_error(produc) > 0.0


def test_batch_training_ends_at_the_means_of_the_clusters(produc: Floats) -> None:
    fitted = fit_map(
        produc, n_clusters=4, training="batch", n_starts=1, n_passes=50, rng=np.random.default_rng(0)
    )
    cluster = fitted.map.assign(produc)
    means = np.stack([produc[cluster == at].mean(axis=0) for at in range(4)])
    np.testing.assert_allclose(fitted.map.codebook, means, atol=1e-8)


@pytest.mark.parametrize(
    ("n_clusters", "shape"), [(1, (1, 1)), (4, (2, 2)), (5, (1, 5)), (6, (2, 3)), (12, (3, 4))]
)
def test_grid_is_the_nearest_to_a_square(n_clusters: int, shape: tuple[int, int]) -> None:
    assert grid_shape(n_clusters) == shape
    assert make_grid(n_clusters).max(axis=0).tolist() == [shape[0] - 1.0, shape[1] - 1.0]


QUICK = SomAnn().quick()
# Where weights are compared, or sizes, not how well they fit.
BRIEF = replace(QUICK, map_starts=1, max_steps=20)


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
    printed = BRIEF.fit(panel, rng=np.random.default_rng(0))
    assert [search.sizes.formula for search in printed.searches] == [((700 * 0.9 - 1) / 5 - 1) / 10] * 4
    fitted = replace(BRIEF, formula_rows="cluster").fit(panel, rng=np.random.default_rng(0))
    counts = np.bincount(fitted.map_fit.map.assign(fitted.design.standardised(panel)))
    assert [search.n_obs for search in fitted.searches] == counts.tolist()
    formula = [search.sizes.formula for search in fitted.searches]
    np.testing.assert_allclose(formula, ((counts * 0.9 - 1) / 5 - 1) / 10, rtol=1e-12)


def test_without_clusters_it_is_the_plain_network() -> None:
    panel = regimes_panel()
    ours = replace(BRIEF, combine="none").fit(panel, rng=np.random.default_rng(0))
    plain = Mlp(max_steps=20).quick().fit(panel, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(ours.predict(panel), plain.predict(panel))


def test_dummies_are_inputs_of_the_one_network() -> None:
    panel = regimes_panel()
    fitted = replace(QUICK, combine="one_hot").fit(panel, rng=np.random.default_rng(0))
    assert fitted.searches[0].sizes.formula == pytest.approx(((800 * 0.9 - 1) / (7 + 2) - 1) / 10)
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
    assert fitted.searches[-1].sizes.formula == pytest.approx(((800 * 0.9 - 1) / (3 + 2) - 1) / 10)
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
    sequential = replace(QUICK, map_training="sequential", map_starts=1, map_passes=2, max_steps=5)
    fitted = sequential.fit(panel, rng=np.random.default_rng(0))
    assert [note.message for note in fitted.notes if note.where == "map"] == [
        "MiniSom trained the map row by row, 1,600 steps from each start"
    ]


def test_the_map_does_not_see_the_outcome() -> None:
    panel = regimes_panel()
    other = replace(panel, observed=np.random.default_rng(1).normal(size=panel.n_obs))
    brief = replace(QUICK, max_steps=5)
    maps = [brief.fit(rows, rng=np.random.default_rng(0)).map_fit.map.codebook for rows in (panel, other)]
    np.testing.assert_array_equal(*maps)


OPTIONS = NetworkOptions(hidden=1, restarts=2)
SIZES = (100, 90, 12)


def two_clusters_and_a_small_one(n_networks: int = 1, *, seed: int = 1) -> ClusteredSample:
    """Rows of three clusters whose effects differ; a fifth of the rows selects."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(3), SIZES)
    X = rng.normal(size=(cluster.size, 2))
    outcome = np.array([1.0, -1.0, 0.3])[cluster] * X[:, 0] + 0.05 * rng.normal(size=cluster.size)
    selects = np.arange(cluster.size) % 5 == 0
    weights = np.tile((~selects).astype(float), (n_networks, 1))
    return ClusteredSample(
        NetworkSample(X, outcome, weights, 1.0 - weights, 2, np.arange(cluster.size)), cluster, 3
    )


def streams(n_draws: int) -> list[np.random.Generator]:
    return [np.random.default_rng(draw) for draw in range(n_draws)]


def everyone(whole: ClusteredSample) -> SizeSearch:
    return search_size(whole.sample, OPTIONS, where="", rng=np.random.default_rng(1))


def drawn(draws: ClusteredSample, whole: ClusteredSample, options: NetworkOptions = OPTIONS) -> Learned:
    """Search on all rows, then train the draws."""
    own = search_clusters(whole, options, rng=np.random.default_rng(0))
    searches = ClusterSearches(own, options, whole.sample, seed=1)
    return learn_draws_by_cluster(draws, searches, options, rngs=streams(draws.sample.weights.shape[0]))


def test_every_cluster_gets_the_network_of_its_own_rows() -> None:
    clustered = two_clusters_and_a_small_one()
    learned = learn_by_cluster(clustered, OPTIONS, rng=np.random.default_rng(0))
    rng = np.random.default_rng(0)
    for at in range(3):
        alone = learn(clustered.part(at), OPTIONS, rng=rng)
        np.testing.assert_array_equal(
            learned.networks[at].predict(clustered.sample.X), alone.networks[0].predict(clustered.sample.X)
        )
    assert learned.notes == ()


@pytest.mark.parametrize("lacks", ["training", "selection"])
def test_a_cluster_with_too_few_rows_uses_the_network_of_all_rows(lacks: str) -> None:
    clustered = two_clusters_and_a_small_one()
    small = np.flatnonzero(clustered.cluster == 2)
    if lacks == "training":
        clustered.sample.weights[0, small[4:]] = 0.0
    else:
        clustered.sample.selection[0, small] = 0.0
    learned = learn_by_cluster(clustered, OPTIONS, rng=np.random.default_rng(0))
    (note,) = learned.notes
    assert (note.code, note.where) == ("W-CLUSTER", "cluster 3")
    assert "use the network of all rows" in note.message
    assert [search.where for search in learned.searches] == ["cluster 1", "cluster 2", ""]
    X = clustered.sample.X
    np.testing.assert_array_equal(learned.networks[2].predict(X), learned.searches[2].networks.predict(X))


def test_draws_that_lack_a_cluster_use_the_network_of_all_rows_there() -> None:
    draws, whole = two_clusters_and_a_small_one(5), two_clusters_and_a_small_one()
    small = np.flatnonzero(draws.cluster == 2)
    for draw in (1, 3):
        draws.sample.weights[draw, small] = 0.0
    learned = drawn(draws, whole)
    (note,) = learned.notes
    assert note.where == "cluster 3"
    X, outcome = draws.sample.X, draws.sample.outcome
    errors = [
        np.sqrt(np.mean((networks.predict(X) - outcome)[:, draws.cluster == at] ** 2, axis=1))
        for at, networks in enumerate(learned.networks)
    ]
    assert max(errors[0].max(), errors[1].max(), errors[2][[0, 2, 4]].max()) < 0.3
    everybody = learn_draws(
        draws.sample.networks(np.array([1, 3])), everyone(whole), OPTIONS, rngs=streams(2)
    ).networks[0]
    expected = np.sqrt(np.mean((everybody.predict(X) - outcome)[:, small] ** 2, axis=1))
    np.testing.assert_allclose(errors[2][[1, 3]], expected, rtol=0.5)
    assert errors[2][[1, 3]].min() > 1.5 * errors[2][[0, 2, 4]].max()


def test_a_cluster_that_no_draw_can_learn_is_served_by_the_network_of_all_rows() -> None:
    draws, whole = two_clusters_and_a_small_one(3), two_clusters_and_a_small_one()
    whole.sample.weights[0, whole.cluster == 2] = 0.0
    learned = drawn(draws, whole, replace(OPTIONS, max_steps=20))
    assert [note.where for note in learned.notes] == ["cluster 3"]
    assert [search.where for search in learned.searches] == ["cluster 1", "cluster 2", ""]
    assert learned.networks[2].n_networks == 3
