"""Effects by group, their differences, levels by group, and contrasts of an exposure with few values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from harness.tables.decision import UNTESTED, Decision
from harness.tables.table import NAN, AnswerRow, answers, listed


@dataclass(frozen=True, kw_only=True)
class OfGroupRow(AnswerRow):
    """A row about a group of a column, or all rows."""

    by: str
    group: str


@dataclass(frozen=True, kw_only=True)
class GroupRow(OfGroupRow):
    """One group: median level of the curve over its rows and mean effect, each with its interval.

    `decision` is on the effect, by its interval.
    """

    mode: str
    median: float
    effect: float
    conf_low: float
    conf_high: float
    n_obs: int | None
    n_entities: int | None
    median_low: float
    median_high: float
    n_draws: int | None = None
    decision: Decision = UNTESTED


@dataclass(frozen=True, kw_only=True)
class DifferenceRow(OfGroupRow):
    """What one group's median or effect is more than another's; `p_value` is of this pair alone.

    `p_adjusted` is for all pairs and estimators of the question (Holm 1979), of effects by one model for all
    groups; these alone are decided on, by interval and adjusted p-value.
    """

    other: str
    mode: str
    measure: str
    difference: float
    conf_low: float
    conf_high: float
    p_value: float = NAN
    p_adjusted: float = NAN
    decision: Decision = UNTESTED


@dataclass(frozen=True, kw_only=True)
class LevelRow(OfGroupRow):
    """One quantile of the levels of a group's rows."""

    mode: str
    quantile: float
    level: float


@dataclass(frozen=True, kw_only=True)
class ContrastRow(OfGroupRow):
    """The difference of mean predictions between two values of the exposure, with one of its intervals.

    `decision` is by the simultaneous interval, in whose row it is.
    """

    moderator: str
    moderator_at: float
    exposure_from: str
    exposure_to: str
    estimate: float
    conf_low: float
    conf_high: float
    band: str
    n_obs_from: int | None
    n_obs_to: int | None
    n_draws: int | None
    decision: Decision = UNTESTED


HETEROGENEITY = answers(
    "heterogeneity", GroupRow, ("by", "group", "mode"), "effects by group", measures=("effect",)
)
HETEROGENEITY_DIFFERENCES = answers(
    "heterogeneity_differences",
    DifferenceRow,
    ("by", "group", "other", "mode", "measure"),
    "differences between groups with their intervals",
    measures=("difference",),
)
HETEROGENEITY_ROWS = answers(
    "heterogeneity_rows",
    LevelRow,
    ("by", "group", "mode", "quantile"),
    "quantiles of the predictions in every group",
)
CONTRASTS = answers(
    "contrasts",
    ContrastRow,
    ("by", "group", "moderator", "moderator_at", "exposure_from", "exposure_to", "band"),
    "contrasts between categories of the exposure, by group and at moderator values",
    measures=("estimate",),
)


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
    `decision` is by these limits.
    """

    moderator_at: float
    effect: float
    conf_low: float
    conf_high: float
    band: str
    supported: bool
    n_draws: int | None
    p_value: float = NAN
    decision: Decision = UNTESTED

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
    "effect_low effect_high n_obs n_entities n_draws scenario status reason reason_code",
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
