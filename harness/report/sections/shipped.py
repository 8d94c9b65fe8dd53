"""The sections that come with the harness."""

from __future__ import annotations

from harness.registry.hooks import hookimpl
from harness.report.sections.accuracy import ACCURACY_SECTION, GAINS_SECTION, METRICS_SECTION
from harness.report.sections.claims.section import CLAIMS_SECTION
from harness.report.sections.coefficients import COEFFICIENTS_SECTION
from harness.report.sections.contrasts import CONTRASTS_SECTION
from harness.report.sections.curves.section import CURVES_SECTION
from harness.report.sections.diagnostics import DIAGNOSTICS_SECTION
from harness.report.sections.effects.section import EFFECTS_SECTION
from harness.report.sections.expectations import EXPECTATIONS_SECTION
from harness.report.sections.groups.section import GROUPS_SECTION
from harness.report.sections.importance import IMPORTANCE_SECTION
from harness.report.sections.moderators.section import MODERATORS_SECTION
from harness.report.sections.multiverse.section import MULTIVERSE_SECTION
from harness.report.sections.origin import ORIGIN_SECTION
from harness.report.sections.record import ESTIMATORS_SECTION, REPRODUCE_SECTION
from harness.report.sections.robustness import ROBUSTNESS_SECTION
from harness.report.sections.section import Section
from harness.report.sections.truth import TRUTH_SECTION
from harness.report.sections.variables import VARIABLES_SECTION
from harness.report.sections.verdict import VERDICT_SECTION


@hookimpl
def harness_sections() -> tuple[Section, ...]:
    """Return the sections that come with the harness; each knows its place, so others can stand between."""
    return (
        VERDICT_SECTION,
        VARIABLES_SECTION,
        ACCURACY_SECTION,
        METRICS_SECTION,
        GAINS_SECTION,
        ORIGIN_SECTION,
        MULTIVERSE_SECTION,
        CURVES_SECTION,
        IMPORTANCE_SECTION,
        CONTRASTS_SECTION,
        EFFECTS_SECTION,
        ROBUSTNESS_SECTION,
        GROUPS_SECTION,
        MODERATORS_SECTION,
        TRUTH_SECTION,
        CLAIMS_SECTION,
        EXPECTATIONS_SECTION,
        COEFFICIENTS_SECTION,
        DIAGNOSTICS_SECTION,
        ESTIMATORS_SECTION,
        REPRODUCE_SECTION,
    )
