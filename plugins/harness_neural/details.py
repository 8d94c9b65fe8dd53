"""Tables about searches and maps, for the run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.plugin.reporting import marked
from harness_neural.design import Design
from harness_neural.map_fit import MapFit
from harness_neural.search import SizeSearch

Table = Mapping[str, Sequence[object]]
"""A tidy table by columns, all of one length."""

ALL_ROWS = marked("all rows")


def search_tables(searches: Sequence[SizeSearch]) -> dict[str, Table]:
    """Return ``networks``, a row a candidate, and ``learning_curves``, a row a step of a chosen candidate."""
    return {"networks": _networks(searches), "learning_curves": _learning_curves(searches)}


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
        "formula": [np.nan if search.size is None else search.size.formula for search, _ in tried],
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


def map_tables(fitted: MapFit, design: Design) -> dict[str, Table]:
    """Return ``som``, a row a cluster, and ``som_profile``, a row a cluster and variable.

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
