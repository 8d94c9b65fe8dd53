"""All answers about moderators: surfaces, conditional effects, changes of sign, measures of interaction."""

from __future__ import annotations

from dataclasses import dataclass

from harness.findings.lines import ConditionalEffect, conditional_effects
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.sections.moderators.surfaces import Surface, surfaces
from harness.tables.conditional import (
    CONDITIONAL_EFFECTS,
    INTERACTIONS,
    THRESHOLDS,
    ConditionalEffectRow,
    InteractionRow,
    SurfaceKey,
    ThresholdRow,
)
from harness.text.numbers import estimate, percent

Question = tuple[str, str]
"""A scenario, with its moderator."""

NONE = "none"
"""Kind of a threshold's row that says: the effect does not change its sign."""

NO_CHANGE = marked("none established")
SIGNS = {"negative_to_positive": marked("from − to +"), "positive_to_negative": marked("from + to −")}


@dataclass(frozen=True, eq=False)
class Conditional:
    """All answers about moderators.

    Attributes
    ----------
    effects : the lines of `effect_rows`, which also tell why an estimator has none
    thresholds : those of scenarios; breaks that an estimator assumes are no changes of sign
    """

    surfaces: tuple[Surface, ...]
    effects: tuple[ConditionalEffect, ...]
    effect_rows: tuple[ConditionalEffectRow, ...]
    thresholds: tuple[ThresholdRow, ...]
    interactions: tuple[InteractionRow, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """Scenario and moderator of every question, in the order of the table."""
        return tuple(dict.fromkeys((row.scenario, row.moderator) for row in self.effect_rows))

    def surface(self, key: SurfaceKey) -> Surface | None:
        """Return one surface, None where there is none."""
        return next((surface for surface in self.surfaces if surface.key == key), None)

    def effect(self, key: SurfaceKey) -> ConditionalEffect | None:
        """Return one conditional effect, None where there is none."""
        return next((effect for effect in self.effects if effect.key == key), None)

    def thresholds_of(self, key: SurfaceKey) -> tuple[ThresholdRow, ...]:
        """Return where one conditional effect changes its sign; a row of kind ``none`` says nowhere."""
        return tuple(row for row in self.thresholds if row.is_done and row.key == key)

    def interactions_of(self, key: SurfaceKey) -> tuple[InteractionRow, ...]:
        """Return the measures of interaction of one surface."""
        return tuple(row for row in self.interactions if row.is_done and row.key == key)

    def reason(self, key: SurfaceKey) -> str:
        """Return why an estimator has no answer, or an empty string."""
        return next((row.reason for row in self.effect_rows if row.key == key and not row.is_done), "")


def conditional(run: Run) -> Conditional:
    """Return all answers about moderators of a run."""
    rows = run.rows(CONDITIONAL_EFFECTS)
    return Conditional(
        surfaces=surfaces(run),
        effects=run.view(conditional_effects),
        effect_rows=rows,
        thresholds=tuple(row for row in run.rows(THRESHOLDS) if row.scenario),
        interactions=run.rows(INTERACTIONS),
    )


def threshold_text(row: ThresholdRow) -> str:
    """Return a change of sign in words, with its interval and the share of draws that have it."""
    if row.kind == NONE:
        return gettext(NO_CHANGE)
    at, limits = estimate(row.at, row.conf_low, row.conf_high)
    return gettext("{at} {limits}, {signs}, in {share_of_draws} of draws").format(
        at=at,
        limits=limits,
        signs=gettext(SIGNS.get(row.kind, row.kind)),
        share_of_draws=percent(row.share_of_draws, 0),
    )
