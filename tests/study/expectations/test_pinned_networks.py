"""Numbers of networks that shipped specs pin: of every kind, and so close that a changed digit is found."""

from __future__ import annotations

import pytest

from harness.installed import installed
from harness.study.expectations.expectation import ExpectedNumber
from harness.study.spec.load import load_study
from test_run import ROOT

NETWORKS = ("mlp", "som_ann", "rab")
UNSTATED = 1e-6
"""Relative tolerance of a pinned number that is no network's."""


def pinned():
    """Yield the method and the expectation of every number that a spec pins from a run of networks."""
    for path in sorted((ROOT / "specs").glob("*.yaml")):
        study = load_study(path, catalogs=installed().catalogs).study
        methods = {entry.id: entry.estimator.name for entry in study.estimators}
        for expectation in study.expect:
            method = methods.get(str(expectation.where.get("estimator")))
            if method in NETWORKS:
                yield method, expectation


def test_networks_networks_after_a_map_and_rab_are_pinned():
    assert {method for method, _ in pinned()} == set(NETWORKS)


@pytest.mark.parametrize("method", NETWORKS)
def test_one_changed_digit_is_beyond_the_tolerance_of_what_is_within_it(method):
    for own, expectation in pinned():
        if own == method:
            assert isinstance(expectation, ExpectedNumber)
            assert expectation.from_ == "run"
            unit = 10.0**-expectation.n_decimals
            assert expectation.absolute is not None, expectation.path
            assert UNSTATED < expectation.absolute < 0.5 * unit, expectation.path
