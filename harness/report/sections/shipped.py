"""The sections that come with the harness."""

from __future__ import annotations

from harness.registry.hooks import hookimpl
from harness.report.sections import (
    accuracy,
    coefficients,
    contrasts,
    diagnostics,
    expectations,
    importance,
    origin,
    record,
    robustness,
    truth,
    variables,
    verdict,
)
from harness.report.sections.claims import section as claims
from harness.report.sections.curves import section as curves
from harness.report.sections.effects import section as effects
from harness.report.sections.groups import section as groups
from harness.report.sections.moderators import section as moderators
from harness.report.sections.multiverse import section as multiverse
from harness.report.sections.section import Section

MODULES = (
    *(accuracy, claims, coefficients, contrasts, curves, diagnostics, effects, expectations, groups),
    *(importance, moderators, multiverse, origin, record, robustness, truth, variables, verdict),
)


@hookimpl
def harness_sections() -> tuple[Section, ...]:
    """Return the sections that come with the harness; each knows its place, so others can stand between."""
    every = (value for module in MODULES for value in vars(module).values())
    return tuple(value for value in every if isinstance(value, Section))
