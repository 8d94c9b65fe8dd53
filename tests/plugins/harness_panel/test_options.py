"""Options as a spec writes them: what builds, and what is refused where it is read."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from harness.estimators.protocol import ESTIMATOR
from harness.registry.catalog import Catalog, build_choice
from harness_panel import (
    Between,
    Classical,
    Clustered,
    DriscollKraay,
    FixedEffects,
    PooledOLS,
    RandomEffects,
    WildCluster,
    harness_estimators,
)

CATALOGS = {ESTIMATOR.name: Catalog(ESTIMATOR, {cls.name: cls for cls in harness_estimators()})}


def build(name: str, options: dict[str, object]):
    return build_choice(CATALOGS, "estimator", name, options)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("pooled_ols", {}, PooledOLS(Clustered(("entity",)))),
        ("fixed_effects", {}, FixedEffects(("entity",), Clustered(("entity",)))),
        (
            "fixed_effects",
            {"effects": ["entity", "time"], "covariance": {"use": "clustered", "by": ["entity"]}},
            FixedEffects(("entity", "time"), Clustered(("entity",))),
        ),
        (
            "fixed_effects",
            {"covariance": {"use": "driscoll_kraay", "bandwidth": 2}},
            FixedEffects(covariance=DriscollKraay(2)),
        ),
        (
            "pooled_ols",
            {"covariance": {"use": "clustered", "by": ["entity", "time"], "correction": "none"}},
            PooledOLS(Clustered(("entity", "time"), "none")),
        ),
        ("random_effects", {}, RandomEffects(Clustered(("entity",)))),
        ("between", {}, Between(Classical())),
        (
            "fixed_effects",
            {"covariance": {"use": "wild_cluster", "weights": "webb", "draws": 1999}},
            FixedEffects(covariance=WildCluster(draws=1999, weights="webb")),
        ),
    ],
)
def test_a_spec_builds_the_estimator(name, options, expected):
    assert build(name, options) == expected


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
