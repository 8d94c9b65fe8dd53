"""The plugin as a whole: options as a spec writes them, memory that a fit takes, what documents state."""

from __future__ import annotations

import doctest
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from harness.estimators.protocol import ESTIMATOR
from harness.plugin import random_stream
from harness.registry.catalog import Catalog, build_choice
from harness_panel import FixedEffects, harness_estimators
from panels import panel_from_arrays

CATALOGS = {ESTIMATOR.name: Catalog(ESTIMATOR, {cls.name: cls for cls in harness_estimators()})}


def build(name: str, options: dict[str, object]):
    return build_choice(CATALOGS, "estimator", name, options)


@pytest.mark.parametrize(
    ("options", "at", "words"),
    [
        ({"effects": []}, (), "each once"),
        ({"effects": ["time", "time"]}, (), "each once"),
        ({"effects": ["firm"]}, ("effects", 0), "'entity' or 'time'"),
        ({"effect": ["entity"]}, ("effect",), "Unexpected"),
        ({"covariance": {"use": "classical", "bandwidth": 2}}, ("covariance", "classical", "bandwidth"), ""),
        ({"covariance": {"use": "clustered", "by": []}}, ("covariance", "clustered"), "each once"),
        ({"covariance": {"use": "robust", "variant": "HC5"}}, ("covariance", "robust", "variant"), "HC3"),
        (
            {"covariance": {"use": "driscoll_kraay", "bandwidth": -1}},
            ("covariance", "driscoll_kraay"),
            ">= 0",
        ),
        ({"covariance": {"by": ["entity"]}}, ("covariance",), "use"),
        ({"covariance": {"use": "newey_west"}}, ("covariance",), "driscoll_kraay"),
        ({"covariance": {"use": "wild_cluster", "draws": 9}}, ("covariance", "wild_cluster"), "at least 99"),
        (
            {"covariance": {"use": "wild_cluster", "by": ["entity"]}},
            ("covariance", "wild_cluster", "by"),
            "valid string",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused_where_they_stand(options, at, words):
    with pytest.raises(ValidationError) as caught:
        build("fixed_effects", options)
    (mistake,) = caught.value.errors()
    assert mistake["loc"][1:] == at
    assert words in mistake["msg"]


def test_listing_the_estimators_loads_no_heavy_library():
    heavy = {"pandas", "scipy", "statsmodels", "linearmodels", "sklearn", "torch", "matplotlib"}
    code = "import sys, harness_panel; harness_panel.harness_estimators(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not heavy & set(loaded.split())


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


DOCS = Path(__file__).parents[3] / "docs"


def test_the_examples_of_the_prediction_contract_run():
    result = doctest.testfile(str(DOCS / "method" / "prediction.md"), module_relative=False)
    assert result.attempted > 8
    assert result.failed == 0
