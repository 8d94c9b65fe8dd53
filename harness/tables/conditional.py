"""What an effect is along a moderator: surfaces, conditional effects, changes of sign, interaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from harness.tables.table import NAN, AnswerRow, answers, listed


class SurfaceKey(NamedTuple):
    """Which surface, or conditional effect: scenario, moderator, outcome and estimator."""

    scenario: str
    moderator: str
    outcome: str
    estimator: str


@dataclass(frozen=True, kw_only=True)
class ModeratorRow(AnswerRow):
    """A row about a moderator."""

    moderator: str

    @property
    def key(self) -> SurfaceKey:
        """Which surface, or conditional effect, it is of."""
        return SurfaceKey(self.scenario, self.moderator, self.outcome, self.estimator)


@dataclass(frozen=True, kw_only=True)
class ConditionalEffectRow(ModeratorRow):
    """The effect at one moderator value, with the limits of one of its bands.

    `p_value` is of no effect there, allowing for all supported values, where the band does; NaN elsewhere.
    """

    moderator_at: float
    effect: float
    conf_low: float
    conf_high: float
    band: str
    supported: bool
    n_draws: int | None
    p_value: float = NAN

    level: ClassVar[float] = NAN
    unit: ClassVar[str] = ""

    @property
    def at(self) -> float:
        """The moderator value, as points of curves have their place."""
        return self.moderator_at

    @property
    def estimate(self) -> float:
        """The effect, as points of curves have their number."""
        return self.effect


@dataclass(frozen=True, kw_only=True)
class ThresholdRow(ModeratorRow):
    """A moderator value at which the effect changes its sign, or the finding that it does not.

    Without a scenario it is the break of a model that assumes one.
    """

    kind: str
    at: float
    conf_low: float
    conf_high: float
    share_of_draws: float = NAN
    n_draws: int | None = None


@dataclass(frozen=True, kw_only=True)
class InteractionRow(ModeratorRow):
    """A measure of how far exposure and moderator interact, unit-free."""

    measure: str
    estimate: float
    conf_low: float
    conf_high: float
    n_draws: int | None = None


SURFACES = listed(
    "surfaces",
    "outcome estimator moderator exposure_at moderator_at estimate conf_low conf_high effect supported "
    "effect_low effect_high n_obs n_entities n_draws scenario status reason",
    "outcome estimator scenario moderator exposure_at moderator_at",
    "outcome and effect over exposure and moderator",
)
CONDITIONAL_EFFECTS = answers(
    "conditional_effects",
    ConditionalEffectRow,
    ("moderator", "band", "moderator_at"),
    "effect of the exposure at each moderator value",
)
THRESHOLDS = answers(
    "thresholds",
    ThresholdRow,
    ("moderator", "kind"),
    "moderator values at which the effect changes sign, and breakpoints of threshold models",
    measures=("at",),
)
INTERACTIONS = answers(
    "interactions",
    InteractionRow,
    ("moderator", "measure"),
    "how far exposure and moderator interact",
    measures=("estimate",),
)
