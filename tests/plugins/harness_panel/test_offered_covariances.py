"""Every estimator with every covariance: either the one asked for, by name, or a refusal; never another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from harness.installed import installed
from harness.plugin import HasCoefficients, random_stream
from harness.registry.catalog import build_choice
from harness_panel import harness_estimators
from panels import simulated_panel

BOTH = "entity and time"
COVARIANCES = {
    "classical": ({"use": "classical"}, "classical"),
    "HC0": ({"use": "robust", "variant": "HC0"}, "HC0"),
    "HC1": ({"use": "robust", "variant": "HC1"}, "HC1"),
    "HC2": ({"use": "robust", "variant": "HC2"}, "HC2"),
    "HC3": ({"use": "robust", "variant": "HC3"}, "HC3"),
    "entity": ({"use": "clustered", "by": ["entity"]}, "clustered by entity"),
    "time": ({"use": "clustered", "by": ["time"]}, "clustered by time"),
    "both": ({"use": "clustered", "by": ["entity", "time"]}, f"clustered by {BOTH}"),
    "Driscoll-Kraay": ({"use": "driscoll_kraay", "bandwidth": 1}, "Driscoll-Kraay"),
    "Conley": ({"use": "conley", "cutoff_km": 500.0}, "Conley, bartlett kernel up to 500 km"),
    "wild": ({"use": "wild_cluster", "draws": 99}, "clustered by entity, wild bootstrap of 99"),
}
ESTIMATORS = {one.name: one for one in harness_estimators()}
TABULATED = {name for name, one in ESTIMATORS.items() if HasCoefficients in one.provides}
WITH_TABLE = sorted(TABULATED - {"instrumental"})  # whose covariances are tried beside it
FEW = {"threshold_effects": {"bootstraps": 19, "grid": 10, "trim": 0.2}}
INDEPENDENT = {"classical", "HC0", "HC1", "HC2", "HC3"}


def offers(estimator: str, covariance: str) -> bool:
    """What the documents state: all of them, except for the means of entities."""
    return estimator != "between" or covariance in INDEPENDENT


def build(estimator: str, covariance: str):
    options = {"covariance": COVARIANCES[covariance][0]} | FEW.get(estimator, {})
    return build_choice(installed().catalogs, "estimator", estimator, options)


def placed_panel(seed, *, share=1.0):
    """Return a panel whose entities stand on a line, 300 km apart."""
    panel = simulated_panel(random_stream(seed), n_entities=12, n_periods=7, share=share)
    latitude = 20.0 + 2.7 * panel.entity.codes
    return replace(panel, coordinates=np.column_stack([latitude, np.full(panel.n_obs, 110.0)]))


@pytest.mark.parametrize("estimator", WITH_TABLE)
def test_a_covariance_is_the_one_that_the_table_names_or_is_refused(estimator):
    panel = placed_panel(95)
    for covariance, (_, kind) in COVARIANCES.items():
        if not offers(estimator, covariance):
            with pytest.raises(ValidationError, match="'classical', 'robust'"):
                build(estimator, covariance)
            continue
        correction = build(estimator, covariance).fit(panel, rng=random_stream(0)).coefficients().correction
        assert correction.kind.startswith(kind)
        assert (BOTH in correction.kind) == (covariance == "both")
