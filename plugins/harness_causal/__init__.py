"""Treatments that start in different periods, by diff-diff."""

from collections.abc import Iterable, Mapping

from harness.plugin import Scenario, hookimpl
from harness.plugin.findings import Rule
from harness.plugin.reporting import Section
from harness_causal.scenario import DifferenceInDifferences

__all__ = ["DifferenceInDifferences"]

harness_needs: Mapping[str, str] = {"diff_diff": "pip install panel-harness-causal"}


@hookimpl
def harness_scenarios() -> Iterable[type[Scenario]]:
    """Return the scenarios of this plugin."""
    return (DifferenceInDifferences,)


@hookimpl
def harness_sections() -> Iterable[Section]:
    """Return the section of the report on treatments that start."""
    from harness_causal.section import SECTION

    return (SECTION,)


@hookimpl
def harness_findings() -> Iterable[Rule]:
    """Return the rule on the tables of treatments that start."""
    from harness_causal.findings import DID_RULE

    return (DID_RULE,)
