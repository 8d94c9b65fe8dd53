"""Methods that nobody offers by their names in the field: hints say what there is, and it is there."""

from __future__ import annotations

import re

import pytest

from harness.installed import installed
from harness.registry.catalog import meant_instead

CATALOGS = installed().catalogs
ADVICE = {
    text: names.split()
    for catalog in CATALOGS.values()
    for member in catalog.members.values()
    for names, text in getattr(member, "instead_of", {}).items()
}
KNOWN = {name for catalog in CATALOGS.values() for name in catalog.members}
OPTIONS = {"use", "method", "gmm", "scenarios", "forms", "contrast", "covariance", "driscoll_kraay", "scale"}
PLACES = {"column", "factor", "data"}


@pytest.mark.parametrize("text", ADVICE, ids=lambda text: ADVICE[text][0])
def test_advice_names_what_is_there_and_is_reached(text):
    written = {word for code in re.findall("`([^`]*)`", text) for word in re.findall("[a-z_]+", code.lower())}
    assert set() < written <= KNOWN | OPTIONS | PLACES
    assert {meant_instead(CATALOGS, "estimator", name) for name in ADVICE[text]} == {text}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("arellano_bond", "take `first_difference`"),
        ("RDD", "keep the rows near the cutoff"),
        ("event_study", "'did' is a scenario: list it there"),
        ("curve", "'curve' is a scenario: list it there"),
        ("pooled_olz", "did you mean 'pooled_ols'?"),
        ("something", ""),
    ],
)
def test_a_method_of_the_field_is_told_where_to_go(name, hint):
    assert meant_instead(CATALOGS, "estimator", name).startswith(hint)
    assert bool(meant_instead(CATALOGS, "estimator", name)) == bool(hint)
