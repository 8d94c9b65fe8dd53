"""The sections that come with the harness."""

from __future__ import annotations

from harness.registry.hooks import hookimpl
from harness.report.sections.accuracy.section import AccuracySection
from harness.report.sections.claims.section import ClaimsSection
from harness.report.sections.coefficients.section import CoefficientsSection
from harness.report.sections.contrasts.section import ContrastsSection
from harness.report.sections.curves.section import CurvesSection
from harness.report.sections.diagnostics.section import DiagnosticsSection
from harness.report.sections.effects.section import EffectsSection
from harness.report.sections.estimators.section import EstimatorsSection
from harness.report.sections.expectations.section import ExpectationsSection
from harness.report.sections.gains.section import GainsSection
from harness.report.sections.groups.section import GroupsSection
from harness.report.sections.importance.section import ImportanceSection
from harness.report.sections.metrics.section import MetricsSection
from harness.report.sections.moderators.section import ModeratorsSection
from harness.report.sections.multiverse.section import MultiverseSection
from harness.report.sections.origin.section import OriginSection
from harness.report.sections.reproduce.section import ReproduceSection
from harness.report.sections.robustness.section import RobustnessSection
from harness.report.sections.section import Section
from harness.report.sections.truth.section import TruthSection
from harness.report.sections.variables.section import VariablesSection
from harness.report.sections.verdict.section import VerdictSection


@hookimpl
def harness_sections() -> tuple[Section, ...]:
    """Return the sections that come with the harness; each knows its place, so others can stand between."""
    return (
        VerdictSection(),
        VariablesSection(),
        AccuracySection(),
        MetricsSection(),
        GainsSection(),
        OriginSection(),
        MultiverseSection(),
        CurvesSection(),
        ImportanceSection(),
        ContrastsSection(),
        EffectsSection(),
        RobustnessSection(),
        GroupsSection(),
        ModeratorsSection(),
        TruthSection(),
        ClaimsSection(),
        ExpectationsSection(),
        CoefficientsSection(),
        DiagnosticsSection(),
        EstimatorsSection(),
        ReproduceSection(),
    )
