"""Libraries of the plugins that a study chooses from, against what these say they need."""

from __future__ import annotations

from harness.installed import installed
from harness.registry.catalog import build_choice
from harness.registry.registry import libraries_of


def chosen(name, **options):
    return build_choice(installed().catalogs, "estimator", name, options)


def test_what_a_study_needs_is_told_by_the_plugins_it_chooses_from_and_by_no_others():
    assert libraries_of([chosen("pooled_ols"), chosen("boosting")]) == ()
    assert set(libraries_of([chosen("pooled_ols"), chosen("mlp"), chosen("som_ann")])) == {"torch", "minisom"}


def test_an_estimator_within_another_counts():
    assert set(libraries_of([chosen("rab", base={"use": "mlp"})])) == {"torch", "minisom"}
