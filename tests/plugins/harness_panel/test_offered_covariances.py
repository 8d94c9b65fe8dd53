"""Every estimator with every covariance: either the one asked for, by name, or a refusal; never another."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from pydantic import ValidationError

from harness.installed import installed
from harness.plugin import HasCoefficients, random_stream
from harness.registry.catalog import build_choice
from harness_panel import Between, Clustered, DriscollKraay, WildCluster, harness_estimators
from harness_panel.covariance import Covariance
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


CELLS = list(product(WITH_TABLE, COVARIANCES))


def test_there_is_a_case_for_every_covariance_and_estimator():
    kinds = {options["use"] for options, _ in COVARIANCES.values()}
    assert kinds == {covariance.use for covariance in Covariance.__origin__.__args__}
    expected = {"pooled_ols", "fixed_effects", "polynomial_effects", "random_effects", "between"}
    expected |= {"first_difference", "mundlak", "threshold_effects"}
    assert {*WITH_TABLE} == expected


@pytest.mark.parametrize(("estimator", "covariance"), [cell for cell in CELLS if offers(*cell)])
def test_a_covariance_that_is_offered_is_the_one_that_the_table_names(estimator, covariance):
    panel = placed_panel(95)
    correction = build(estimator, covariance).fit(panel, rng=random_stream(0)).coefficients().correction
    assert correction.kind.startswith(COVARIANCES[covariance][1])
    assert (BOTH in correction.kind) == (covariance == "both")


@pytest.mark.parametrize("estimator", WITH_TABLE)
def test_no_two_covariances_of_an_estimator_are_the_same_numbers(estimator):
    """Apart from the bootstrap, whose standard errors are those of `Clustered` by name."""
    panel = placed_panel(96, share=0.8)
    offered = [one for one in COVARIANCES if offers(estimator, one) and one != "wild"]
    errors = [
        build(estimator, one).fit(panel, rng=random_stream(0)).coefficients().std_error for one in offered
    ]
    for at, one in enumerate(errors):
        for other in errors[:at]:
            assert np.max(np.abs(one / other - 1.0)) > 1e-6


@pytest.mark.parametrize(("estimator", "covariance"), [cell for cell in CELLS if not offers(*cell)])
def test_a_covariance_that_is_not_offered_is_refused_where_it_stands(estimator, covariance):
    with pytest.raises(ValidationError, match="'classical', 'robust'"):
        build(estimator, covariance)


@pytest.mark.parametrize(
    "covariance", [Clustered(), DriscollKraay(1), WildCluster()], ids=lambda covariance: covariance.use
)
def test_it_is_refused_in_python_too(covariance):
    with pytest.raises(ValueError, match=f"classical or robust; found {covariance.use}"):
        Between(covariance)


@pytest.mark.parametrize("estimator", sorted({*ESTIMATORS} - TABULATED))
def test_an_estimator_without_a_table_takes_no_covariance(estimator):
    with pytest.raises(ValidationError, match="Unexpected"):
        build(estimator, "classical")
