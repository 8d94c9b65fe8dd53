from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.plugin import Floats, HasDetails
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn
from neural_tasks import make_panel

SOM = SomAnn(restarts=2, sizes_around=1, map_starts=2)


def wave(X: Floats) -> Floats:
    return 20.0 + 3.0 * np.tanh(2.0 * X[:, 0]) + X[:, 1]


def tables(fitted: object) -> dict[str, pd.DataFrame]:
    assert isinstance(fitted, HasDetails)
    return {name: pd.DataFrame(dict(columns)) for name, columns in fitted.details().items()}


def test_every_candidate_is_a_row_and_one_is_chosen() -> None:
    panel = make_panel(wave, noise=1.0, n_entities=120)
    fitted = Mlp(flexibility=20.0, sizes_around=1, restarts=2).fit(panel, rng=np.random.default_rng(0))
    found = tables(fitted)
    assert list(found) == ["networks", "learning_curves"]
    networks = found["networks"]
    assert networks["place"].unique().tolist() == ["all rows"]
    assert networks["hidden"].tolist() == [4, 4, 5, 5, 6, 6]
    assert networks["restart"].tolist() == [0, 1] * 3
    assert networks["formula"].tolist() == pytest.approx([((600 * 0.9 - 1) / 5 - 1) / 20] * 6)
    assert networks["n_obs"].unique().tolist() == [600]
    (chosen,) = networks.index[networks["chosen"]]
    assert chosen == networks["selection_nmse"].idxmin()
    curve = found["learning_curves"]
    assert curve["step"].tolist() == list(range(networks["steps"][chosen] + 1))
    best = curve.loc[networks["best_step"][chosen]]
    assert best["selection_nmse"] == networks["selection_nmse"][chosen] == curve["selection_nmse"].min()
    assert best["training_nmse"] == networks["training_nmse"][chosen]


def test_clusters_of_the_map_are_described() -> None:
    panel = make_panel(wave, noise=1.0, n_entities=120)
    fitted = SOM.fit(panel, rng=np.random.default_rng(0))
    found = tables(fitted)
    assert list(found) == ["networks", "learning_curves", "som", "som_profile"]
    assert found["networks"]["place"].unique().tolist() == [f"cluster {at}" for at in range(1, 5)]
    cluster = fitted.map_fit.map.assign(fitted.design.standardised(panel)) + 1
    som = found["som"]
    assert som["cluster"].tolist() == [1, 2, 3, 4]
    assert som[["row", "column"]].to_numpy().tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert som["n_obs"].tolist() == np.bincount(cluster)[1:].tolist()
    assert som["quantization_error"].unique().tolist() == [fitted.map_fit.quantization_error]
    profile = found["som_profile"].pivot_table(index="cluster", columns="variable", values="mean")
    expected = pd.DataFrame(panel.X, columns=panel.columns).groupby(cluster).mean()
    np.testing.assert_allclose(profile, expected, rtol=0, atol=1e-6)
    standard = found["som_profile"].pivot_table(
        index="cluster", columns="variable", values="mean_standardised"
    )
    scaled = (expected - panel.X.mean(axis=0)) / panel.X.std(axis=0)
    np.testing.assert_allclose(standard, scaled, rtol=0, atol=1e-6)


def test_a_cluster_without_rows_has_no_means() -> None:
    panel = make_panel(lambda X: X[:, 0], noise=1.0, n_entities=2, n_periods=20, n_inputs=1)
    few = panel.with_column("x0", np.round(np.sign(panel.column("x0"))))
    fitted = SomAnn(clusters=6, hidden=1, restarts=1, map_starts=1, combine="none").fit(
        few, rng=np.random.default_rng(0)
    )
    found = tables(fitted)
    empty = found["som"]["n_obs"] == 0
    assert empty.any()
    np.testing.assert_array_equal(found["som_profile"]["mean"].isna(), empty)
