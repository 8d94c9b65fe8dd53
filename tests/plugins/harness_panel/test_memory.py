"""Large panels: what our own solver holds in memory, beside what the panel holds; the library takes more."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from harness.plugin import random_stream
from harness_panel import FixedEffects
from panels import panel_from_arrays


@pytest.mark.parametrize(("n_entities", "n_columns"), [(20_000, 10), (50_000, 3)])
def test_a_fit_that_predicts_takes_no_more_than_twice_the_data_again(n_entities, n_columns):
    """So that data and fit together take at most three times the data, the result included."""
    entity, period = (axis.ravel() for axis in np.indices((n_entities, 10)))
    rng = random_stream(111)
    X, outcome = rng.normal(size=(entity.size, n_columns)), rng.normal(size=entity.size)
    panel = panel_from_arrays(entity=entity, period=period, outcome=outcome, X=X)
    estimator = FixedEffects(("entity", "time")).for_folds()
    estimator.fit(panel.take(np.arange(1000)), rng=random_stream(0))
    arrays = (panel.X, panel.observed, panel.entity.codes, panel.time.codes)
    tracemalloc.start()
    estimator.fit(panel, rng=random_stream(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 2.0 * sum(array.nbytes for array in arrays)
